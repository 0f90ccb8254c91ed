"""The database: one file, one writer, a few readers, behind a handful of methods.

Not a repository: it knows no table but the full-text ones (memories.py, versions.py and the others do).
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from lmem.backupfiles import file_name
from lmem.errors import LmemError
from lmem.stores.sqlite import copies, migrations
from lmem.stores.sqlite.backup import check_live, clear_partial, make_backup, rotate
from lmem.stores.sqlite.batch import Request
from lmem.stores.sqlite.compaction import compact_if_due
from lmem.stores.sqlite.connection import inspect, open_writer, refuse_remote_filesystem
from lmem.stores.sqlite.readers import Readers, TooLong
from lmem.stores.sqlite.residue import Sweep, truncate_log
from lmem.stores.sqlite.watch import watch
from lmem.stores.sqlite.writer import Upkeep, Writer

T = TypeVar("T")

READERS = 3
LULL_S = 0.005
"""Seconds without a write after which the writer counts as idle: a client's next request comes sooner."""

SNAPSHOT_S = 5.0
"""Longest life of a read's snapshot: an older one would keep the log from being emptied."""


class Database:
    """The open file. Its async methods may be called from any event loop; `open` and `close_now` block."""

    def __init__(self, path: Path, writer: Writer, readers: Readers) -> None:
        self.path = path
        self._writer = writer
        self._readers = readers
        self._sweep: tuple[Sweep, asyncio.Future[Any]] | None = None
        self._waiting = 0
        self._answered = 0.0
        self._checking = asyncio.Lock()
        self.copying = asyncio.Lock()  # held while a backup is made, and by a purge, which has to find it

    @classmethod
    def open(cls, path: Path, readers: int = READERS) -> Database:
        """Open the file, made when absent, and bring it to this lmem's schema; blocks.

        Before an existing file is migrated, a checked backup goes to `backups` beside it. Raises Forbidden for a
        network filesystem, ForeignFile, NewerFile and Damaged for a file that is not ours to change, StorageFull.
        """
        refuse_remote_filesystem(path.parent)
        released = migrations.load()
        version = inspect(path)
        migrations.refuse_newer(version, released)
        backups = path.parent / "backups"
        clear_partial(backups)
        if 0 < version < len(released):
            make_backup(path, backups / file_name(f"before-schema-{len(released)}"))
            rotate(backups)
        connection = open_writer(path)
        try:
            path.chmod(0o600)
            migrations.migrate(connection, released)
            watch(connection)
        except BaseException:
            connection.close()
            raise
        return cls(path, Writer(path, connection), Readers(path, readers))

    @property
    def trouble(self) -> LmemError | None:
        """Why nothing will be written until a restart, or None."""
        return self._writer.trouble

    async def write(
        self, work: Callable[[sqlite3.Connection], T], large: bool = False, committed: Callable[[], None] | None = None
    ) -> T:
        """Run `work` on the writer's thread, in a transaction it may share; its value, once that is on the disk.

        `large` is work of thousands of statements. `committed` is called on the event loop after the commit and before
        anybody is answered, even when the caller of this has gone away meanwhile.

        An error that `work` raises undoes all of `work`, nothing else, and is raised here; SQLite's own come as
        StorageFull, Damaged, Conflict, StoreUnavailable or Internal.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._writer.submit(Request(work, future, large, committed))
        with self.announced():
            return await future

    @contextmanager
    def announced(self) -> Iterator[None]:
        """Somebody waits for a write, or for one that is being made ready inside: `quiet` waits too."""
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1
            self._answered = time.monotonic()

    async def quiet(self, seconds: float) -> None:
        """Wait until no write has been waited for during LULL_S, for at most `seconds`."""
        until = time.monotonic() + seconds
        while self._waiting or time.monotonic() - self._answered < LULL_S:
            if time.monotonic() > until:
                return
            await asyncio.sleep(LULL_S)

    async def read(
        self, work: Callable[[sqlite3.Connection], T], timeout_s: float = SNAPSHOT_S, brief: bool = False
    ) -> T:
        """Run `work` on a reader's thread and a consistent snapshot. Raises StoreUnavailable after `timeout_s`.

        With `brief` it runs on the caller's thread first, for some milliseconds (Readers.glance).
        """
        self._writer.refuse_replaced()
        if brief:
            try:
                return self._readers.glance(work)
            except TooLong:
                pass  # then it is no brief read, and goes where those go
        return await self._readers.read(work, min(timeout_s, SNAPSHOT_S))

    async def checkpoint(self) -> bool:
        """Move the write-ahead log into the database and empty it; False when a reader was in the way, or when the file
        would have to grow by more than is free: half of a move takes the last space, and gives none back."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def step(connection: sqlite3.Connection) -> bool:
            return self._has_room(connection) and truncate_log(connection, wait_ms=100)

        self._writer.submit(Upkeep(step, future))
        return await future

    def _has_room(self, connection: sqlite3.Connection) -> bool:
        pages, size = (int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "page_size"))
        return shutil.disk_usage(self.path.parent).free > pages * size - self.path.stat().st_size

    async def purge_residue(self) -> None:
        """Clear deleted text from full-text segments and the log; callers that wait together share one sweep.

        Raises StoreUnavailable when another process keeps the log in use.
        """
        if self._sweep is None or self._sweep[0].started or self._sweep[1].done():
            sweep, future = Sweep(), asyncio.get_running_loop().create_future()
            self._writer.submit(Upkeep(sweep, future))
            self._sweep = sweep, future
        await asyncio.shield(self._sweep[1])

    async def backup(self, target: Path) -> None:
        """Write a checked copy to `target` while reads and writes go on; a purge waits for it."""

        async def alone() -> None:
            async with self.copying:
                await asyncio.to_thread(make_backup, self.path, target)

        await asyncio.shield(asyncio.create_task(alone()))  # a caller that goes away does not let a purge in between

    async def purge_copies(self, ids: Sequence[str]) -> Mapping[str, str]:
        """Delete memories from the backups too; by a backup's name what is left there."""
        return await asyncio.to_thread(copies.purge, self.path.parent / "backups", ids)

    async def compact(self) -> int:
        """Write the file anew when much of it is free; answers how many bytes that gave back."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._writer.submit(Upkeep(compact_if_due, future))
        return await future

    async def check(self) -> list[str]:
        """What is wrong with the file, found in a copy of it that is removed again; raises StorageFull.

        Those who ask together take turns, so that there is one copy at a time.
        """
        async with self._checking:
            return await asyncio.to_thread(check_live, self.path)

    async def close(self) -> None:
        """Finish what is queued, gather statistics for the planner, empty the log, close every connection."""
        await asyncio.to_thread(self.close_now)

    def close_now(self) -> None:
        """`close` for a caller without an event loop; blocks."""
        self._readers.close()
        self._writer.stop()
