"""What a session remembers of the work, and which memories outlive it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.domain.layers import LAYERS, layers
from lmem.domain.memories import Memory, content_hash
from lmem.domain.sessions import (
    MOST_FILES,
    MOST_QUERIES,
    Query,
    Session,
    Work,
    files_of,
    goal_of,
    layers_at_end,
    matters,
    queries_of,
    remembering,
)

AT = "2026-11-22T12:00:00.000Z"
NOTE = Memory(
    key=1, id="0" * 32, user_id="u", project_id=None, session_id="s", title="a", content="a", summary=None,
    memory_type="note", category=None, tags=(), importance_score=0.5, decay_rate=0.1, access_count=0,
    last_accessed_at=AT, context={}, git_context={}, layers=layers(["session"]), source_tool="cli.add",
    external_id=None, is_private=False, is_archived=False, created_at=AT, updated_at=AT, valid_until=None, rev=1,
    content_hash=content_hash("a", "a"),
)  # fmt: skip
SESSION = Session("s", "u", None, "monday", None, None, None, "/src", {}, None, AT, AT, AT, None, True)


@pytest.mark.parametrize(
    ("changes", "open_task", "because"),
    [
        ({"importance_score": 0.6}, False, "importance 0.6"),
        ({"importance_score": 0.59}, False, None),
        ({"access_count": 3}, False, "read 3 times"),
        ({"access_count": 2}, False, None),
        ({"decay_rate": 0.0}, False, "pinned"),
        ({}, True, "an open task"),
        ({}, False, None),
    ],
)
def test_what_matters_says_why(changes: dict[str, object], open_task: bool, because: str | None) -> None:
    assert matters(replace(NOTE, **changes), open_task) == because  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "promoted", "in_project", "after"),
    [
        (["session"], True, True, ("project",)),
        (["session"], True, False, ("temporal",)),
        (["session"], False, True, ("temporal",)),
        (["session", "project"], False, True, ("temporal",)),
        (["session", "project"], True, True, ("project",)),
        (["session", "global"], False, True, ("global",)),
        (["session", "global"], True, True, ("project", "global")),
        (["session", "temporal"], False, False, ("temporal",)),
    ],
)
def test_layers_after_the_end(before: list[str], promoted: bool, in_project: bool, after: tuple[str, ...]) -> None:
    memory = replace(NOTE, layers=layers(before))
    assert layers_at_end(memory, promoted, in_project).names == after


@given(st.sets(st.sampled_from(LAYERS)), st.booleans(), st.booleans())
def test_an_end_leaves_a_layer_but_not_the_session_and_makes_nothing_global(
    before: set[str], promoted: bool, in_project: bool
) -> None:
    after = layers_at_end(replace(NOTE, layers=layers(before)), promoted, in_project)
    assert after.names and "session" not in after
    assert ("global" in after) == ("global" in before)


def test_the_newest_questions_and_files_are_kept_each_once() -> None:
    context = remembering({"goal": "x"}, Work((Query("old", "cli"), Query("again", "cli")), ("a.py", "b.py")))
    context = remembering(context, Work((Query("new", "mcp"), Query("old", "cli")), ("a.py",)))
    assert queries_of(context) == [Query("again", "cli"), Query("new", "mcp"), Query("old", "cli")]
    assert files_of(context) == ["b.py", "a.py"]
    assert goal_of(context) == "x"


def test_what_is_remembered_is_bounded() -> None:
    many = Work(tuple(Query(f"q{n}", "cli") for n in range(50)), tuple(f"{n}.py" for n in range(50)))
    context = remembering({}, many)
    assert [query.text for query in queries_of(context)] == [f"q{n}" for n in range(50 - MOST_QUERIES, 50)]
    assert len(files_of(context)) == MOST_FILES


def test_no_credential_is_remembered() -> None:
    key = "AKIA" + "IOSFODNN7QXZPLKT"
    assert key not in str(remembering({}, Work((Query(f"where is {key} used", "cli"),))))


@pytest.mark.parametrize(
    ("changes", "state"),
    [({}, "active"), ({"is_active": False}, "paused"), ({"is_active": False, "ended_at": AT}, "ended")],
)
def test_a_session_has_a_state(changes: dict[str, object], state: str) -> None:
    assert replace(SESSION, **changes).state == state  # type: ignore[arg-type]
