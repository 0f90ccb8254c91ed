"""The readers: a few threads, each with a connection that cannot write, each read on one short snapshot.

Not the writes (writer.py).
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from lmem.errors import DaemonStopping, StoreUnavailable
from lmem.stores.sqlite.connection import open_reader
from lmem.stores.sqlite.faults import spoils_connection, translate

T = TypeVar("T")

CHECK_EVERY = 200_000
GLANCE_EVERY = 10_000
"""Steps of SQLite's machine between two looks at the clock: some milliseconds, and a tenth of one for a glance."""

GLANCE_S = 0.004
"""What a read may take of the thread that serves every client: to hand it to another thread and back costs 0.8 ms."""


class TooLong(Exception):
    """A glance took longer than it may; nothing was read."""


class _Reader:
    """One connection and the moment at which its current read has to be over."""

    def __init__(self, path: Path, check_every: int = CHECK_EVERY) -> None:
        self.until = float("inf")
        self.connection = open_reader(path)
        self.connection.set_progress_handler(self._late, check_every)

    def _late(self) -> bool:
        return time.monotonic() > self.until


class Readers:
    """A pool of readers. Threads and connections are made when they are first needed and stay."""

    def __init__(self, path: Path, threads: int) -> None:
        self._path = path
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="lmem-reader")
        self._mine = threading.local()
        self._open: set[_Reader] = set()
        self._lock = threading.Lock()
        self._closed = False

    async def read(self, work: Callable[[sqlite3.Connection], T], timeout_s: float) -> T:
        """`work` on a consistent snapshot. Raises StoreUnavailable when it takes longer than `timeout_s`."""
        if self._closed:
            raise DaemonStopping()
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._run, work, timeout_s)

    def glance(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """`work` on the calling thread. Raises TooLong when SQLite does not finish in GLANCE_S."""
        if self._closed:
            raise DaemonStopping()
        try:
            return self._run(work, GLANCE_S, GLANCE_EVERY)
        except StoreUnavailable as err:
            raise TooLong from err

    def close(self) -> None:
        """Wait for the reads that run, then close every connection. Blocks."""
        self._closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)
        for reader in self._open:
            reader.connection.close()
        self._open.clear()

    def _run(
        self, work: Callable[[sqlite3.Connection], T], timeout_s: float, check_every: int = CHECK_EVERY
    ) -> T:
        reader = self._reader(check_every)
        reader.until = time.monotonic() + timeout_s
        try:
            reader.connection.execute("BEGIN")
            return work(reader.connection)
        except sqlite3.Error as err:
            if spoils_connection(err):
                self._drop(reader)
            raise translate(err) from err
        finally:
            reader.until = float("inf")
            if reader in self._open:
                reader.connection.rollback()

    def _reader(self, check_every: int) -> _Reader:
        reader: _Reader | None = getattr(self._mine, "reader", None)
        if reader is None or reader not in self._open:
            reader = _Reader(self._path, check_every)
            self._mine.reader = reader
            with self._lock:
                self._open.add(reader)
        return reader

    def _drop(self, reader: _Reader) -> None:
        with self._lock:
            self._open.discard(reader)
        reader.connection.close()
