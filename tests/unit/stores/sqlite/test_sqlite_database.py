"""The database as a whole: durable answers, a full disk, a replaced file, closing."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from lmem.errors import (
    DaemonStopping,
    Damaged,
    StorageFull,
)
from lmem.stores.sqlite.connection import open_reader
from lmem.stores.sqlite.database import Database
from tests.unit.stores.sqlite.rows import add_memory, add_owner, check_full_text

COUNT = "SELECT count(*) FROM memories"


def _count(connection: sqlite3.Connection) -> int:
    return int(connection.execute(COUNT).fetchone()[0])


def test_an_answered_write_is_seen_by_another_connection(database: Database, path: Path) -> None:
    async def check() -> None:
        await database.write(add_owner)
        assert await database.write(lambda connection: add_memory(connection, 1, "text"))
        assert await database.read(_count) == 1

    asyncio.run(check())
    other = sqlite3.connect(path)
    assert _count(other) == 1
    other.close()


def test_a_full_disk_is_said_and_forgotten_when_there_is_space(database: Database) -> None:
    def limit(connection: sqlite3.Connection, extra: int) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages + extra}")

    def add_many(connection: sqlite3.Connection) -> None:
        for number in range(2, 400):
            add_memory(connection, number, f"text {number} " * 50)

    async def check() -> None:
        await database.write(add_owner)
        await database.write(lambda connection: add_memory(connection, 1, "kept"))
        await database.write(lambda connection: limit(connection, 4))
        with pytest.raises(StorageFull):
            await database.write(add_many)
        assert await database.read(_count) == 1
        await database.write(lambda connection: limit(connection, 100_000))
        await database.write(add_many)
        assert await database.read(_count) == 399
        await database.write(check_full_text)

    asyncio.run(check())


def test_a_file_that_may_not_grow_is_a_full_disk(path: Path) -> None:
    """RLIMIT_FSIZE in a child: to SQLite an input/output error, after which the connection is opened anew."""
    child = textwrap.dedent(
        f"""
        import asyncio, resource, signal
        from pathlib import Path
        from lmem.errors import StorageFull
        from lmem.stores.sqlite.database import Database
        from tests.unit.stores.sqlite.rows import add_memory, add_owner
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        async def main():
            database = Database.open(Path({str(path)!r}))
            await database.write(add_owner)
            acknowledged, refused = [], 0
            resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, resource.RLIM_INFINITY))
            for number in range(60):
                try:
                    acknowledged.append(await database.write(lambda c: add_memory(c, number, "word " * 20_000)))
                except StorageFull:
                    refused += 1
            assert refused > 5 and acknowledged, (refused, len(acknowledged))
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            acknowledged.append(await database.write(lambda c: add_memory(c, 1000, "after")))
            stored = await database.read(lambda c: [row[0] for row in c.execute("SELECT id FROM memories")])
            assert set(stored) == set(acknowledged), (len(stored), len(acknowledged))
            await database.close()
        asyncio.run(main())
        """
    )
    done = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_replaced_file_is_refused(database: Database, path: Path) -> None:
    asyncio.run(database.write(add_owner))
    copy = path.with_name("copy.db")
    asyncio.run(database.backup(copy))
    shutil.move(copy, path)
    for attempt in (database.write(add_owner), database.read(_count), database.purge_residue()):
        with pytest.raises(Damaged, match="replaced"):
            asyncio.run(attempt)


def test_closing_finishes_what_was_asked_then_refuses(path: Path) -> None:
    async def check() -> None:
        database = Database.open(path)
        await database.write(add_owner)
        last = [asyncio.create_task(database.write(lambda c, n=n: add_memory(c, n, "text"))) for n in range(20)]  # type: ignore[misc]
        await asyncio.sleep(0)
        await database.close()
        assert len(await asyncio.gather(*last)) == 20
        with pytest.raises(DaemonStopping):
            await database.write(add_owner)
        with pytest.raises(DaemonStopping):
            await database.read(_count)
        await database.close()

    asyncio.run(check())
    assert not path.with_name(path.name + "-wal").exists()
    connection = sqlite3.connect(path)
    assert _count(connection) == 20
    connection.close()


def test_closing_empties_the_log_though_another_program_has_the_file_open(path: Path) -> None:
    database = Database.open(path)
    other = open_reader(path)
    assert _count(other) == 0
    asyncio.run(database.write(add_owner))
    database.close_now()
    assert path.with_name(path.name + "-wal").stat().st_size == 0
    other.close()


def test_quiet_waits_for_writes_that_somebody_waits_for_but_not_for_ever(database: Database) -> None:
    async def check() -> tuple[float, float]:
        await database.write(add_owner)
        began = time.monotonic()
        writing = asyncio.create_task(database.write(lambda _: time.sleep(0.15)))
        await asyncio.sleep(0)
        await database.quiet(0.03)
        impatient = time.monotonic() - began
        assert not writing.done()
        await database.quiet(5.0)
        assert writing.done()
        return impatient, time.monotonic() - began

    impatient, patient = asyncio.run(check())
    assert 0.03 <= impatient < 0.12
    assert 0.15 <= patient < 1.0


def test_quiet_waits_for_a_write_that_is_being_made_ready(database: Database) -> None:
    async def check() -> None:
        waiting = asyncio.create_task(database.quiet(5.0))
        with pytest.raises(LookupError), database.announced():
            for _ in range(3):
                await asyncio.sleep(0.01)
                assert not waiting.done()
            raise LookupError  # whatever becomes of it
        await asyncio.wait_for(waiting, 1.0)

    asyncio.run(check())
