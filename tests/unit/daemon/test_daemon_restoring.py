"""A restore at the daemon's start: done and told, or refused and told; it never keeps a daemon from starting."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lmem import backupfiles
from lmem.daemon import restoring
from lmem.paths import Paths, paths
from lmem.stores.sqlite.backup import make_backup
from lmem.stores.sqlite.database import Database
from lmem.stores.sqlite.restore import restore

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)


@pytest.fixture
def place(tmp_path: Path) -> Paths:
    found = paths({"LMEM_HOME": str(tmp_path)})
    found.data.mkdir()
    found.state.mkdir()
    Database.open(found.database).close_now()
    return found


def mark(place: Paths) -> None:
    """Something that a backup made before does not have."""
    with closing(sqlite3.connect(place.database)) as connection, connection:
        connection.execute("INSERT INTO store_meta (key, value) VALUES ('mark', 'here')")


def is_marked(place: Paths) -> bool:
    with closing(sqlite3.connect(place.database)) as connection:
        return connection.execute("SELECT 1 FROM store_meta WHERE key = 'mark'").fetchone() is not None


def carry_out(place: Paths) -> None:
    asyncio.run(restoring.carry_out(place, NOW))


@pytest.fixture
def source(place: Paths, tmp_path: Path) -> Path:
    target = tmp_path / "some.db"
    make_backup(place.database, target)
    mark(place)
    return target


def test_without_a_note_nothing_happens(place: Paths, source: Path) -> None:
    carry_out(place)
    assert is_marked(place) and not place.restore_outcome.exists()


def test_what_was_asked_is_done_and_told(place: Paths, source: Path) -> None:
    number = backupfiles.ask(place, source, "unix:1:2", "cli/1")
    carry_out(place)
    assert not is_marked(place) and not place.restore_note.exists()
    told = backupfiles.outcome(place, number)
    assert told is not None and (told["state"], told["memories"], told["left_out"]) == ("done", 0, 0)
    assert backupfiles.resolve(place.backups, told["before"]).exists()


def test_what_was_done_before_a_kill_is_told_as_it_was(place: Paths, source: Path) -> None:
    number = backupfiles.ask(place, source, "unix:1:2", "cli/1")
    note = place.restore_note.read_bytes()
    carry_out(place)
    told = backupfiles.outcome(place, number)
    mark(place)
    place.restore_note.write_bytes(note)  # as if the daemon had been killed before it removed it
    carry_out(place)
    assert is_marked(place) and not place.restore_note.exists()
    assert backupfiles.outcome(place, number) == told


def test_a_refusal_is_told_with_its_code(place: Paths, source: Path) -> None:
    source.write_text("no database")
    number = backupfiles.ask(place, source, "unix:1:2", "cli/1")
    carry_out(place)
    told = backupfiles.outcome(place, number)
    assert told is not None and (told["state"], told["data"]["code"]) == ("refused", "foreign_file")
    assert is_marked(place) and not place.restore_note.exists()


@pytest.mark.parametrize("note", ["", "{", "[1]", "{}", '{"id": 1, "backup": "/x", "address": "a", "agent": "b"}'])
def test_a_note_that_is_none_keeps_the_truth(place: Paths, source: Path, note: str) -> None:
    place.restore_note.write_text(note)
    carry_out(place)
    assert is_marked(place) and not place.restore_note.exists()
    told = backupfiles.read(place.restore_outcome)
    assert told is not None and told["state"] == "refused"


def test_a_daemon_that_is_told_to_stop_ends_after_it(
    place: Paths, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, go_on, real = threading.Event(), threading.Event(), restore

    def slowly(*work: object) -> None:
        began.set()
        assert go_on.wait(5)
        real(*work)  # type: ignore[arg-type]

    async def scenario() -> None:
        task = asyncio.create_task(restoring.carry_out(place, NOW))
        await asyncio.to_thread(began.wait)
        task.cancel()
        await asyncio.sleep(0.02)
        assert not task.done()
        go_on.set()
        await asyncio.wait([task])
        assert task.cancelled()

    monkeypatch.setattr(restoring, "restore", slowly)
    backupfiles.ask(place, source, "unix:1:2", "cli/1")
    asyncio.run(scenario())
    assert not is_marked(place) and not place.restore_note.exists()
