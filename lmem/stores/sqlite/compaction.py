"""Compaction: free pages and half-filled ones leave the file, when the daemon stops and at night.

Not a purge (residue.py), which must reach bytes whatever it costs. A bulk add leaves many: rows that waited for the
vector index were in a table of their own until it had them.
"""

from __future__ import annotations

import sqlite3

from lmem.stores.sqlite.backup import FULL_TEXT

WORTHWHILE = 8
"""One page in so many is free: below that a rewrite gains less than it costs."""
GROWN = 1.5
"""So many times as large as after the last rewrite: pages of indexes on random keys are two thirds full by then. All
rewrites together stay below three times the file, however large it grows."""
SMALL = 1000
"""Pages (16 MB) below which growth alone is no reason."""
_KEY = "compacted_pages"
MOST_BYTES = 128 << 20
"""A larger file is not rewritten while somebody waits for the daemon to stop: 60 MB take 0.7 s."""


def is_due(connection: sqlite3.Connection) -> bool:
    """Whether enough of the file is free, or it has grown enough since it was last written anew."""
    pages, free = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count"))
    last = connection.execute("SELECT CAST(value AS INTEGER) FROM store_meta WHERE key = ?", (_KEY,)).fetchone()
    return bool(free * WORTHWHILE > pages or pages > max(SMALL, GROWN * (last[0] if last else 0)))


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
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    sql = "INSERT INTO store_meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
    connection.execute(sql, (_KEY, str(pages)))


def compact_if_due(connection: sqlite3.Connection) -> int:
    """As `compact`, when it is due; answers how many bytes it gave back."""
    before = _bytes(connection)
    if is_due(connection):
        compact(connection)
    return before - _bytes(connection)


def _bytes(connection: sqlite3.Connection) -> int:
    pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    return int(pages * size)
