"""The backups of an open database: made by hand, listed, checked, planned, and out of a purge's way."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lmem import backupfiles
from lmem.domain.backup import Contents
from lmem.errors import Conflict, Damaged, InvalidInput, NotFound, StorageFull
from lmem.paths import Paths, paths
from lmem.stores.sqlite import backup
from lmem.stores.sqlite.backup import check_copy
from lmem.stores.sqlite.backups import SqliteBackups
from lmem.stores.sqlite.database import Database
from tests.unit.stores.sqlite.rows import add_memory, add_owner
from tests.unit.stores.sqlite.test_sqlite_restore import purge, torn

AT = "2026-11-20T10:00:00.000Z"


@pytest.fixture
def place(tmp_path: Path) -> Paths:
    found = paths({"LMEM_HOME": str(tmp_path / "home")})
    found.data.mkdir(parents=True)
    return found


@pytest.fixture
def database(place: Paths) -> Iterator[Database]:
    opened = Database.open(place.database)

    def fill(connection: sqlite3.Connection) -> None:
        add_owner(connection)
        for number in range(3):
            add_memory(connection, number, f"text {number}")
        connection.execute("UPDATE memory_versions SET created_at = ?", (AT,))

    asyncio.run(opened.write(fill))
    yield opened
    opened.close_now()


@pytest.fixture
def backups(database: Database, place: Paths) -> SqliteBackups:
    return SqliteBackups(database, place)


def test_a_file_that_somebody_names_is_looked_at_on_a_thread(
    backups: SqliteBackups, place: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere, is_file, asked = place.data.parent / "mine.db", Path.is_file, set[bool]()

    def noted(path: Path) -> bool:
        if path == elsewhere:
            asked.add(threading.current_thread() is threading.main_thread())
        return is_file(path)

    async def run() -> None:
        await backups.create(str(elsewhere))
        monkeypatch.setattr(Path, "is_file", noted)
        assert await backups.check(str(elsewhere)) == ""
        await backups.plan(str(elsewhere))
        await backups.ask(str(elsewhere), "unix:1:1", "test")

    asyncio.run(run())
    assert asked == {False}


def test_a_backup_by_hand_is_listed(backups: SqliteBackups, place: Paths) -> None:
    made, gone = asyncio.run(backups.create(None))
    assert Path(made.path).parent == place.backups and not gone
    assert (made.reason, made.holds and made.holds.memories) == ("manual", 3)
    assert made.bytes == Path(made.path).stat().st_size
    assert Path(made.path).stat().st_mode & 0o777 == 0o600
    check_copy(Path(made.path))
    (place.backups / "rubbish.db").write_bytes(b"no database")
    found = {item.name: item for item in asyncio.run(backups.listed())}
    assert found[made.name] == made
    assert found["rubbish.db"].holds is None and found["rubbish.db"].problem


def test_the_oldest_by_hand_goes_and_is_named(
    backups: SqliteBackups, place: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(backup.KEEP, backupfiles.MANUAL, 2)
    made = [asyncio.run(backups.create(None)) for _ in range(3)]
    assert [list(gone) for _, gone in made] == [[], [], [made[0][0].name]]


def test_a_backup_elsewhere_is_the_users(backups: SqliteBackups, tmp_path: Path) -> None:
    target = tmp_path / "mine.db"
    made, _ = asyncio.run(backups.create(str(target)))
    assert made.path == str(target) and target.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Conflict, match="already"):
        asyncio.run(backups.create(str(target)))
    assert asyncio.run(backups.listed()) == []


@pytest.mark.parametrize("name", ["layered_memory.db-journal", "new.db"])
def test_nothing_is_written_beside_the_database(backups: SqliteBackups, place: Paths, name: str) -> None:
    with pytest.raises(InvalidInput, match="beside the database"):
        asyncio.run(backups.create(str(place.data / name)))
    assert not (place.data / name).exists()


def test_without_a_directory_or_room_there_is_no_backup(
    backups: SqliteBackups, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotFound):
        asyncio.run(backups.create(str(tmp_path / "no" / "such.db")))
    with pytest.raises(InvalidInput):
        asyncio.run(backups.create(str(tmp_path / "a\0b")))
    monkeypatch.setattr(backup, "RESERVE", 2**60)
    with pytest.raises(StorageFull):
        asyncio.run(backups.create(str(tmp_path / "mine.db")))
    assert not list(tmp_path.glob("*.db"))


def test_a_damaged_one_is_told_and_nothing_is_left(backups: SqliteBackups, place: Paths) -> None:
    made, _ = asyncio.run(backups.create(None))
    assert asyncio.run(backups.check(made.name)) == ""
    torn(Path(made.path))
    problem = asyncio.run(backups.check(made.name[:18]))
    assert Path(made.path).name in problem and ".checked" not in problem
    with pytest.raises(Damaged):
        asyncio.run(backups.plan(made.name))
    assert [path.name for path in place.backups.iterdir()] == [Path(made.path).name]


def test_the_plan_of_a_restore(backups: SqliteBackups, database: Database, tmp_path: Path) -> None:
    made, _ = asyncio.run(backups.create(str(tmp_path / "mine.db")))
    asyncio.run(database.write(lambda tx: add_memory(tx, 7, "text 7")))
    later = "UPDATE memory_versions SET created_at = '2026-11-21T10:00:00.000Z' WHERE version_key = 4"
    asyncio.run(database.write(lambda tx: tx.execute(later)))
    asyncio.run(database.write(purge(1)))
    plan = asyncio.run(backups.plan(made.path))
    schema = plan.now.schema if plan.now else 0
    assert plan.backup.holds == Contents(schema, 3, AT)
    assert plan.now == Contents(schema, 3, "2026-11-21T10:00:00.000Z")
    assert (plan.left_out, plan.purges_known_since) == (1, None)


def test_purges_that_the_audit_log_let_go_of_are_not_known(
    backups: SqliteBackups, database: Database, tmp_path: Path
) -> None:
    elsewhere, _ = asyncio.run(backups.create(str(tmp_path / "mine.db")))
    here, _ = asyncio.run(backups.create(None))
    asyncio.run(database.write(purge(1)))
    anchor = "INSERT INTO audit_anchors (seq, hash, reason) SELECT seq, hash, 'old' FROM audit_log"
    asyncio.run(database.write(lambda tx: tx.execute(anchor)))
    assert asyncio.run(backups.plan(elsewhere.path)).purges_known_since == "2026-11-26T04:00:00.000Z"
    assert asyncio.run(backups.plan(here.name)).purges_known_since is None  # a purge reaches those in the directory


def test_the_database_is_no_backup(backups: SqliteBackups, place: Paths) -> None:
    for work in (backups.plan, backups.check):
        with pytest.raises(Conflict):
            asyncio.run(work(str(place.database)))


def test_a_database_that_was_taken_away_can_be_restored(backups: SqliteBackups, place: Paths) -> None:
    made, _ = asyncio.run(backups.create(None))
    place.database.rename(place.data / "away")
    plan = asyncio.run(backups.plan(made.name))
    assert plan.now is None and plan.backup.holds is not None and plan.backup.holds.memories == 3
    assert asyncio.run(backups.ask(made.name, "unix:1:2", "cli/1"))


def test_a_note_names_the_file(backups: SqliteBackups, place: Paths) -> None:
    made, _ = asyncio.run(backups.create(None))
    number = asyncio.run(backups.ask(made.name, "unix:1:2", "cli/1"))
    note = backupfiles.read(place.restore_note)
    assert note is not None and (note["id"], note["backup"]) == (number, made.path)


def test_a_purge_waits_for_a_backup_even_when_its_caller_has_gone(
    backups: SqliteBackups, database: Database, place: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()
    real = asyncio.to_thread

    async def slowly(*work: object) -> object:
        began.set()
        await go_on.wait()
        return await real(*work)  # type: ignore[arg-type]

    async def scenario() -> list[str]:
        monkeypatch.setattr("lmem.stores.sqlite.database.asyncio.to_thread", slowly)
        making = asyncio.create_task(database.backup(place.backups / backupfiles.file_name("manual")))
        await began.wait()
        making.cancel()
        await asyncio.wait([making])
        monkeypatch.setattr("lmem.stores.sqlite.database.asyncio.to_thread", real)
        order: list[str] = []

        async def purging() -> None:
            async with database.copying:
                order.append(f"{len(backupfiles.listed(place.backups))} backup")

        waiting = asyncio.create_task(purging())
        await asyncio.sleep(0)
        assert not order
        go_on.set()
        await waiting
        return order

    assert asyncio.run(scenario()) == ["1 backup"]
