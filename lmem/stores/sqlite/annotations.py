"""How far memories have been annotated, and what the user's own categories are.

Not the annotations themselves (lmem.service.annotations).
"""

from __future__ import annotations

import sqlite3

from lmem.domain.automatic import KEY, KIND
from lmem.domain.memories import Memory
from lmem.stores.sqlite.memories import COLUMNS, record

_META = "annotated_up_to"
_CURSOR = "SELECT CAST(value AS INTEGER) FROM store_meta WHERE key = ?"
_ADVANCE = """INSERT INTO store_meta (key, value) VALUES (?, ?)
    ON CONFLICT (key) DO UPDATE SET value = max(CAST(value AS INTEGER), CAST(excluded.value AS INTEGER))"""
_NEXT = f"""SELECT {COLUMNS}, EXISTS (
        SELECT 1 FROM projections p JOIN outbox o ON o.projection = p.id AND o.kind = 'memory' AND o.object_id = m.id
        WHERE p.port = 'vectors' AND p.state = 'active' AND o.parked_at IS NULL)
    FROM memories_all m WHERE memory_key > ? AND user_id = ? ORDER BY memory_key LIMIT ?"""
# +: by the user SQLite would read every memory, of which few have a category.
_OWN = f"""SELECT count(*) FROM (SELECT 1 FROM memories_all
    WHERE +user_id = ? AND category IS NOT NULL AND is_archived = 0
    AND json_extract(context_json, '$.{KEY}.category') IS NULL LIMIT ?)"""
_DECIDED = """SELECT EXISTS (SELECT 1 FROM memory_versions
    WHERE memory_id = ? AND json_type(diff_json, '$.' || ?) IS NOT NULL)"""

_CHANGES = """SELECT m.rev, c.kind FROM memories_all m JOIN memory_versions v ON v.memory_id = m.id
    LEFT JOIN change_sets c ON c.id = v.change_set WHERE m.id = ? ORDER BY v.version_number DESC"""


class AnnotationRows:
    """AnnotationTable on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def unseen(self, user_id: str, limit: int) -> tuple[list[Memory], int | None]:
        row = self._db.execute(_CURSOR, (_META,)).fetchone()
        found, covered = [], None
        for *columns, waits in self._db.execute(_NEXT, (int(row[0]) if row else 0, user_id, limit)):
            if waits:
                break
            memory = record(columns)
            covered = memory.key
            if not memory.is_archived:
                found.append(memory)
        return found, covered

    def advance(self, key: int) -> None:
        self._db.execute(_ADVANCE, (_META, str(key)))

    def own(self, user_id: str, limit: int) -> int:
        found: int = self._db.execute(_OWN, (user_id, limit)).fetchone()[0]
        return found

    def only_since(self, memory_id: str, rev: int) -> bool:
        rows = self._db.execute(_CHANGES, (memory_id,)).fetchall()
        later = rows[0][0] - rev if rows else 0  # each version raises the revision by one
        return 0 < later <= len(rows) and all(kind == KIND for _, kind in rows[:later])

    def is_decided(self, memory_id: str, field: str) -> bool:
        return bool(self._db.execute(_DECIDED, (memory_id, field)).fetchone()[0])
