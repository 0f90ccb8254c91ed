"""New memories from parameters: what is derived, what is refused, and with which words."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.daemon.handlers.drafts import EXPORT_KEYS, LINE_KEYS, bulk, draft
from lmem.daemon.params import Params
from lmem.domain.memories import Draft
from lmem.errors import InvalidInput, LmemError
from tests.unit.properties import PROPERTY

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
FIELDS = [
    "content", "title", "summary", "type", "category", "tags", "importance", "decay_rate", "layer", "project",
    "session", "context", "author", "created_at", "source_tool", "source_id", "private", "id",
]  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3),
    max_leaves=5,
)


def made(**given: object) -> Draft:
    return draft(Params(given), NOW, 1000, "cli.add")


def test_a_text_alone_is_enough() -> None:
    assert made(content=" # We chose X \nbecause Y") == Draft(content="# We chose X \nbecause Y", title="We chose X")


def test_everything_that_can_be_given() -> None:
    found = made(
        content="text", title="A  title", summary="short", type="Decision", category="Storage", tags=["A", "b"],
        importance=0.9, decay_rate=0, layer=["global"], project="api", session="s1", context={"file": "a.py"},
        author="Ann", created_at="2026-01-02T03:04:05Z", source_tool="git.post-commit", source_id="c0ffee",
        private=True, id="0" * 32,
    )  # fmt: skip
    assert found == Draft(
        content="text", title="A title", summary="short", memory_type="decision", category="storage", tags=("a", "b"),
        importance=0.9, decay_rate=0.0, layers=("global",), project="api", session="s1",
        context={"file": "a.py", "author": "Ann"}, created_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        source_tool="git.post-commit", external_id="c0ffee", is_private=True, id="0" * 32,
        given=frozenset({"title", "summary", "memory_type", "category", "tags", "importance_score", "decay_rate"}),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["title", "summary", "project", "session", "author", "source_id"])
def test_an_empty_optional_text_is_none_given(name: str) -> None:
    assert made(content="text", **{name: ""}) == made(content="text")


def test_importance_zero_is_not_the_default() -> None:
    assert made(content="text", importance=0).importance == 0.0


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"content": None}, "'content' is missing"),
        ({"content": " \n"}, "The text is empty"),
        ({"content": "x" * 1001}, "1,001 bytes; one memory may have 1,000"),
        ({"content": "a\0b"}, "NUL byte"),
        ({"content": "\ud800"}, "not valid UTF-8"),
        ({"content": 5}, "'content' must be a text, not int"),
        ({"title": "x" * 2000}, "The title has 2,000 bytes"),
        ({"summary": "a\0"}, "The summary has a NUL byte"),
        ({"type": "a b c!"}, "cannot be a type"),
        ({"category": "-x"}, "cannot be a category"),
        ({"tags": ["ok", "not,ok"]}, "'not,ok' cannot be a tag"),
        ({"importance": 1.5}, "importance must lie between 0 and 1, not 1.5"),
        ({"importance": True}, "importance must lie between"),
        ({"decay_rate": -1}, "decay rate must lie between"),
        ({"layer": "team"}, "no layer 'team'"),
        ({"project": "x" * 501}, "The project has 501 bytes"),
        ({"session": 3}, "'session' must be a text"),
        ({"context": {"a": "\ud800"}}, "context is not plain JSON"),
        ({"context": []}, "'context' must be an object"),
        ({"author": "a\0"}, "The author has a NUL byte"),
        ({"created_at": "someday"}, "'someday' is not a date"),
        ({"source_tool": "a\nb"}, "cannot be a source tool"),
        ({"source_id": " "}, "The source_id is empty"),
        ({"private": "yes"}, "'private' must be true or false"),
        ({"id": "0" * 31}, "32 hex digits"),
        ({"id": "G" * 32}, "32 hex digits"),
    ],
)
def test_what_is_refused(given: dict[str, object], says: str) -> None:
    with pytest.raises(InvalidInput, match=says) as caught:
        made(**{"content": "text", **given})
    assert caught.value.hint


def refusal(**item: object) -> LmemError | None:
    """What is said of a line of a bulk add; None when it is taken."""
    (line,) = asyncio.run(bulk(Params({"items": [item]}), NOW, 1000, "cli"))
    return line.draft if isinstance(line.draft, LmemError) else None


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        (["tag"], "an unknown key: 'tag'."),
        (["a", "b"], "unknown keys: 'a', 'b'."),
        (list("abcdef"), "unknown keys: 'a', 'b', 'c', 'd', 'e', ..."),
        (["layers"], "an unknown key: 'layers'."),
        (["\ud800" + "x" * 50], "\\ud800xxx"),
        (["ghp_" + "a1B2c3D4e5" * 4], "[redacted:"),
    ],
)
def test_a_line_with_an_unknown_key_is_refused_with_the_known_ones(keys: list[str], says: str) -> None:
    said = refusal(content="text", **dict.fromkeys(keys))
    assert said is not None and says in said.message and said.message.endswith(".")
    assert said.hint.startswith("Keys are: content, title, ") and "created_at" in said.hint


def test_every_key_of_a_draft_may_stand_in_a_line() -> None:
    assert set(FIELDS) | {"allow_secret", "line"} == set(LINE_KEYS)
    assert refusal(content="text", **dict.fromkeys(LINE_KEYS[1:])) is None


def test_what_an_export_holds_besides_is_taken_of_a_whole_record_alone() -> None:
    assert refusal(content="text", **dict.fromkeys(EXPORT_KEYS)) is None
    assert not set(EXPORT_KEYS) & set(LINE_KEYS)
    for key in set(EXPORT_KEYS) - {"rev"}:
        assert refusal(content="text", **{key: None}) is not None


@given(values=st.dictionaries(st.sampled_from(FIELDS), JSON), content=st.text(st.characters(), min_size=1))
@PROPERTY
def test_any_json_is_a_draft_or_invalid_input(values: dict[str, object], content: str) -> None:
    try:
        found = made(**{"content": content, **values})
    except InvalidInput as err:
        assert err.message and err.hint
        return
    assert found.content and found.title and 0 <= found.importance <= 1
