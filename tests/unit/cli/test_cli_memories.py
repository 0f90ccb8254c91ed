"""add, show and edit, with pipes and on a terminal."""

from __future__ import annotations

import pytest

from lmem.errors import Conflict
from tests.unit.cli.fake_daemon import ID, OTHER, FakeDaemon, Params, add, memory
from tests.unit.cli.terminal import Terminal


def test_add_sends_what_was_given_and_nothing_else(daemon: FakeDaemon, lmem: Terminal) -> None:
    argv = ["x", "--title", "T", "--type", "task", "--tag", "a", "--tag", "b", "-i", "0", "--layer", "project"]
    argv += [
        "--project",
        "api",
        "--category",
        "c",
        "--private",
        "--decay-rate",
        "0",
        "--source-id",
        "7",
        "--at",
        "f.py:3",
    ]
    assert lmem.run("add", *argv).status == 0
    (sent,) = daemon.calls("memory/add")
    assert len(str(sent.pop("id"))) == 32
    assert sent == {
        "content": "x", "title": "T", "type": "task", "tags": ["a", "b"], "importance": 0.0, "layer": ["project"],
        "project": "api", "category": "c", "private": True, "decay_rate": 0.0, "source_id": "7",
        "context": {"file": f"{lmem.folder}/f.py", "line": 3}, "source_tool": "cli.add", "check_duplicates": True,
    }  # fmt: skip


def test_add_answers_with_the_id(daemon: FakeDaemon, lmem: Terminal) -> None:
    found = lmem.run("add", "we chose WAL", "--json").json()
    assert found["id"] == daemon.calls("memory/add")[0]["id"]


def test_add_says_where_it_went_and_what_is_alike(daemon: FakeDaemon, lmem: Terminal) -> None:
    near = {"id": OTHER, "title": "WAL\x1b is ours", "similarity": 0.934}
    daemon.answers["memory/add"] = lambda params: {
        **add(params), "id": ID, "layer": "project", "layers": ["project"], "project": "api", "near_duplicate": near,
    }  # fmt: skip
    done = lmem.run("add", "we chose WAL")
    assert done.out == "Remembered 3f2a9c1d  we chose WAL  (project api)\n"
    assert done.err.splitlines()[0] == "Much like 77b0c4de (93 %): WAL\\x1b is ours"


def test_add_and_edit_say_what_was_replaced_or_kept(daemon: FakeDaemon, lmem: Terminal) -> None:
    found = {"kind": "github-token", "field": "content", "line": 2, "column": 9}
    daemon.answers["memory/add"] = lambda params: {**add(params), "redacted": [found]}
    done = lmem.run("add", "x")
    assert done.err == "Replaced a secret (github-token) in content, line 2, column 9; --allow-secret keeps it.\n"
    assert "allow_secret" not in daemon.calls("memory/add")[0]
    daemon.answers["memory/edit"] = lambda params: {
        "id": ID, "rev": 2, "changed": ["content"], "redacted": [], "kept_secrets": [found],
    }  # fmt: skip
    done = lmem.run("edit", ID, "--content", "y", "--allow-secret")
    assert done.err == "Kept a secret (github-token) in content, as you allowed.\n"
    (sent,) = daemon.calls("memory/edit")
    assert (sent["allow_secret"], sent["changes"]) == (True, {"content": "y"})


def test_add_says_what_was_known(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["memory/add"] = lambda params: {**add(params), "id": ID, "created": False}
    assert lmem.run("add", "x", "--source-id", "7").out == "Known already: 3f2a9c1d  x  (global)\n"
    daemon.answers["memory/add"] = lambda params: {**add(params), "id": ID, "created": False, "changed": ["tags"]}
    done = lmem.run("add", "x", "--source-id", "7", "--tag", "t")
    assert done.out == "Known already, brought up to date (tags): 3f2a9c1d  x  (global)\n"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((), "There is nothing to remember."),
        (("x", "--file", "y"), "TEXT and --file do not go together."),
        (("x", "--jsonl", "y"), "TEXT and --jsonl do not go together."),
        (("--edit", "--jsonl", "y"), "--jsonl do not go together."),
    ],
)
def test_add_wants_one_text(lmem: Terminal, argv: tuple[str, ...], said: str) -> None:
    done = lmem.run("add", *argv)
    assert done.status == 2
    assert said in done.err


def test_show_prints_a_memory_in_full(daemon: FakeDaemon, lmem: Terminal) -> None:
    links = [{"type": "RESOLVES", "direction": "in", "id": OTHER, "title": "Fixed"}]
    git = {"branch": "main", "commit": "0123456789abcdef", "dirty": True}
    daemon.answers["memory/get"] = lambda params: memory(
        links=links,
        git=git,
        context={"file": "/src/db.py", "line": 7},
        private=True,
        rev=3,
        updated_at="2026-02-01T00:00:00Z",
    )
    assert lmem.run("show", "3f2a").out.splitlines() == [
        "We chose WAL",
        f"id          {ID}",
        "type        decision private",
        "tags        sqlite",
        "layers      project",
        "project     api",
        "importance  0.8, decay 0.01 a week",
        "at          /src/db.py:7",
        "git         main 0123456789 (changed)",
        "created     2026-01-02T03:04:05.678Z (2026-01-02)",
        "updated     2026-02-01T00:00:00Z (revision 3)",
        "source      cli.add",
        "",
        "We chose WAL",
        "because readers never wait.",
        "",
        "<- RESOLVES     77b0c4de  Fixed",
    ]


