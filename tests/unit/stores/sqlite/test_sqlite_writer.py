"""The writer: shared commits, one request for itself, errors of the disk."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from lmem.errors import (
    Conflict,
    DaemonStopping,
    Damaged,
    Internal,
    InvalidInput,
    LmemError,
    StoreUnavailable,
)
from lmem.stores.sqlite import writer
from lmem.stores.sqlite.batch import Answer, Request, TransactionLost, run_batch
from lmem.stores.sqlite.connection import PAGE_SIZE, open_writer
from lmem.stores.sqlite.database import Database
from tests.unit.stores.sqlite.rows import USER, add_memory, add_owner

T = TypeVar("T")
COUNT = "SELECT count(*) FROM memories"


def _count(connection: sqlite3.Connection) -> int:
    return int(connection.execute(COUNT).fetchone()[0])


async def soon(answer: Awaitable[T]) -> T:
    """An answer that must not be waited for in vain."""
    return await asyncio.wait_for(answer, 5)


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


def test_an_error_of_the_system_is_answered_and_the_next_write_tries_again(
    database: Database, path: Path, tmp_path: Path
) -> None:
    """The data directory is a file for a moment, then the system does not tell what it is."""
    data, aside = path.parent, tmp_path.with_name(f"{tmp_path.name}-aside")

    async def check() -> None:
        await database.write(add_owner)
        data.rename(aside)
        try:
            data.touch()
            with pytest.raises(Damaged, match="moved, removed or replaced"):
                await soon(database.write(_count))
            data.unlink()
            data.symlink_to(data)  # stat says ELOOP, to root too, whom no permission stops
            with pytest.raises(StoreUnavailable, match="cannot be looked at"):
                await soon(database.write(_count))
            with pytest.raises(StoreUnavailable, match="cannot be looked at"):
                await soon(database.checkpoint())
        finally:
            data.unlink()
            aside.rename(data)
        assert await soon(database.write(_count)) == 0
        assert database.trouble is None

    asyncio.run(check())


@pytest.mark.parametrize("place", ["run_batch", "deliver"])
def test_a_bug_of_the_writer_is_answered_and_recorded_and_the_thread_goes_on(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, place: str
) -> None:
    real, calls = getattr(writer, place), []

    def failing_second(*args: Any) -> object:
        calls.append(args)
        if len(calls) != 2:
            return real(*args)
        if place == "run_batch":
            list(args[1])  # both requests are taken then
        raise ZeroDivisionError

    async def check() -> list[object]:
        gate = threading.Event()
        slow = asyncio.create_task(database.write(lambda connection: gate.wait(5)))
        both = [asyncio.create_task(database.write(_count, large=number == 0)) for number in range(2)]
        monkeypatch.setattr(writer, place, failing_second)
        await asyncio.sleep(0)
        gate.set()
        await slow
        answers: list[object] = [*await soon(asyncio.gather(*both, return_exceptions=True))]
        assert await soon(database.write(_count)) == 0
        return answers

    answers = asyncio.run(check())
    assert "the writer failed, and goes on" in caplog.text and "ZeroDivisionError" in caplog.text
    assert all(isinstance(answer, Internal) and "ZeroDivisionError" in answer.message for answer in answers)
    assert database.trouble is None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_when_the_thread_has_ended_everybody_is_told_at_once(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def fatal(connection: sqlite3.Connection) -> None:
        raise SystemExit  # no Exception: nothing outlives it

    async def check() -> None:
        gate = threading.Event()
        slow = asyncio.create_task(database.write(lambda connection: gate.wait(5)))
        waiting = [asyncio.create_task(database.write(work)) for work in (fatal, _count)]
        waiting += [asyncio.create_task(database.checkpoint()), asyncio.create_task(database.write(_count))]
        await asyncio.sleep(0)
        gate.set()
        for answer in await soon(asyncio.gather(slow, *waiting, return_exceptions=True)):
            assert isinstance(answer, Internal) and "has ended" in answer.message
        with pytest.raises(Internal, match="has ended"):
            await soon(database.write(_count))

    asyncio.run(check())
    assert "has ended" in caplog.text
    assert database.trouble is not None and "restart" in database.trouble.hint


def test_what_is_queued_behind_the_end_is_refused(database: Database) -> None:
    """An upkeep step that is not done goes to the end of the queue, where the end may be before it."""
    begun, gate = threading.Event(), threading.Event()

    def never_done(connection: sqlite3.Connection) -> None:
        begun.set()
        gate.wait(5)

    async def check() -> None:
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        database._writer.submit(writer.Upkeep(never_done, future))
        await asyncio.to_thread(begun.wait, 5)
        closing = asyncio.create_task(database.close())
        while not database._writer._stopping:
            await asyncio.sleep(0)
        gate.set()
        with pytest.raises(DaemonStopping):
            await soon(future)
        await closing
        assert database.trouble is None

    asyncio.run(check())


def test_a_listener_that_fails_keeps_no_answer_back(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[int] = []

    def failing() -> None:
        heard.append(0)
        raise ZeroDivisionError

    async def check() -> list[object]:
        gate = threading.Event()
        slow = asyncio.create_task(database.write(lambda connection: gate.wait(5)))
        both = asyncio.gather(
            database.write(add_owner, committed=failing),
            database.write(_count, committed=lambda: heard.append(1)),
        )
        await asyncio.sleep(0)
        gate.set()
        await slow
        return list(await soon(both))

    assert asyncio.run(check()) == [None, 0]
    assert heard == [0, 1]
    assert "a listener failed after a commit" in caplog.text


def test_an_error_that_no_future_takes_is_answered_all_the_same(database: Database) -> None:
    async def check() -> list[object]:
        works = (lambda connection: next(iter(())), _count)
        return [*await soon(asyncio.gather(*(database.write(work) for work in works), return_exceptions=True))]

    stopped, counted = asyncio.run(check())
    assert isinstance(stopped, Internal) and counted == 0
