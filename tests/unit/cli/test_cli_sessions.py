"""session start, end, switch, list, show, resume, focus and unfocus."""

from __future__ import annotations

import pytest

from tests.unit.cli.fake_daemon import ID, OTHER, FakeDaemon, Params
from tests.unit.cli.terminal import Terminal

AT = "2026-01-02T03:04:05.678Z"
BRIEF = {"id": ID, "title": "We chose WAL"}
MEMBER = {**BRIEF, "type": "decision", "layer": "project", "created_at": AT, "position": 1, "focused": True,
          "context_window_position": None}  # fmt: skip


def session(**changes: object) -> Params:
    """A session as the daemon sends it."""
    return {
        "id": OTHER, "name": "retry uploads", "description": None, "state": "active", "project": "api", "parent": None,
        "branch": "main", "commit": "c" * 40, "directory": "/src/api", "goal": "no lost upload", "files": ["a.py"],
        "queries": ["why WAL"], "created_at": AT, "last_active_at": AT, "ended_at": None, **changes,
    }  # fmt: skip


@pytest.fixture(autouse=True)
def answers(daemon: FakeDaemon) -> None:
    turned = session(paused={"id": ID, "name": "flaky"})
    parent = {"id": ID, "name": "release", "state": "paused"}
    shown: Params = {"parents": [parent], "children": [], "memories": [MEMBER]}
    moved = {**BRIEF, "layers": ["project"], "because": "importance 0.8"}
    daemon.answers["session/start"] = lambda params: turned
    daemon.answers["session/switch"] = lambda params: turned
    daemon.answers["session/list"] = lambda params: {
        "sessions": [{**session(), "memories": 3, "current": True}], "project": "api",
    }  # fmt: skip
    daemon.answers["session/show"] = lambda params: {**session(), **shown}
    daemon.answers["session/resume"] = lambda params: {**turned, **shown, "returned": [BRIEF], "change_set": 4}
    daemon.answers["session/end"] = lambda params: {
        **session(state="ended", ended_at=AT), "promoted": [moved], "faded": [BRIEF, BRIEF],
        "kept": [{**moved, "layers": ["global"], "because": "it is global"}],
        "change_set": None if params.get("dry_run") else 7, "next": {"id": ID, "name": "release"},
    }  # fmt: skip
    for verb in ("focus", "unfocus"):
        daemon.answers[f"session/{verb}"] = lambda params: {"id": OTHER, "name": "x", "changed": [BRIEF]}


def test_start_says_where_and_what_it_paused(daemon: FakeDaemon, lmem: Terminal) -> None:
    done = lmem.run("session", "start", "retry uploads", "--goal", "no lost upload", "-f", "a.py", "--parent", ".")
    assert done.out == "Started 77b0c4de  retry uploads  in api on main\n"
    assert done.err == "flaky is paused: 'lmem session switch 3f2a9c1d' goes back.\n"
    assert daemon.calls("session/start") == [
        {"name": "retry uploads", "goal": "no lost upload", "files": ["a.py"], "parent": "."}
    ]


def test_start_prints_the_id_for_scripts(lmem: Terminal) -> None:
    assert lmem.run("session", "start", "--json").json()["id"] == OTHER


def test_end_says_what_became_of_each(daemon: FakeDaemon, lmem: Terminal) -> None:
    done = lmem.run("session", "end", "--reason", "merged")
    assert done.out.splitlines() == [
        "Ended 77b0c4de  retry uploads",
        "  3f2a9c1d  We chose WAL  joins the project: importance 0.8",
        "  3f2a9c1d  We chose WAL  stays global: it is global",
        "  2 memories faded to the temporal layer",
    ]
    assert done.err.splitlines() == ["'lmem undo 7' takes that back.", "Back in release."]
    assert daemon.calls("session/end") == [{"reason": "merged"}]


