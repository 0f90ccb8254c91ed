"""The writer: shared commits, one request for itself, errors of the disk."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lmem.errors import (
    Conflict,
    InvalidInput,
    LmemError,
    StoreUnavailable,
)
from lmem.stores.sqlite import writer
from lmem.stores.sqlite.batch import Answer, Request, TransactionLost, run_batch
from lmem.stores.sqlite.connection import PAGE_SIZE, open_writer
from lmem.stores.sqlite.database import Database
from tests.unit.stores.sqlite.rows import USER, add_memory, add_owner

COUNT = "SELECT count(*) FROM memories"


def _count(connection: sqlite3.Connection) -> int:
    return int(connection.execute(COUNT).fetchone()[0])


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of requests in each transaction that was committed."""
    sizes: list[int] = []

    def counted(connection: sqlite3.Connection, requests: Iterator[Request]) -> list[Answer]:
        answers = run_batch(connection, requests)
        sizes.append(len(answers))
        return answers

    monkeypatch.setattr("lmem.stores.sqlite.writer.run_batch", counted)
    return sizes


def test_concurrent_writes_share_commits_and_keep_their_order(database: Database, commits: list[int]) -> None:
    async def check() -> list[str]:
        await database.write(add_owner)
        gate = threading.Event()
        slow = asyncio.create_task(database.write(lambda connection: gate.wait(5)))
        await asyncio.sleep(0.05)
        adds = [
            asyncio.create_task(database.write(lambda connection, n=n: add_memory(connection, n, f"text {n}")))  # type: ignore[misc]
            for n in range(100)
        ]
        await asyncio.sleep(0)
        gate.set()
        await slow
        return list(await asyncio.gather(*adds))

    ids = asyncio.run(check())
    assert sum(commits) == 102
    assert len(commits) <= 12  # shared; how many depends on how long each may take
    rows = asyncio.run(database.read(lambda c: c.execute("SELECT id FROM memories ORDER BY memory_key").fetchall()))
    assert [row[0] for row in rows] == ids


def half(connection: sqlite3.Connection) -> None:
    """Stores a row, then fails."""
    add_memory(connection, 500, "must not stay")
    raise InvalidInput("the caller's own error")


def test_one_failing_request_spoils_no_other(database: Database, commits: list[int]) -> None:
    async def check() -> list[object]:
        await database.write(add_owner)
        commits.clear()
        gate = threading.Event()
        jobs: list[asyncio.Task[object]] = [asyncio.create_task(database.write(lambda connection: gate.wait(5)))]
        jobs += [asyncio.create_task(database.write(work)) for work in (
            lambda connection: add_memory(connection, 1, "one"),
            half,
            lambda connection: add_memory(connection, 1, "the same id again"),
            lambda connection: connection.execute("no such statement"),
            lambda connection: add_memory(connection, 2, "two"),
        )]  # fmt: skip
        await asyncio.sleep(0.05)
        gate.set()
        return list(await asyncio.gather(*jobs, return_exceptions=True))[1:]

    one, failed, clash, nonsense, two = asyncio.run(check())
    assert isinstance(one, str) and isinstance(two, str)
    assert isinstance(failed, InvalidInput)
    assert isinstance(clash, Conflict)
    assert isinstance(nonsense, LmemError) and nonsense.code == "internal"
    stored = asyncio.run(database.read(lambda c: c.execute("SELECT content FROM memories ORDER BY 1").fetchall()))
    assert stored == [("one",), ("two",)]
    assert sum(commits) == 6


def test_a_failing_first_request_spoils_no_other(database: Database, commits: list[int]) -> None:
    async def check() -> list[object]:
        await database.write(add_owner)
        commits.clear()
        works = (half, half, lambda connection: add_memory(connection, 1, "one"))
        with_all_queued = asyncio.gather(*(database.write(work) for work in works), return_exceptions=True)
        return list(await with_all_queued)

    first, second, one = asyncio.run(check())
    assert isinstance(first, InvalidInput) and isinstance(second, InvalidInput) and isinstance(one, str)
    stored = asyncio.run(database.read(lambda c: c.execute("SELECT content FROM memories").fetchall()))
    assert stored == [("one",)]


def test_a_large_request_comes_first_in_its_transaction(database: Database, commits: list[int]) -> None:
    async def check() -> list[object]:
        await database.write(add_owner)
        commits.clear()
        gate = threading.Event()
        slow = asyncio.create_task(database.write(lambda connection: gate.wait(5)))
        await asyncio.sleep(0.05)
        adds = [
            asyncio.create_task(database.write(lambda connection, n=n: add_memory(connection, n, f"{n}"), large=n == 1))  # type: ignore[misc]
            for n in range(3)
        ]
        await asyncio.sleep(0)
        gate.set()
        await slow
        return list(await asyncio.gather(*adds))

    assert len(set(asyncio.run(check()))) == 3
    assert sum(commits) == 4 and commits[0] <= 2, "what comes before it is committed before it"
    select = "SELECT content FROM memories ORDER BY memory_key"
    rows = asyncio.run(database.read(lambda c: c.execute(select).fetchall()))
    assert [row[0] for row in rows] == ["0", "1", "2"]


def test_a_request_cancelled_while_it_waits_is_not_run(database: Database) -> None:
    async def check() -> int:
        await database.write(add_owner)
        gate = threading.Event()
        slow = asyncio.create_task(database.write(lambda connection: gate.wait(5)))
        await asyncio.sleep(0.05)
        unwanted = asyncio.create_task(database.write(lambda connection: add_memory(connection, 1, "unwanted")))
        await asyncio.sleep(0)
        unwanted.cancel()
        await asyncio.sleep(0)
        gate.set()
        await slow
        return await database.write(_count)  # queued behind the unwanted one

    assert asyncio.run(check()) == 0


def test_after_a_failed_fsync_the_connection_is_opened_again_and_checked(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = [1]
    opened: list[Path] = []

    def failing_once(connection: sqlite3.Connection, requests: Iterator[Request]) -> list[Answer]:
        if failures:
            failures.pop()
            next(requests)
            err = sqlite3.OperationalError("disk I/O error")
            err.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
            raise TransactionLost(err)
        return run_batch(connection, requests)

    def counted(path: Path) -> sqlite3.Connection:
        opened.append(path)
        return open_writer(path)

    monkeypatch.setattr("lmem.stores.sqlite.writer.run_batch", failing_once)
    monkeypatch.setattr("lmem.stores.sqlite.writer.open_writer", counted)

    async def check() -> None:
        with pytest.raises(StoreUnavailable, match="not confirmed"):
            await database.write(add_owner)
        await database.write(add_owner)
        assert await database.read(lambda c: c.execute("SELECT id FROM users").fetchall()) == [(USER,)]

    asyncio.run(check())
    assert len(opened) == 1


def test_the_log_stays_small_while_many_rows_come_in(database: Database, path: Path) -> None:
    async def check() -> None:
        await database.write(add_owner)
        for number in range(400):
            await database.write(lambda connection, n=number: add_memory(connection, n, f"text {n} " * 20))  # type: ignore[misc]

    asyncio.run(check())
    assert path.with_name(path.name + "-wal").stat().st_size < 3 * writer.LOG_PAGES * PAGE_SIZE
    assert path.stat().st_size > 400_000  # it went into the database
