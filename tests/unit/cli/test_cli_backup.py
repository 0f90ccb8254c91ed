"""backup in the terminal: what is asked, how the answers are shown, and what is done without a daemon."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lmem.backupfiles import file_name
from tests.unit.cli.fake_daemon import FakeDaemon, Params
from tests.unit.cli.terminal import Terminal

NAME = "20261122T101500.123Z-manual"
BACKUP: Params = {
    "name": NAME, "path": f"/data/backups/layered_memory-{NAME}.db", "made_at": "2026-11-22T10:15:00.123Z",
    "reason": "manual", "bytes": 2_100_000, "schema": 12, "memories": 1200, "changed_at": None, "problem": None,
}  # fmt: skip
BROKEN: Params = {
    **BACKUP, "name": "old.db", "reason": None, "schema": None, "memories": None, "problem": "It is torn.",
}  # fmt: skip


def plan(params: Params) -> Params:
    holds = {**BACKUP, "changed_at": "2026-11-22T10:00:00.000Z"}
    now = {"schema": 12, "memories": 1300, "changed_at": "2026-11-23T10:00:00.000Z"}
    known = "2026-01-01T00:00:00.000Z"
    return {
        "backup": holds, "now": now, "left_out": 2, "purges_known_since": known, "dry_run": params["dry_run"],
        "id": None,
    }  # fmt: skip


@pytest.fixture(autouse=True)
def zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")


@pytest.fixture
def asked(daemon: FakeDaemon) -> FakeDaemon:
    daemon.answers["backup/create"] = lambda params: {**BACKUP, "removed": ["20250101T000000.000Z-manual"]}
    daemon.answers["backup/list"] = lambda params: {"backups": [BACKUP, BROKEN]}
    states = [{"name": NAME, "sound": True, "problem": None}, {"name": "old.db", "sound": False, "problem": "Torn."}]
    daemon.answers["backup/verify"] = lambda params: {"backups": states[: 1 if params.get("backups") else 2]}
    daemon.answers["backup/restore"] = plan
    return daemon


def test_create_says_where_and_how_much(asked: FakeDaemon, lmem: Terminal) -> None:
    done = lmem.run("backup", "create")
    assert done.out == f"{BACKUP['path']}: 1,200 memories, 2.1 MB, checked\n"
    assert done.err == "Removed the oldest: 20250101T000000.000Z-manual\n"
    assert lmem.run("backup", "create", "-o", "x/y.db", "--json").json()["name"] == NAME
    assert asked.calls("backup/create") == [{}, {"output": str(lmem.folder / "x/y.db")}]


def test_list_is_a_table_or_lines(asked: FakeDaemon, lmem: Terminal) -> None:
    first, second = lmem.run("backup", "list").out.splitlines()
    assert first.split("\t")[::2] == [NAME, "manual", "1,200"]
    assert second.split("\t")[2:] == ["-", "-", "cannot be read", "2.1 MB"]
    rows = [json.loads(line) for line in lmem.run("backup", "list", "--json").out.splitlines()]
    assert rows == [BACKUP, BROKEN]
    asked.answers["backup/list"] = lambda params: {"backups": []}
    assert "lmem backup create" in lmem.run("backup", "list").err


def test_verify_fails_when_one_is_damaged(asked: FakeDaemon, lmem: Terminal) -> None:
    done = lmem.run("backup", "verify")
    assert (done.status, done.out.splitlines()) == (1, [f"{NAME}: sound", "old.db: Torn."])
    assert lmem.run("backup", "verify", NAME, "./x.db").status == 0
    assert asked.calls("backup/verify") == [{}, {"backups": [NAME, str(lmem.folder / "x.db")]}]
    assert lmem.run("backup", "verify", "--json").status == 1


def test_a_dry_run_says_what_would_change(asked: FakeDaemon, lmem: Terminal) -> None:
    done = lmem.run("backup", "restore", NAME, "--dry-run")
    assert done.out.splitlines() == [
        f"Backup {NAME}, made 2026-11-22 10:15:00, manual",
        "  holds   1,200 memories (schema 12), the newest change 2026-11-22 10:00:00",
        "  now     1,300 memories (schema 12), the newest change 2026-11-23 10:00:00",
        "  2 memories of it purged since will not come back",
        "  What was purged before 2026-01-01 is not known any more, and may come back.",
    ]
    assert lmem.run("backup", "restore", NAME, "--dry-run", "--json").json()["left_out"] == 2
    assert asked.calls("backup/restore") == [{"backup": NAME, "dry_run": True}] * 2


def test_without_a_yes_nothing_is_restored(asked: FakeDaemon, lmem: Terminal) -> None:
    done = lmem.run("backup", "restore", NAME)
    assert done.status == 2 and "--yes" in done.err
    typed = lmem.type("backup", "restore", NAME, typed="n\n")
    assert typed.status == 1 and "1,300 memories" in typed.out and "Nothing was restored" in typed.out
    assert asked.calls("backup/restore") == [{"backup": NAME, "dry_run": True}] * 2


def test_names_are_offered_to_the_shell_without_a_daemon(lmem: Terminal) -> None:
    backups = lmem.home / "data" / "backups"
    backups.mkdir(parents=True)
    (backups / file_name("manual")).touch()
    word, _, about = lmem.run("_complete", "backups", "2").out.strip().partition("\t")
    assert word.endswith("-manual") and about == "manual"


def test_when_no_daemon_can_start_the_files_are_listed(lmem: Terminal, tmp_path: Path) -> None:
    data = lmem.home / "data"
    (data / "backups").mkdir(parents=True, mode=0o700)
    (data / "layered_memory.db").write_text("no database " * 1000)
    (data / "backups" / file_name("manual")).touch()
    done = lmem.run("backup", "list", "--json")
    (row,) = [json.loads(line) for line in done.out.splitlines()]
    assert (row["reason"], row["memories"]) == ("manual", None)
    planned = lmem.run("backup", "restore", row["name"], "--dry-run")
    assert "cannot be opened" in planned.out and "now     not known" in planned.out
    assert lmem.run("backup", "restore", "nothing", "--dry-run").status == 4
