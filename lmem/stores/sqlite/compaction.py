"""Compaction: free pages and half-filled ones leave the file, when the daemon stops and at night.

Not a purge (residue.py), which must reach bytes whatever it costs. A bulk add leaves many: rows that waited for the
vector index were in a table of their own until it had them.
"""

from __future__ import annotations

import sqlite3

from lmem.stores.sqlite.backup import FULL_TEXT

WORTHWHILE = 8
"""One page in so many is free: below that a rewrite gains less than it costs."""
MOST_BYTES = 128 << 20
"""A larger file is not rewritten while somebody waits for the daemon to stop: 60 MB take 0.7 s."""


def is_due(connection: sqlite3.Connection) -> bool:
    """Whether enough of the file is free."""
    pages, free = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count"))
    return bool(free * WORTHWHILE > pages)


def is_large(connection: sqlite3.Connection) -> bool:
    """Whether a rewrite takes longer than somebody should wait."""
    return _bytes(connection) > MOST_BYTES


def compact(connection: sqlite3.Connection) -> None:
    """Merge the full-text indexes and write the file anew; it holds the writer for as long as that takes.

    Killed half-way, the file is as it was. Raises sqlite3.Error when the disk is full.
    """
    for table in FULL_TEXT:
        connection.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")
    connection.execute("VACUUM")


def compact_if_due(connection: sqlite3.Connection) -> int:
    """As `compact`, when it is due; answers how many bytes it gave back."""
    before = _bytes(connection)
    if is_due(connection):
        compact(connection)
    return before - _bytes(connection)


def _bytes(connection: sqlite3.Connection) -> int:
    pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    return int(pages * size)
