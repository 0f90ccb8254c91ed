"""lmem context in pipes and on a terminal."""

from __future__ import annotations

from tests.unit.cli.fake_daemon import ID, FakeDaemon, Params
from tests.unit.cli.terminal import Terminal

ITEM = {
    "id": ID,
    "date": "2026-01-02T03:04:05.678Z",
    "source": "cli.add",
    "type": "task",
    "part": "tasks",
    "position": 1,
}
TEXT = "# lmem: project api\n## Open tasks\n[3f2a9c1d] 2026-01-02 task, cli.add\n> write it\n"


def answer(**changes: object) -> Params:
    return {
        "text": TEXT, "tokens": 40, "budget": 2000, "counted_by": "m", "project": "api", "session": None,
        "project_because": "the repository at /src/api", "items": [ITEM], "left_out": 0, **changes,
    }  # fmt: skip


def test_the_text_is_printed_as_it_is(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["context/get"] = lambda params: answer()
    done = lmem.run("context", "--budget", "800", "--project", "api")
    assert (done.status, done.out, done.err) == (0, TEXT, "")
    assert daemon.calls("context/get") == [{"budget": 800, "project": "api", "shared": True}]


def test_json_is_the_whole_answer(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["context/get"] = lambda params: answer()
    assert lmem.run("context", "--json").json() == answer()


def test_only_a_terminal_asks_for_private_memories(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["context/get"] = lambda params: answer()
    lmem.type("context")
    lmem.type("context", "--json")
    lmem.run("context")
    assert daemon.calls("context/get") == [{}, {"shared": True}, {"shared": True}]


def test_an_empty_brief_says_what_to_do(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["context/get"] = lambda params: answer(items=[])
    assert "lmem add" in lmem.run("context").err
    daemon.answers["context/get"] = lambda params: answer(items=[], text="", left_out=7, budget=5)
    done = lmem.run("context")
    assert (done.status, done.out) == (0, "")
    assert done.err == "Nothing fits into 5 tokens. Give a larger --budget.\n"


def test_stored_text_is_harmless_on_a_terminal(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["context/get"] = lambda params: answer(text="> a\x1b[2Jb\n")
    assert "\x1b[2J" not in lmem.type("context").out
