"""The one writer: a thread with one connection that turns queued requests into few commits.

Not the reads (readers.py) and not the transaction itself (batch.py). A caller is answered after the commit that holds
its rows, never before.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from lmem.errors import DaemonStopping, Damaged, Internal, LmemError
from lmem.stores.sqlite.backup import integrity
from lmem.stores.sqlite.batch import Answer, Request, TransactionLost, deliver, failed, run_batch
from lmem.stores.sqlite.compaction import compact, is_due, is_large
from lmem.stores.sqlite.connection import Identity, identity, open_writer
from lmem.stores.sqlite.faults import means_full, spoils_connection, translate
from lmem.stores.sqlite.residue import truncate_log
from lmem.stores.sqlite.watch import watch

_LOG = logging.getLogger(__name__)

MAX_BATCH = 256
MAX_BATCH_S = 0.02
"""A transaction takes in no more requests after this time, so that nobody's answer is late."""
LOG_PAGES = 750
"""Pages that the write-ahead log may hold, more or less, before they are moved into the database: 12 MB."""
MOST_COMMITS = 256
"""Commits between two checkpoints, however small."""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Work outside transactions, in slices: `step` answers None while there is more to do; writes go in between."""

    step: Callable[[sqlite3.Connection], object | None]
    future: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Stop:
    """The last item of the queue."""


class Writer:
    """Owns the writing connection until `stop`. `connection` is open, migrated and used by nobody else."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = connection
        self._file: Identity | None = identity(path)
        self._fault: sqlite3.Error | None = None  # why the connection was given up
        self._inbox: SimpleQueue[Request | Upkeep | _Stop] = SimpleQueue()
        self._held: Request | Upkeep | _Stop | None = None
        self._taken: list[Request | Upkeep] = []  # out of the inbox, and not answered
        self._stopping = False
        self._ended = False
        self._commits = 0  # since the last checkpoint
        self._checkpoint_after = 32
        self._thread = threading.Thread(target=self._run, name="lmem-writer", daemon=True)
        self._thread.start()

    @property
    def trouble(self) -> LmemError | None:
        """Why nothing will be written until a restart: the thread has ended, and nobody stopped it. Else None."""
        if not self._ended or self._stopping:
            return None
        return Internal(
            "The thread that writes the database has ended, so nothing can be stored.",
            hint="Run 'lmem daemon restart', then look at 'lmem daemon logs' for the cause.",
        )

    def submit(self, item: Request | Upkeep) -> None:
        """Queue an item; its future gets the answer. Raises DaemonStopping after `stop`, and `trouble`."""
        if self._stopping or self._ended:
            raise self._refusal()
        self._inbox.put(item)
        if self._ended:  # meanwhile
            self._refuse_rest()

    def stop(self) -> None:
        """Finish what is queued, close the connection, end the thread. Blocks."""
        if not self._stopping:
            self._stopping = True
            self._inbox.put(_Stop())
        self._thread.join()

    def refuse_replaced(self) -> None:
        """Raise Damaged when the path no longer names the file that was opened, StoreUnavailable when nobody knows."""
        if identity(self._path) != self._file:
            raise Damaged(
                f"{self._path} was moved, removed or replaced while the daemon ran; it is not used any more.",
                hint="Put the file back or leave the new one, then run 'lmem daemon restart'.",
            )

    def _run(self) -> None:
        try:
            while not isinstance(item := self._held or self._inbox.get(), _Stop):
                self._held, self._taken = None, [item]
                self._turn(item)
                self._taken = []
            self._close()
        finally:
            self._ended = True
            if (trouble := self.trouble) is not None:
                _LOG.critical("%s", trouble.message)
            deliver([Answer(item.future, error=self._refusal()) for item in self._taken])
            self._refuse_rest()

    def _turn(self, item: Request | Upkeep) -> None:
        """Answer an item, come what may: the thread has to outlive a bug, or everybody after it would wait for ever."""
        try:
            if isinstance(item, Upkeep):
                self._slice(item)
            else:
                self._commit(item)
        except Exception as err:  # a bug in here: everything that was taken is told, and the thread goes on
            _LOG.critical("the writer failed, and goes on", exc_info=err)
            failure = Internal(f"The writer failed inside the daemon: {type(err).__name__}.")
            deliver([Answer(taken.future, error=failure) for taken in self._taken])
            self._recover(err)

    def _refusal(self) -> LmemError:
        return self.trouble or DaemonStopping()

    def _refuse_rest(self) -> None:
        """Answer what is still queued when nobody will take it any more."""
        rest, self._held = [self._held], None
        while not self._inbox.empty():
            try:
                rest.append(self._inbox.get_nowait())
            except Empty:  # another thread does the same
                break
        deliver([Answer(item.future, error=self._refusal()) for item in rest if isinstance(item, Request | Upkeep)])

    def _commit(self, first: Request) -> None:
        """One transaction for `first` and what else is queued, its answers, and now and then a checkpoint."""
        try:
            deliver(run_batch(self._ready(), self._queued(first)))
        except TransactionLost as lost:
            deliver([Answer(taken.future, error=failed(lost.cause)) for taken in self._taken])
            self._recover(lost.cause)
        except LmemError as err:
            deliver([Answer(first.future, error=err)])
        self._commits += 1
        if self._commits >= self._checkpoint_after:
            self._checkpoint()

    def _queued(self, first: Request) -> Iterator[Request]:
        until = time.monotonic() + MAX_BATCH_S
        request = first
        while True:
            if not request.future.cancelled():
                yield request
            if len(self._taken) >= MAX_BATCH or time.monotonic() > until:
                return
            try:
                item = self._inbox.get_nowait()
            except Empty:
                return
            if not isinstance(item, Request) or item.large:
                self._held = item
                return
            request = item
            self._taken.append(request)

    def _checkpoint(self) -> None:
        """Move the log into the database. When that fails the log only grows, and the next time tries again."""
        self._commits = 0
        if self._connection is None:
            return
        try:
            pages = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1]
        except sqlite3.Error as err:
            self._recover(err)
        else:
            self._checkpoint_after = min(MOST_COMMITS, self._checkpoint_after * LOG_PAGES // max(pages, 1) + 1)

    def _slice(self, upkeep: Upkeep) -> None:
        try:
            done = upkeep.step(self._ready())
        except sqlite3.Error as err:
            deliver([Answer(upkeep.future, error=translate(err))])
            self._recover(err)
        except LmemError as err:
            deliver([Answer(upkeep.future, error=err)])
        else:
            if done is None:
                self._inbox.put(upkeep)
            else:
                deliver([Answer(upkeep.future, done)])

    def _ready(self) -> sqlite3.Connection:
        """The connection, opened again and checked if the last one was given up."""
        self.refuse_replaced()
        if self._connection is None:
            connection = open_writer(self._path)
            try:
                self._recheck(connection)
                watch(connection)
            except sqlite3.Error as err:
                connection.close()
                raise translate(err) from err
            except LmemError:
                connection.close()
                raise
            self._connection, self._fault = connection, None
        return self._connection

    def _recheck(self, connection: sqlite3.Connection) -> None:
        if self._fault is not None and means_full(self._fault):
            return  # nothing was damaged, and on a full disk this would come with every request
        if found := integrity(connection, "quick_check"):
            raise Damaged(f"After an error of the disk, the database did not pass its check: {found[0]}.")

    def _recover(self, cause: BaseException) -> None:
        """Leave no transaction open; give up the connection after an error that spoils it."""
        connection = self._connection
        if connection is None:
            return
        if not (isinstance(cause, sqlite3.Error) and spoils_connection(cause)):
            try:
                connection.rollback()
                return
            except sqlite3.Error as err:
                cause = err
        connection.close()
        self._connection, self._fault = None, cause

    def _close(self) -> None:
        """Statistics for the planner, an empty log, no connection. If the disk fails now, the log keeps everything."""
        if self._connection is None:
            return
        try:
            self._connection.execute("PRAGMA analysis_limit=1000").fetchall()
            self._connection.execute("PRAGMA optimize").fetchall()
            if is_due(self._connection) and not is_large(self._connection):
                compact(self._connection)
            truncate_log(self._connection, wait_ms=1000)
        except (sqlite3.Error, LmemError) as err:
            _LOG.warning("The database was closed with its log: %s", err)
        self._connection.close()
