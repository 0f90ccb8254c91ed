"""The readers: one snapshot, no writes, no endless reads."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time

import pytest

from lmem.errors import (
    Forbidden,
    StoreUnavailable,
)
from lmem.stores.sqlite.database import Database
from tests.unit.stores.sqlite.rows import add_memory, add_owner

COUNT = "SELECT count(*) FROM memories"


def _count(connection: sqlite3.Connection) -> int:
    return int(connection.execute(COUNT).fetchone()[0])


def test_a_read_is_one_snapshot(database: Database) -> None:
    async def check() -> tuple[int, int]:
        await database.write(add_owner)
        between, added = threading.Event(), threading.Event()

        def twice(connection: sqlite3.Connection) -> tuple[int, int]:
            first = _count(connection)
            between.set()
            assert added.wait(4)
            return first, _count(connection)

        reading = asyncio.create_task(database.read(twice))
        await asyncio.to_thread(between.wait, 4)
        await database.write(lambda connection: add_memory(connection, 1, "text"))
        added.set()
        return await reading

    assert asyncio.run(check()) == (0, 0)
    assert asyncio.run(database.read(_count)) == 1


def test_a_read_cannot_write(database: Database) -> None:
    with pytest.raises(Forbidden):
        asyncio.run(database.read(add_owner))


def test_a_read_that_takes_too_long_is_stopped_and_the_reader_goes_on(database: Database) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"

    async def check() -> None:
        for _ in range(4):  # more than there are readers
            started = time.monotonic()
            with pytest.raises(StoreUnavailable, match="too long"):
                await database.read(lambda connection: connection.execute(endless).fetchall(), timeout_s=0.05)
            assert time.monotonic() - started < 2
        assert await database.read(_count) == 0

    asyncio.run(check())


def test_a_brief_read_runs_where_it_is_asked_for(database: Database) -> None:
    asyncio.run(database.write(add_owner))
    assert asyncio.run(database.read(lambda _: threading.get_ident(), brief=True)) == threading.get_ident()
    assert asyncio.run(database.read(_count, brief=True)) == 0


def test_a_brief_read_that_is_not_brief_goes_to_a_reader_of_its_own(database: Database) -> None:
    long = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 400000) SELECT max(i) FROM n"
    threads = []

    def work(connection: sqlite3.Connection) -> int:
        threads.append(threading.get_ident())
        return int(connection.execute(long).fetchone()[0])

    assert asyncio.run(database.read(work, brief=True)) == 400_000
    assert len(set(threads)) == 2
    assert asyncio.run(database.read(_count, brief=True)) == 0
