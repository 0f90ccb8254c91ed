"""forget, restore, undo, done and history."""

from __future__ import annotations

import pytest

from tests.unit.cli.fake_daemon import ID, OTHER, FakeDaemon, Params
from tests.unit.cli.terminal import Terminal

BRIEF = {"id": ID, "title": "We chose WAL"}


def forgotten(params: Params) -> Params:
    receipt = [
        {"place": "sqlite", "check": "no row", "state": "gone"},
        {"place": "vectors", "check": "", "state": "pending"},
    ]
    shown = receipt if params["purge"] and not params["dry_run"] else []
    return {"forgotten": [BRIEF], "change_set": 3, "receipt": shown, "dry_run": params["dry_run"]}


@pytest.fixture(autouse=True)
def answers(daemon: FakeDaemon) -> None:
    daemon.answers["memory/forget"] = forgotten
    daemon.answers["memory/restore"] = lambda params: {"restored": [BRIEF], "change_set": 4}
    daemon.answers["memory/undo"] = lambda params: {"change_set": 4, "kind": "forget", "reversed": [BRIEF]}
    daemon.answers["memory/done"] = lambda params: {
        "id": ID, "resolved_by": params.get("by", ID), "outcome": "failed" if params["failed"] else "done",
    }  # fmt: skip


def test_forget_archives_without_a_question(daemon: FakeDaemon, lmem: Terminal) -> None:
    done = lmem.run("forget", "3f2a", "--reason", "old")
    assert done.out == "Archived 3f2a9c1d  We chose WAL\n"
    assert done.err == "'lmem undo' or 'lmem restore ID' brings it back.\n"
    assert daemon.calls("memory/forget") == [{"ids": ["3f2a"], "purge": False, "dry_run": False, "reason": "old"}]


@pytest.mark.parametrize(("flags", "said"), [((), "Would archive"), (("--purge",), "Would purge")])
def test_a_dry_run_changes_nothing_and_asks_nothing(
    daemon: FakeDaemon, lmem: Terminal, flags: tuple[str, ...], said: str
) -> None:
    assert lmem.run("forget", "3f2a", "--dry-run", *flags).out == f"{said} 3f2a9c1d  We chose WAL\n"
    assert all(call["dry_run"] for call in daemon.calls("memory/forget"))


def test_purge_prints_a_receipt(lmem: Terminal) -> None:
    lines = lmem.run("forget", "3f2a", "--purge", "--yes").out.splitlines()
    assert lines == ["Purged 3f2a9c1d  We chose WAL", "  sqlite   gone     no row", "  vectors  pending"]


@pytest.mark.parametrize("flags", [(), ("--yes",)])
def test_what_is_left_of_an_earlier_purge_is_swept_without_a_question(
    daemon: FakeDaemon, lmem: Terminal, flags: tuple[str, ...]
) -> None:
    daemon.answers["memory/forget"] = lambda params: {**forgotten(params), "forgotten": [], "gone": [ID]}
    lines = lmem.run("forget", "3f2a", "--purge", *flags).out.splitlines()
    assert lines[0] == "3f2a9c1d was purged before; what was left of it is swept."
    assert lines[1].startswith("  sqlite   gone")
    assert daemon.calls("memory/forget")[-1]["ids"] == (["3f2a"] if flags else [ID])


def test_purge_for_programs(lmem: Terminal) -> None:
    assert lmem.run("forget", ID, "--purge", "--yes", "--json").json()["receipt"][0]["state"] == "gone"


def test_purge_without_a_terminal_needs_yes(daemon: FakeDaemon, lmem: Terminal) -> None:
    done = lmem.run("forget", "3f2a", "--purge", stdin=ID.encode())
    assert done.status == 2
    assert "--yes" in done.err
    assert all(call["dry_run"] for call in daemon.calls("memory/forget"))


@pytest.mark.parametrize("typed", [ID, ID[:8], ID[:12].upper()])
def test_purge_goes_on_when_the_id_is_typed_back(daemon: FakeDaemon, lmem: Terminal, typed: str) -> None:
    done = lmem.type("forget", "3f2a", "--purge", typed=f"{typed}\n")
    assert done.status == 0
    assert "Type its id" in done.out
    assert daemon.calls("memory/forget")[-1] == {"ids": [ID], "purge": True, "dry_run": False}


@pytest.mark.parametrize("typed", ["", "y", "yes", "3f2a", OTHER])
def test_purge_stops_at_any_other_answer(daemon: FakeDaemon, lmem: Terminal, typed: str) -> None:
    done = lmem.type("forget", "3f2a", "--purge", typed=f"{typed}\n")
    assert done.status == 1
    assert "nothing was purged" in done.out
    assert all(call["dry_run"] for call in daemon.calls("memory/forget"))


def test_restore(daemon: FakeDaemon, lmem: Terminal) -> None:
    assert lmem.run("restore", "3f2a").out == "Restored 3f2a9c1d  We chose WAL\n"
    assert daemon.calls("memory/restore") == [{"ids": ["3f2a"]}]


def test_what_is_so_already_is_said_to_be_so(daemon: FakeDaemon, lmem: Terminal) -> None:
    said = lmem.run("restore", "3F2A", "77b0c4de00", "77b0c4de00").out.splitlines()
    assert said == ["Restored 3f2a9c1d  We chose WAL", "77b0c4de is not archived; nothing was changed."]
    said = lmem.run("forget", "77b0", "3f2a").out.splitlines()
    assert said == ["Archived 3f2a9c1d  We chose WAL", "77b0 is archived already; nothing was changed."]
    daemon.answers["memory/restore"] = lambda params: {"restored": [], "change_set": None, "version": params["version"]}
    done = lmem.run("restore", "3f2a", "--version", "2")
    assert (done.status, done.out) == (0, "3f2a is as it was at version 2; nothing was changed.\n")
    daemon.answers["memory/forget"] = lambda params: {"forgotten": [], "change_set": None, "dry_run": True}
    done = lmem.run("forget", "3f2a", "--dry-run")
    assert (done.status, done.out) == (0, "3f2a is archived already; nothing was changed.\n")
    assert lmem.run("forget", "3f2a", "--json").json() == {"forgotten": [], "change_set": None, "dry_run": True}


