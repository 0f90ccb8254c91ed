"""What a comparison with a projection asks of the truth: ranges of ids, and the outbox.

Not a check of the file itself (backup.py checks a copy of it).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from lmem.domain.memories import Memory
from lmem.stores.sqlite.memories import COLUMNS, readable, record
from lmem.stores.sqlite.outbox import OutboxRows

_MEMORIES = f"""SELECT {COLUMNS} FROM {{source}} WHERE id >= ? AND (?2 = '' OR id < ?2) AND is_archived = 0
    ORDER BY id LIMIT ?3"""
_WAITING = """SELECT object_id FROM outbox WHERE projection = ? AND kind = ? AND object_id >= ?
    AND (?4 = '' OR object_id < ?4)"""
_PARKED = "SELECT kind, object_id, rev FROM outbox WHERE projection = ? AND parked_at IS NOT NULL ORDER BY seq"
_TABLES = {
    "memory": "memories", "relationship": "memory_relationships", "project": "projects", "user": "users",
    "pattern": "patterns",
}  # fmt: skip


class ConsistencyRows:
    """ConsistencyTable on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def memories(self, low: str, high: str, limit: int, shared: bool = False) -> list[Memory]:
        sql = _MEMORIES.format(source=readable(shared))
        return [record(row) for row in self._db.execute(sql, (low, high, limit))]

    def objects(self) -> int:
        counts = " + ".join(f"(SELECT count(*) FROM {table})" for table in _TABLES.values())
        found: int = self._db.execute(f"SELECT {counts}").fetchone()[0]
        return found

    def waiting(self, projection: str, kind: str, low: str, high: str) -> set[str]:
        return {row[0] for row in self._db.execute(_WAITING, (projection, kind, low, high))}

    def parked(self, projection: str) -> list[tuple[str, str, int]]:
        return self._db.execute(_PARKED, (projection,)).fetchall()

    def revision(self, kind: str, object_id: str) -> int | None:
        row = self._db.execute(f"SELECT rev FROM {_TABLES[kind]} WHERE id = ?", (object_id,)).fetchone()
        return None if row is None else int(row[0])

    def try_again(self, projection: str, objects: Sequence[tuple[str, str, str]]) -> int:
        outbox = OutboxRows(self._db)
        for kind, object_id, op in objects:
            outbox.enqueue(kind, object_id, self.revision(kind, object_id) or 1, op, projection)
        return len(objects)