def test_show_is_exact_in_a_pipe_and_harmless_on_a_terminal(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["memory/get"] = lambda params: memory(content="a \x1b]0;owned\x07 b")
    assert "a \x1b]0;owned\x07 b" in lmem.run("show", "3f2a").out
    seen = lmem.type("show", "3f2a").out
    assert "a \\x1b]0;owned\\x07 b" in seen
    assert "\x1b]0" not in seen


def test_show_prints_json_lines(daemon: FakeDaemon, lmem: Terminal) -> None:
    assert lmem.run("show", "3f2a", "77b0", "--json").out.count('"content"') == 2
    assert [call["id"] for call in daemon.calls("memory/get")] == ["3f2a", "77b0"]


def edited(params: Params) -> Params:
    changes = params["changes"]
    assert isinstance(changes, dict)
    return {"id": ID, "rev": 2, "changed": list(changes), "change_set": 5}


def test_edit_sends_only_the_fields_that_were_named(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["memory/edit"] = edited
    done = lmem.run("edit", "3f2a", "--title", "T", "--tag", "a", "--add-tag", "b", "--no-private", "--reason", "r")
    assert done.out == "Changed 3f2a9c1d: title, tags, add_tags, private  (revision 2)\n"
    changes = {"title": "T", "tags": ["a"], "add_tags": ["b"], "private": False}
    assert daemon.calls("memory/edit") == [{"id": "3f2a", "changes": changes, "reason": "r"}]


def test_edit_reads_the_text_from_a_pipe(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["memory/edit"] = edited
    assert lmem.run("edit", "3f2a", "--content", "-", stdin=b"new text").status == 0
    assert daemon.calls("memory/edit")[0]["changes"] == {"content": "new text"}


def test_edit_opens_an_editor_when_no_field_is_named(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["memory/edit"] = edited
    (lmem.folder / "ed").write_text("#!/bin/sh\necho 'and writers too.' >> \"$1\"\n")
    (lmem.folder / "ed").chmod(0o755)
    assert lmem.type("edit", "3f2a", env={"VISUAL": str(lmem.folder / "ed")}).status == 0
    text = "We chose WAL\nbecause readers never wait.\nand writers too."
    assert daemon.calls("memory/edit") == [{"id": "3f2a", "changes": {"content": text}, "rev": 1}]


def test_edit_changes_nothing_when_the_editor_did_not(daemon: FakeDaemon, lmem: Terminal) -> None:
    done = lmem.type("edit", "3f2a", env={"VISUAL": "true"})
    assert (done.status, done.out) == (0, "Nothing was changed.\n")
    assert not daemon.calls("memory/edit")


def test_colours_on_a_terminal_only(daemon: FakeDaemon, lmem: Terminal) -> None:
    assert "\x1b[1mWe chose WAL\x1b[0m" in lmem.type("show", "3f2a").out
    assert "\x1b" not in lmem.type("show", "3f2a", env={"NO_COLOR": "1"}).out
    assert "\x1b" not in lmem.type("show", "3f2a", env={"TERM": "dumb"}).out
    assert "\x1b" not in lmem.run("show", "3f2a").out
    assert "\x1b[1m" in lmem.run("show", "3f2a", env={"FORCE_COLOR": "1"}).out


def test_a_project_that_was_made_for_it_is_told(daemon: FakeDaemon, lmem: Terminal) -> None:
    made = {"project": "api", "layer": "project", "project_created": True, "project_because": "the repository at /src"}
    daemon.answers["memory/add"] = lambda params: {"id": "a" * 32, "title": "a decision", "created": True, **made}
    assert lmem.run("add", "a decision").err == "New project api, for the repository at /src.\n"


@pytest.mark.parametrize("command", [("edit", "3f2a"), ("add", "--edit")])
def test_a_text_from_the_editor_is_kept_when_it_is_refused(
    daemon: FakeDaemon, lmem: Terminal, command: tuple[str, ...]
) -> None:
    def refuse(params: Params) -> Params:
        raise Conflict("It was changed meanwhile.", hint="Look at it.")

    daemon.answers["memory/edit"] = daemon.answers["memory/add"] = refuse
    script = lmem.folder / "editor"
    script.write_text('#!/bin/sh\necho "an hour of work" > "$1"\n')
    script.chmod(0o755)
    done = lmem.type(*command, env={"EDITOR": str(script), "TMPDIR": str(lmem.folder), "NO_COLOR": "1"})
    (kept,) = lmem.folder.glob("lmem-*.md")
    assert (done.status, kept.read_text()) == (5, "an hour of work")
    assert done.out.endswith(f"Look at it. What you wrote is in {kept}\n")
