"""The sweep after a purge: no byte of a deleted text stays in a file."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lmem.stores.sqlite.connection import open_reader
from lmem.stores.sqlite.database import Database
from tests.unit.stores.sqlite.rows import add_memory, add_owner, check_full_text

COUNT = "SELECT count(*) FROM memories"


def _count(connection: sqlite3.Connection) -> int:
    return int(connection.execute(COUNT).fetchone()[0])


def _bytes_hold(folder: Path, word: str) -> bool:
    """Whether any database file holds `word`; in a child, because closing a live file here would drop its locks."""
    look = (
        "import sys, pathlib; files = pathlib.Path(sys.argv[1]).glob('*.db*');"
        "sys.exit(any(sys.argv[2].encode() in file.read_bytes() for file in files))"
    )
    return subprocess.run([sys.executable, "-c", look, str(folder), word], check=False).returncode == 1


@pytest.mark.parametrize("others", [0, 200])
def test_the_sweep_leaves_nothing_of_a_deleted_text(database: Database, path: Path, others: int) -> None:
    def add_all(connection: sqlite3.Connection) -> None:
        for number in range(1, others + 1):
            add_memory(connection, number, f"other text {number}")

    async def check() -> None:
        await database.write(add_owner)
        await database.write(add_all)
        await database.write(lambda connection: add_memory(connection, 0, "zanzibarcanary 数据库金丝雀"))
        await database.write(
            lambda c: c.execute(
                "INSERT INTO memories_pending SELECT title, content, NULL FROM memories WHERE is_unspaced"
            )
        )
        assert _bytes_hold(path.parent, "zanzibarcanary")
        await database.write(lambda connection: connection.execute("DELETE FROM memories_pending"))
        await database.write(lambda connection: connection.execute("DELETE FROM memories WHERE is_unspaced = 1"))
        await asyncio.gather(database.purge_residue(), database.purge_residue())
        assert path.with_name(path.name + "-wal").stat().st_size == 0
        for word in ("zanzibarcanar", "金丝雀"):  # the stem, as the index keeps it
            assert not _bytes_hold(path.parent, word), word
        await database.write(check_full_text)

    asyncio.run(check())


def test_the_sweep_waits_for_a_reader_while_writes_go_on(database: Database, path: Path) -> None:
    async def check() -> None:
        await database.write(add_owner)
        reader = open_reader(path)
        reader.execute("BEGIN")
        _count(reader)
        await database.write(lambda connection: add_memory(connection, 1, "text"))
        sweep = asyncio.create_task(database.purge_residue())
        started = time.monotonic()
        for number in range(2, 5):
            await database.write(lambda connection, n=number: add_memory(connection, n, "text"))  # type: ignore[misc]
        assert time.monotonic() - started < 3
        assert not sweep.done()
        assert not await database.checkpoint()
        reader.close()
        await asyncio.wait_for(sweep, 5)
        assert await database.checkpoint()

    asyncio.run(check())


def test_a_log_stays_where_its_move_would_not_fit(
    database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of a move takes the last space of a disk and gives none back."""
    log = path.with_name(path.name + "-wal")

    async def check() -> None:
        await database.write(add_owner)
        assert await database.checkpoint()
        before = path.stat().st_size
        for number in range(1, 12):  # fewer commits than the writer moves by itself
            await database.write(lambda connection, n=number: add_memory(connection, n, "text " * 2000))  # type: ignore[misc]
        grown = (await database.read(lambda c: c.execute("PRAGMA page_count").fetchone()[0])) * 16384 - before
        assert grown > 0
        for free, fits in ((grown, False), (grown + 1, True)):
            usage = shutil.disk_usage(path.parent)._replace(free=free)
            monkeypatch.setattr(shutil, "disk_usage", lambda _, found=usage: found)
            assert await database.checkpoint() is fits
            monkeypatch.undo()
            assert (log.stat().st_size == 0) is fits
        assert path.stat().st_size == before + grown

    asyncio.run(check())
