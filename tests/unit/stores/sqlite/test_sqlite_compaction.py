"""Compaction: a file that is mostly free shrinks at the daemon's end and when asked, and stays sound."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from lmem.stores.sqlite import compaction
from lmem.stores.sqlite.backup import check_live
from lmem.stores.sqlite.compaction import is_due
from lmem.stores.sqlite.database import Database
from tests.unit.stores.sqlite.rows import add_memory, add_owner, check_full_text

TEXT = "a paragraph about compaction and free pages " * 40


def _fill(connection: sqlite3.Connection) -> None:
    add_owner(connection)
    for number in range(300):
        add_memory(connection, number, f"{number} {TEXT}")


def _thin(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM memories WHERE memory_key > 20")


async def _half_free(database: Database) -> None:
    await database.write(_fill)
    await database.write(_thin)


def test_a_file_with_free_pages_shrinks_when_asked(database: Database) -> None:
    async def check() -> None:
        await database.write(_fill)
        assert not await database.read(is_due)
        assert await database.compact() == 0
        await database.write(_thin)
        assert await database.read(is_due)
        assert await database.compact() > 400_000
        assert not await database.read(is_due)
        await database.write(check_full_text)
        await database.write(lambda connection: add_memory(connection, 900, "written after it"))

    asyncio.run(check())


def test_one_that_has_grown_is_due_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "SMALL", 50)

    async def check() -> None:
        await database.write(_fill)
        assert await database.read(is_due)
        await database.compact()
        assert not await database.read(is_due)

        def add_more(connection: sqlite3.Connection) -> None:
            for number in range(300, 1000):
                add_memory(connection, number, f"{number} {TEXT}")

        await database.write(add_more)
        assert await database.read(is_due)

    asyncio.run(check())


def test_it_shrinks_at_the_end_of_the_daemon(tmp_path: Path) -> None:
    path = tmp_path / "layered_memory.db"
    database = Database.open(path)
    asyncio.run(_half_free(database))
    asyncio.run(database.checkpoint())
    before = path.stat().st_size
    database.close_now()
    assert before - path.stat().st_size > 700_000
    assert check_live(path) == []