def test_a_dry_run_says_what_would_be(daemon: FakeDaemon, lmem: Terminal) -> None:
    assert lmem.run("session", "end", "--dry-run", "retry uploads").out.startswith("Would end 77b0c4de")
    assert daemon.calls("session/end") == [{"id": "retry uploads", "dry_run": True}]


def test_switch(daemon: FakeDaemon, lmem: Terminal) -> None:
    assert lmem.run("session", "switch", "77b0").out == "Switched to 77b0c4de  retry uploads\n"
    assert daemon.calls("session/switch") == [{"id": "77b0"}]


def test_list_is_plain_in_a_pipe_and_a_table_on_a_terminal(lmem: Terminal) -> None:
    assert lmem.run("session", "list").out == "77b0c4de\tcurrent\t2026-01-02\t3\tmain\tretry uploads\n"
    assert "Memories" in lmem.type("session", "list").out


def test_list_takes_filters_and_says_when_there_is_none(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["session/list"] = lambda params: {"sessions": [], "project": "api"}
    done = lmem.run("session", "list", "--ended", "--branch", "main", "-a", "-n", "3")
    assert (done.out, done.err) == ("", "There is no session of api. Begin one with 'lmem session start'.\n")
    assert daemon.calls("session/list") == [{"ended": True, "branch": "main", "all_projects": True, "limit": 3}]
    assert "no open session" in lmem.run("session", "list").err


@pytest.mark.parametrize("verb", ["show", "resume"])
def test_a_session_is_shown_with_what_was_going_on(lmem: Terminal, verb: str) -> None:
    lines = lmem.run("session", verb).out.splitlines()
    assert lines[0] == "retry uploads"
    for line in ("goal        no lost upload", "git         main cccccccccc", "part of     release", "files       a.py",
                 "asked       why WAL", "* 3f2a9c1d  decision   We chose WAL"):  # fmt: skip
        assert line in lines


def test_resume_says_what_came_back(lmem: Terminal) -> None:
    assert "1 memory came back into it." in lmem.run("session", "resume", "77b0").err


@pytest.mark.parametrize(("verb", "said"), [("focus", "In focus:"), ("unfocus", "Out of focus:")])
def test_focus(daemon: FakeDaemon, lmem: Terminal, verb: str, said: str) -> None:
    assert lmem.run("session", verb, "3f2a", "77b0").out == f"{said} 3f2a9c1d  We chose WAL\n"
    assert daemon.calls(f"session/{verb}") == [{"ids": ["3f2a", "77b0"]}]
    daemon.answers[f"session/{verb}"] = lambda params: {"id": OTHER, "name": "x", "changed": []}
    assert lmem.run("session", verb, "3f2a").out == "It is so already; nothing was changed.\n"


@pytest.mark.parametrize(
    "argv", [("start",), ("end",), ("switch", "x"), ("list",), ("show",), ("resume",), ("focus", ID), ("unfocus", ID)]
)
def test_every_answer_can_be_json(lmem: Terminal, argv: tuple[str, ...]) -> None:
    assert isinstance(lmem.run("session", *argv, "--json").json(), dict)


def test_completion_knows_open_sessions(lmem: Terminal) -> None:
    assert lmem.run("_complete", "sessions", "77").out == "77b0c4de\tretry uploads\n"


def test_a_name_of_the_environment_that_was_passed_over_is_said(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["session/list"] = lambda params: {
        "sessions": [], "project": None, "passed_over": ["LMEM_SESSION", "LMEM_PROJECT"]
    }  # fmt: skip
    said = lmem.run("session", "list", env={"LMEM_SESSION": "gone", "LMEM_PROJECT": "no\x1bpe"}).err.splitlines()
    gone = "LMEM_SESSION names the session 'gone', which there is not. To go on without it: unset LMEM_SESSION"
    assert said[0] == gone
    assert said[1].startswith("LMEM_PROJECT names the project 'no\\x1bpe', which there is not.")
