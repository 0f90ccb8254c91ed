"""The sweep after a purge: deleted words leave the full-text segments and the write-ahead log.

Not the deletion itself. secure_delete zeroes rows, but terms stay in FTS5 segments until these are merged, and pages
stay in the log until it is truncated.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping

from lmem.errors import StoreUnavailable
from lmem.stores.sqlite.backup import FULL_TEXT
from lmem.stores.sqlite.purging import marked, swept

MERGE_PAGES = 200
"""Pages of a full-text index that one slice rewrites: some milliseconds, so that writes can go in between."""
PATIENCE_S = 15.0
"""Longer than any read snapshot may live."""


class Sweep:
    """An upkeep step (see writer.Upkeep): merges each full-text index, then truncates the log until nobody is in it.

    Only then does it take away the marks of what was purged before it began (purging.py).
    """

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self.patience_s = patience_s
        self.started = False
        self._due: Mapping[str, str] = {}
        self._tables = list(FULL_TEXT)
        self._pages = -MERGE_PAGES  # negative: begin a merge of everything, as 'optimize' does, but in slices
        self._give_up_at = float("inf")

    def __call__(self, connection: sqlite3.Connection) -> object | None:
        """One slice; True when all is done. Raises StoreUnavailable when a reader stays in the log too long."""
        if not self.started:
            self.started, self._due = True, marked(connection)
        if self._tables:
            self._merge(connection, self._tables[0])
            return None
        if truncate_log(connection, wait_ms=100):
            if self._due:
                swept(connection, self._due)
            return True
        if self._give_up_at == float("inf"):
            self._give_up_at = time.monotonic() + self.patience_s
        elif time.monotonic() > self._give_up_at:
            raise StoreUnavailable(
                "Another process reads the database, so deleted text could not be cleared from its log yet.",
                hint="Close other programs that have layered_memory.db open; lmem tries again every minute.",
            )
        return None

    def _merge(self, connection: sqlite3.Connection, table: str) -> None:
        before = connection.total_changes
        connection.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('merge', ?)", (self._pages,))
        self._pages = MERGE_PAGES
        if connection.total_changes - before < 2:  # FTS5's sign that nothing is left to merge
            self._tables.pop(0)
            self._pages = -MERGE_PAGES


def truncate_log(connection: sqlite3.Connection, wait_ms: int) -> bool:
    """Checkpoint everything and cut the write-ahead log to nothing; False when a reader was in the way."""
    usual = connection.execute("PRAGMA busy_timeout").fetchone()[0]
    connection.execute(f"PRAGMA busy_timeout={wait_ms}").fetchall()
    try:
        return bool(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)
    finally:
        connection.execute(f"PRAGMA busy_timeout={usual}").fetchall()
