"""Backups: whole or absent, checked, made beside writers, rotated."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lmem.backupfiles import file_name
from lmem.errors import Damaged, StorageFull
from lmem.stores.sqlite import backup
from lmem.stores.sqlite.backup import (
    check_copy,
    check_live,
    clear_partial,
    integrity,
    make_backup,
    refuse_full,
    rotate,
)
from lmem.stores.sqlite.connection import inspect
from lmem.stores.sqlite.database import Database
from tests.unit.stores.sqlite.rows import add_memory, add_owner


def _filled(database: Database, count: int = 30) -> None:
    def fill(connection: sqlite3.Connection) -> None:
        add_owner(connection)
        for number in range(count):
            add_memory(connection, number, f"text {number} データベース")

    asyncio.run(database.write(fill))


def test_a_backup_beside_writes_is_a_whole_database(database: Database, path: Path) -> None:
    target = path.parent / "backups" / file_name("manual")
    _filled(database)

    async def both() -> None:
        copying = asyncio.create_task(database.backup(target))
        for number in range(100, 140):
            await database.write(lambda connection, n=number: add_memory(connection, n, "beside"))  # type: ignore[misc]
        await copying

    asyncio.run(both())
    check_copy(target)
    assert inspect(target) == inspect(path)
    copy = sqlite3.connect(target)
    assert 30 <= copy.execute("SELECT count(*) FROM memories").fetchone()[0] <= 70
    copy.close()
    assert target.stat().st_mode & 0o777 == 0o600
    assert [found.name for found in target.parent.iterdir()] == [target.name]


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        ("INSERT INTO memories_fts (memories_fts, rowid, title) VALUES ('delete', 1, 'stray')", "malformed"),
        ("PRAGMA application_id=1", "not an lmem database"),
        ("DELETE FROM users", "missing row of users"),
    ],
)
def test_a_copy_that_is_not_sound_never_becomes_a_backup(
    database: Database, path: Path, monkeypatch: pytest.MonkeyPatch, damage: str, finding: str
) -> None:
    _filled(database)
    vacuum = backup._vacuum_into

    def damaged(source: Path, target: Path) -> None:
        vacuum(source, target)
        copy = sqlite3.connect(target)
        copy.execute(damage)
        copy.commit()
        copy.close()

    monkeypatch.setattr(backup, "_vacuum_into", damaged)
    target = path.parent / "backups" / file_name("manual")
    with pytest.raises(Damaged, match=finding):
        make_backup(path, target)
    assert list(target.parent.iterdir()) == []


def test_a_copy_with_a_broken_page_is_refused(database: Database, path: Path) -> None:
    _filled(database, 300)
    target = path.parent / "copy.db"
    make_backup(path, target)
    with target.open("r+b") as file:
        file.seek(target.stat().st_size // 2)
        file.write(b"\xff" * 8192)
    with pytest.raises(Damaged, match=r"copy\.db"):
        check_copy(target)


def test_the_newest_backups_of_each_kind_stay_and_other_files_too(tmp_path: Path) -> None:
    start = datetime(2026, 1, 31, 23, 59, tzinfo=UTC)
    automatic = [file_name(f"before-schema-{n}", start + timedelta(hours=n)) for n in range(5, 12)]
    restores = [file_name("before-restore", start + timedelta(hours=n)) for n in range(20, 26)]
    by_hand = [file_name("manual", start + timedelta(days=n)) for n in range(21)]
    others = [file_name("damaged", start), "mine.db"]
    for name in (*automatic, *restores, *by_hand, *others):
        (tmp_path / name).touch()
    removed = rotate(tmp_path, spare=tmp_path / restores[0])
    assert {path.name for path in removed} == {*automatic[:2], by_hand[0]}
    assert {path.name for path in tmp_path.iterdir()} == {*automatic[2:], *restores, *by_hand[1:], *others}


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    refuse_full(tmp_path, 1000)
    with pytest.raises(StorageFull, match="nothing was changed"):
        refuse_full(tmp_path, 2**60)


def test_what_a_killed_backup_left_is_removed_at_the_next_start(path: Path) -> None:
    backups = path.parent / "backups"
    backups.mkdir()
    whole, partial = backups / file_name("manual"), backups / f".{file_name('manual')}.partial"
    whole.touch()
    partial.touch()
    Database.open(path).close_now()
    assert whole.exists() and not partial.exists()
    clear_partial(path.parent / "no such folder")


def test_checks_that_run_together_do_not_spoil_each_other(
    database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _filled(database)
    both = threading.Barrier(2, timeout=10)

    def together(copy: Path) -> None:
        both.wait()
        check_copy(copy)
        both.wait()

    monkeypatch.setattr(backup, "check_copy", together)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(check_live, [path, path])) == [[], []]
    assert not list((path.parent / "backups").iterdir())


def test_who_asks_for_a_check_waits_for_the_one_that_runs(
    database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = threading.Barrier(2)

    def alone(checked: Path) -> list[str]:
        with pytest.raises(threading.BrokenBarrierError):
            both.wait(0.2)
        both.reset()
        return [str(checked)]

    async def check() -> list[list[str]]:
        return [*await asyncio.gather(database.check(), database.check())]

    monkeypatch.setattr("lmem.stores.sqlite.database.check_live", alone)
    assert asyncio.run(check()) == [[str(path)], [str(path)]]


def test_what_a_killed_check_left_is_removed_at_the_next_start(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[Path] = []

    def noted(copied: Path, target: Path) -> None:
        for name in (target.name, f".{target.name}.partial"):  # what make_backup makes
            left.append(target.with_name(name))
            left[-1].parent.mkdir(exist_ok=True)
            os.link(copied, left[-1])
        raise KeyboardInterrupt

    Database.open(path).close_now()
    with monkeypatch.context() as patched:
        patched.setattr(backup, "make_backup", noted)
        patched.setattr(Path, "unlink", lambda *args, **kwargs: None)  # a kill cleans nothing up
        with pytest.raises(KeyboardInterrupt):
            check_live(path)
    assert [one.exists() for one in left] == [True, True]
    Database.open(path).close_now()
    assert [one.exists() for one in left] == [False, False]


def test_a_file_with_identities_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "layered_memory.db"
    database = Database.open(path)
    try:
        asyncio.run(database.write(add_owner))
        sql = "INSERT INTO project_identities (project_id, kind, value) SELECT id, 'alias', name FROM projects"
        asyncio.run(database.write(lambda connection: connection.execute(sql)))
        assert check_live(path) == []
        make_backup(path, tmp_path / "backups" / file_name("try"))
    finally:
        database.close_now()


def test_a_key_behind_other_columns_is_no_damage(tmp_path: Path) -> None:
    """As in files from before the migration that put the key of project_identities first."""
    with closing(sqlite3.connect(tmp_path / "some.db")) as connection:
        connection.execute("CREATE TABLE t (a TEXT NOT NULL, b TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID")
        connection.execute("INSERT INTO t VALUES ('a', 'b')")
        assert integrity(connection, "integrity_check") == []


def test_a_null_that_is_there_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE t (a TEXT)")
        connection.execute("INSERT INTO t VALUES (NULL)")
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("UPDATE sqlite_master SET sql = 'CREATE TABLE t (a TEXT NOT NULL)'")
    with closing(sqlite3.connect(path)) as connection:
        assert integrity(connection, "integrity_check") == ["NULL value in t.a"]
