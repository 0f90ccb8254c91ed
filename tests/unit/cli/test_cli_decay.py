"""decay, pin, unpin and jobs in the terminal: what is asked, and how the answers are shown."""

from __future__ import annotations

import pytest

from tests.unit.cli.fake_daemon import ID, FakeDaemon, Params
from tests.unit.cli.terminal import Terminal

BRIEF = {"id": ID, "title": "We chose WAL"}
RUN = {
    "job": "decay", "cause": "user", "state": "done", "changed": 3, "change_set": 7, "message": "moved 3 memories",
    "started_at": "2026-01-02T03:30:00.000Z", "ended_at": "2026-01-02T03:30:01.000Z",
}  # fmt: skip


def decayed(params: Params, **changes: object) -> Params:
    faded = {**BRIEF, "importance": 0.5, "effective_importance": 0.025, "last_accessed_at": "2025-01-02T03:04:05.678Z"}
    applied = bool(params["apply"])
    return {
        "applied": applied, "change_set": 7 if applied else None, "moved": 1200, "days": 30, "active": 5000,
        "cap": 3926, "enabled": True, "memories": [] if applied else [faded], **changes,
    }  # fmt: skip


@pytest.fixture(autouse=True)
def answers(daemon: FakeDaemon) -> None:
    daemon.answers["decay/run"] = decayed
    daemon.answers["memory/pin"] = lambda params: {"pinned": [BRIEF], "change_set": 4}
    daemon.answers["memory/unpin"] = lambda params: {"unpinned": [], "change_set": None}
    job = {"name": "decay", "about": "Moves.", "schedule": "daily at 03:30", "next_at": None, "running": False}
    busy = {**job, "running": True, "last": RUN}
    daemon.answers["jobs/list"] = lambda params: {"jobs": [{**job, "last": None}, busy]}
    daemon.answers["jobs/run"] = lambda params: {**RUN, "dry_run": params["dry_run"]}
    daemon.answers["jobs/history"] = lambda params: {"runs": [] if params.get("name") == "audit" else [RUN]}


@pytest.mark.parametrize("flags", [(), ("--dry-run",), ("-n",)])
def test_decay_shows_what_would_move(daemon: FakeDaemon, lmem: Terminal, flags: tuple[str, ...]) -> None:
    done = lmem.run("decay", *flags)
    assert done.out.splitlines() == [
        "1,200 memories of 5,000 would move to the temporal layer.",
        "  3f2a9c1d  We chose WAL  0.025 of 0.50, last used 2025-01-02",
        "  and 1,199 more",
    ]
    assert "lmem decay --apply" in done.err
    assert daemon.calls("decay/run") == [{"apply": False}]


def test_decay_applies_and_says_how_to_go_back(daemon: FakeDaemon, lmem: Terminal) -> None:
    done = lmem.run("decay", "--apply")
    assert done.out == "Moved 1,200 memories of 5,000 to the temporal layer.\n"
    assert done.err == "'lmem undo 7' takes that back.\n"
    assert daemon.calls("decay/run") == [{"apply": True}]


def test_decay_for_programs(lmem: Terminal) -> None:
    answer = lmem.run("decay", "--apply", "--json").json()
    assert (answer["change_set"], answer["moved"]) == (7, 1200)
    assert lmem.run("decay", "--dry-run", "--json").json()["change_set"] is None


def test_decay_with_nothing_to_do_is_short(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["decay/run"] = lambda params: decayed(params, moved=0, change_set=None, memories=[])
    for flags in ((), ("--apply",)):
        done = lmem.run("decay", *flags)
        assert "0 memories of 5,000" in done.out
        assert done.err == ""


def test_decay_that_is_switched_off_says_how_to_switch_it_on(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["decay/run"] = lambda params: decayed(params, enabled=False)
    done = lmem.run("decay", "--apply")
    assert done.out == ""
    assert "memory_decay_enabled" in done.err


def test_decay_either_shows_or_applies(daemon: FakeDaemon, lmem: Terminal) -> None:
    assert lmem.run("decay", "--apply", "--dry-run").status == 2
    assert daemon.calls("decay/run") == []


def test_pin_and_unpin(daemon: FakeDaemon, lmem: Terminal) -> None:
    assert lmem.run("pin", "3f2a", "77b0").out == "Pinned 3f2a9c1d  We chose WAL\n"
    assert daemon.calls("memory/pin") == [{"ids": ["3f2a", "77b0"]}]
    assert lmem.run("unpin", "3f2a").out == "It is so already; nothing was changed.\n"
    assert lmem.run("pin", "3f2a", "--json").json()["change_set"] == 4


def test_jobs_list(lmem: Terminal) -> None:
    first, second = lmem.run("jobs", "list").out.splitlines()
    assert first.split("\t") == ["decay", "daily at 03:30", "-", "-", "Moves."]
    assert second.split("\t")[3] == "running"
    assert len(lmem.run("jobs", "list", "--json").json()["jobs"]) == 2


@pytest.mark.parametrize("flags", [(), ("--dry-run",)])
def test_jobs_run(daemon: FakeDaemon, lmem: Terminal, flags: tuple[str, ...]) -> None:
    assert lmem.run("jobs", "run", "decay", *flags).out == "decay: moved 3 memories\n"
    assert daemon.calls("jobs/run") == [{"name": "decay", "dry_run": bool(flags)}]
    assert lmem.run("jobs", "run", "decay", *flags, "--json").json()["changed"] == 3


def test_jobs_history(daemon: FakeDaemon, lmem: Terminal) -> None:
    line = lmem.run("jobs", "history", "decay", "--limit", "5").out.rstrip("\n").split("\t")
    assert line[1:] == ["decay", "user", "done", "moved 3 memories"]
    assert daemon.calls("jobs/history") == [{"name": "decay", "limit": 5}]
    none = lmem.run("jobs", "history", "audit")
    assert (none.out, none.status) == ("", 0)
    assert "No run is recorded yet" in none.err
    assert lmem.run("jobs", "history", "--json").json() == {"runs": [RUN]}