@pytest.mark.parametrize(("argv", "sent"), [((), {}), (("4",), {"change_set": 4})])
def test_undo(daemon: FakeDaemon, lmem: Terminal, argv: tuple[str, ...], sent: Params) -> None:
    assert lmem.run("undo", *argv).out == "Undid forget 4:\n  3f2a9c1d  We chose WAL\n"
    assert daemon.calls("memory/undo") == [sent]


def test_undo_of_an_add_has_no_number_but_that_of_the_undo(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["memory/undo"] = lambda params: {
        "change_set": None, "kind": "add", "reversed": [BRIEF], "undone_by": 7
    }  # fmt: skip
    done = lmem.run("undo")
    assert done.out == "Undid add:\n  3f2a9c1d  We chose WAL\n"
    assert done.err == "'lmem undo 7' takes that back.\n"


def test_undo_of_many_names_ten_and_counts_the_others(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["memory/undo"] = lambda params: {
        "change_set": 4, "kind": "transaction", "reversed": [BRIEF] * 1500, "count": 20_000, "undone_by": 5
    }  # fmt: skip
    lines = lmem.run("undo").out.splitlines()
    assert lines[0] == "Undid transaction 4 of 20,000 memories:"
    assert len(lines) == 12 and lines[-1] == "  and 19,990 more; --json names more of them"
    assert len(lmem.run("undo", "--json").json()["reversed"]) == 1500


def test_undo_of_an_empty_sessions_end_names_the_session(daemon: FakeDaemon, lmem: Terminal) -> None:
    reopened = [{"id": ID, "name": "one", "state": "active"}]
    daemon.answers["memory/undo"] = lambda params: {
        "change_set": 4, "kind": "session-end", "reversed": [], "undone_by": 5, "reopened": reopened
    }  # fmt: skip
    done = lmem.run("undo")
    assert (done.out, done.err) == ("Undid session-end 4.\n", "The session one is current again.\n")


def test_changes_show_adds_without_a_number_and_how_to_take_them_back(daemon: FakeDaemon, lmem: Terminal) -> None:
    def change(number: int | None, kind: str, memories: list[Params], reason: str | None = None) -> Params:
        return {
            "change_set": number, "kind": kind, "reason": reason, "created_at": "2026-01-02T03:04:05.678Z",
            "undone_by": None, "count": len(memories), "memories": memories,
        }  # fmt: skip

    listed = [change(None, "add", [dict(BRIEF)]), change(3, "user", [], "email of the user was set")]
    daemon.answers["change/list"] = lambda params: {"changes": listed}
    done = lmem.run("changes")
    assert done.out.splitlines() == [
        "    -  add, 2026-01-02, 1 memory",
        "       3f2a9c1d  We chose WAL",
        "    3  user, 2026-01-02  email of the user was set",
    ]
    assert done.err == "A single add (-) has no number: 'lmem forget ID' takes it back.\n"


def test_undo_wants_a_number(lmem: Terminal) -> None:
    done = lmem.run("undo", "3f2a")
    assert done.status == 2
    assert "'3f2a' is not a change's number." in done.err


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((), "Closed 3f2a9c1d: done\n"),
        (("--failed",), "Closed 3f2a9c1d: failed\n"),
        (("--by", OTHER), "Closed 3f2a9c1d by 77b0c4de: done\n"),
    ],
)
def test_done(lmem: Terminal, argv: tuple[str, ...], said: str) -> None:
    assert lmem.run("done", "3f2a", *argv).out == said


def test_history_shows_the_newest_first_with_what_changed(daemon: FakeDaemon, lmem: Terminal) -> None:
    def version(number: int, kind: str, diff: Params, reason: str | None) -> Params:
        when = "2026-01-02T03:04:05.678Z"
        return {
            "version": number, "change_type": kind, "reason": reason, "recorded_at": when, "valid_from": when,
            "title": "", "content": "", "summary": None, "diff": diff, "change_set": number + 10, "created_by": "me",
        }  # fmt: skip

    changed = {"content": [1, 37], "title": ["old", "new"], "tags": [[], ["a", "b"]], "category": [None, "c"]}
    versions = [version(1, "created", {}, None), version(2, "updated", changed, "clearer")]
    daemon.answers["memory/history"] = lambda params: {"id": ID, "versions": versions}
    assert lmem.run("history", "3f2a").out.splitlines() == [
        "version 2  updated  2026-01-02T03:04:05.678Z (2026-01-02)  clearer",
        "  change 12, by me",
        "  - content: 1 character",
        "  + content: 37 characters",
        "  - title: old",
        "  + title: new",
        "  + tags: a b",
        "  + category: c",
        "version 1  created  2026-01-02T03:04:05.678Z (2026-01-02)",
        "  change 11, by me",
    ]
    assert len(lmem.run("history", "3f2a", "--json").json()["versions"]) == 2


@pytest.mark.parametrize("argv", [("restore", "3f2a"), ("undo",), ("done", "3f2a"), ("forget", "3f2a")])
def test_every_answer_can_be_json(lmem: Terminal, argv: tuple[str, ...]) -> None:
    assert isinstance(lmem.run(*argv, "--json").json(), dict)
