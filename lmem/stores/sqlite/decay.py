"""What decay asks of the tables: rows that fade, `decay_days` and `decay_plans`.

Not the formula: SQL sorts nothing here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import date

from lmem.domain.fading import NEVER, Day, Fading, Placed
from lmem.domain.layers import LAYERS, Layers, from_flags
from lmem.domain.memories import to_json

_ACTIVE = "is_archived = 0 AND (layer_session = 1 OR layer_project = 1 OR layer_global = 1)"
_MOVABLE = f"{_ACTIVE} AND decay_rate > 0 AND memory_type != '{NEVER}'"
# Both parts are counted in indexes, 50 ms at 100 000 rows; without them every row is read, .5 s.
_COUNT = """SELECT (SELECT count(*) FROM memories INDEXED BY idx_memories_active_important
        WHERE user_id = ?1 AND is_archived = 0)
    - (SELECT count(*) FROM memories INDEXED BY idx_memories_layers
        WHERE layer_session = 0 AND layer_project = 0 AND layer_global = 0 AND user_id = ?1 AND is_archived = 0)"""
# Most rows are read, in their own order: by way of an index that takes twice as long.
_FADING = f"""SELECT id, importance_score, decay_rate, access_count,
    (julianday(last_accessed_at) - 2440587.5) * 86400.0, (julianday(created_at) - 2440587.5) * 86400.0
    FROM memories NOT INDEXED
    WHERE user_id = ? AND {_MOVABLE} AND created_at < ?
    AND (project_id IS NULL OR project_id NOT IN (SELECT value FROM json_each(?)))"""
# CROSS JOIN keeps the order of the list, and looks each id up.
_STILL = f"""SELECT memory_key, m.id, rev, {", ".join(f"layer_{layer}" for layer in LAYERS)}
    FROM json_each(?) AS wanted CROSS JOIN memories AS m ON m.id = wanted.value WHERE {_MOVABLE} ORDER BY wanted.key"""
_NEWEST = "(SELECT max(version_number) FROM memory_versions WHERE memory_id = v.memory_id)"
_TO_BRING_BACK = f"""SELECT v.diff_json, memory_key, m.id, rev, {", ".join(f"layer_{layer}" for layer in LAYERS)}
    FROM json_each(?) AS wanted CROSS JOIN memories AS m ON m.id = wanted.value
    CROSS JOIN memory_versions AS v ON v.memory_id = m.id AND v.version_number = {_NEWEST}
    WHERE v.change_set = (SELECT id FROM change_sets WHERE undone_by = ?) ORDER BY wanted.key"""
_CHANGED_SINCE = f"SELECT 1 FROM memory_versions AS v WHERE change_set = ? AND version_number < {_NEWEST} LIMIT 1"
_PLACE = f"""UPDATE memories SET {", ".join(f"layer_{layer} = ?" for layer in LAYERS)}, rev = ?, updated_at = ?
    WHERE memory_key = ?"""
_VERSION = """INSERT INTO memory_versions (memory_id, version_number, change_type, change_reason, diff_json,
    change_set, valid_from, created_at, created_by)
    VALUES (?1, (SELECT coalesce(max(version_number), 0) + 1 FROM memory_versions WHERE memory_id = ?1),
    'updated', ?2, ?3, ?4, ?5, ?5, ?6)"""
_BROUGHT_BACK = """SELECT v.memory_id FROM change_sets AS c JOIN change_sets AS undo ON undo.id = c.undone_by
    JOIN memory_versions AS v ON v.change_set = c.id
    WHERE c.kind = 'decay' AND c.created_by = ? AND undo.created_at >= ?"""
_DAYS = "SELECT day, active, moved FROM decay_days WHERE user_id = ? AND day >= ? AND moved > 0 ORDER BY day"
_LAST_DAY = "SELECT day, moved IS NOT NULL FROM decay_days WHERE user_id = ? ORDER BY day DESC LIMIT 1"
_BEGIN = """INSERT INTO decay_days (user_id, day) SELECT ?1, ?2
    WHERE NOT EXISTS (SELECT 1 FROM decay_days WHERE user_id = ?1)"""
_ADD_DAY = "INSERT OR REPLACE INTO decay_days (user_id, day, active, moved) VALUES (?, ?, ?, ?)"


class DecayRows:
    """DecayTable on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def active(self, user_id: str) -> int:
        found: int = self._db.execute(_COUNT, (user_id,)).fetchone()[0]
        return found

    def fading(self, user_id: str, created_before: str, but: Sequence[str]) -> list[Fading]:
        rows = self._db.execute(_FADING, (user_id, created_before, json.dumps(list(but))))
        return list(map(Fading._make, rows))

    def brought_back(self, user_id: str, since: str) -> set[str]:
        return {row[0] for row in self._db.execute(_BROUGHT_BACK, (user_id, since))}

    def still_movable(self, ids: Sequence[str]) -> list[Placed]:
        return [_placed(*row) for row in self._db.execute(_STILL, (json.dumps(list(ids)),))]

    def to_bring_back(self, undo: int, ids: Sequence[str]) -> list[tuple[Placed, Layers]]:
        rows = self._db.execute(_TO_BRING_BACK, (json.dumps(list(ids)), undo))
        return [(_placed(*row), Layers(tuple(json.loads(diff)["layers"][0]))) for diff, *row in rows]

    def changed_since(self, change_set: int) -> bool:
        return self._db.execute(_CHANGED_SINCE, (change_set,)).fetchone() is not None

    def move(self, rows: Sequence[Placed], to: Layers, change_set: int, reason: str, user_id: str, at: str) -> None:
        flags = [to.flags()[f"layer_{layer}"] for layer in LAYERS]
        self._db.executemany(_PLACE, [(*flags, row.rev + 1, at, row.key) for row in rows])
        diffs = {row.layers: to_json({"layers": [list(row.layers.names), list(to.names)]}) for row in rows}
        values = [(row.id, reason, diffs[row.layers], change_set, at, user_id) for row in rows]
        self._db.executemany(_VERSION, values)

    def days(self, user_id: str, since: date) -> list[Day]:
        rows = self._db.execute(_DAYS, (user_id, since.isoformat()))
        return [Day(date.fromisoformat(day), active, moved) for day, active, moved in rows]

    def last_day(self, user_id: str) -> tuple[date, bool] | None:
        row = self._db.execute(_LAST_DAY, (user_id,)).fetchone()
        return (date.fromisoformat(row[0]), bool(row[1])) if row else None

    def begin(self, user_id: str, day: date) -> None:
        self._db.execute(_BEGIN, (user_id, day.isoformat()))

    def add_days(self, user_id: str, days: Sequence[Day]) -> None:
        """Keep the days that moved something, and the last one, where the count goes on."""
        self._db.execute("DELETE FROM decay_days WHERE user_id = ? AND coalesce(moved, 0) = 0", (user_id,))
        kept = [day for day in days if day.moved] + list(days[-1:])
        self._db.executemany(_ADD_DAY, [(user_id, day.day.isoformat(), day.active, day.moved) for day in kept])

    def add_plan(self, change_set: int, user_id: str, ids: Sequence[str]) -> None:
        sql = "INSERT INTO decay_plans (change_set, user_id, memory_ids) VALUES (?, ?, ?)"
        self._db.execute(sql, (change_set, user_id, json.dumps(list(ids))))

    def open_plan(self, user_id: str) -> tuple[int, list[str]] | None:
        sql = "SELECT change_set, memory_ids FROM decay_plans WHERE user_id = ? ORDER BY change_set LIMIT 1"
        row = self._db.execute(sql, (user_id,)).fetchone()
        return (row[0], json.loads(row[1])) if row else None

    def close_plan(self, change_set: int) -> None:
        self._db.execute("DELETE FROM decay_plans WHERE change_set = ?", (change_set,))


def _placed(key: int, id_: str, rev: int, *flags: int) -> Placed:
    return Placed(key, id_, rev, from_flags(*flags))
