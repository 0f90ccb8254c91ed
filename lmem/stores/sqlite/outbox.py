"""The `outbox` and `projections` tables: one row per object and projection, bounded however long a store is down.

Not the relay (lmem.service.projection).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from lmem.domain.memories import to_json
from lmem.domain.outbox import TOLD, Parked, Pending, Projection
from lmem.ports.tables import Columns

_ENQUEUE = """INSERT OR REPLACE INTO outbox (projection, kind, object_id, rev, op, seq)
    SELECT id, ?, ?, ?, ?, (SELECT value FROM outbox_sequence) FROM projections
    WHERE state IN ('building', 'active') AND (?5 IS NULL OR id = ?5)
    AND (port != 'vectors' OR ?1 IN ('memory', 'pattern'))"""
_OPEN = """SELECT id FROM projections
    WHERE state IN ('building', 'active') AND (port != 'vectors' OR ?1 IN ('memory', 'pattern'))"""
_ENQUEUE_ONE = "INSERT OR REPLACE INTO outbox (projection, kind, object_id, rev, op, seq) VALUES (?, ?, ?, ?, ?, ?)"
_DUE = """SELECT projection, kind, object_id, op, seq, attempts FROM outbox
    WHERE projection = ? AND parked_at IS NULL AND (next_attempt_at IS NULL OR next_attempt_at <= ?)
    ORDER BY seq LIMIT ?"""
_END_OF_SLICE = "SELECT max(seq) FROM (SELECT seq FROM outbox WHERE projection = ? AND seq > ? ORDER BY seq LIMIT ?)"
_COPY_SLICE = """INSERT OR IGNORE INTO outbox (projection, kind, object_id, rev, op, seq, parked_at, error, attempts)
    SELECT ?, kind, object_id, rev, op, seq, parked_at, error, attempts FROM outbox
    WHERE projection = ? AND seq > ? AND seq <= ?"""
_CLEAR_SLICE = "DELETE FROM outbox WHERE projection = ? AND seq <= ? RETURNING kind, object_id, op"
_CONFIRM = "DELETE FROM outbox WHERE projection = ? AND kind = ? AND object_id = ? AND seq = ?"
# Every projection has confirmed. By way of the projections (CROSS keeps that order), because the outbox is looked up by
# them: without statistics SQLite reads the whole outbox for each tombstone.
_BURY_ALL = """DELETE FROM tombstones WHERE NOT EXISTS (SELECT 1 FROM projections AS p CROSS JOIN outbox AS o
    ON p.state != 'retired' AND o.projection = p.id AND o.kind = tombstones.kind
    AND o.object_id = tombstones.object_id)"""
_BURY = f"{_BURY_ALL} AND kind = ? AND object_id = ?"
# What a projection is told of before the memories: (kind, table). A memory brings the relationships at it along.
_FEW = {
    "vectors": (("pattern", "patterns"),),
    "graph": (("user", "users"), ("project", "projects"), ("pattern", "patterns")),
}
_TOLD = f"SELECT port, json_extract(settings_json, '$.{TOLD}') FROM projections WHERE id = ? AND state != 'retired'"
_TELL = """INSERT OR REPLACE INTO outbox (projection, kind, object_id, rev, op, seq)
    SELECT ?, ?, id, rev, 'upsert', (SELECT value FROM outbox_sequence) + row_number() OVER (ORDER BY {order})
    FROM {rows}"""
_SLICE = "memories WHERE memory_key > ? AND memory_key <= ? AND is_archived = 0"
_END_OF_MEMORIES = """SELECT max(memory_key) FROM
    (SELECT memory_key FROM memories WHERE memory_key > ? ORDER BY memory_key LIMIT ?)"""
_TOLD_UP_TO = f"UPDATE projections SET settings_json = json_set(settings_json, '$.{TOLD}', ?) WHERE id = ?"
_TOLD_ALL = f"UPDATE projections SET settings_json = json_remove(settings_json, '$.{TOLD}') WHERE id = ?"
_IN_USE = "projection NOT IN (SELECT id FROM projections WHERE state = 'retired')"
_PROJECTION = "id, port, engine, generation, instance_id, state, fingerprint, settings_json"


class OutboxRows:
    """OutboxTable on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def sequence(self) -> int:
        found: int = self._db.execute("SELECT value FROM outbox_sequence").fetchone()[0]
        return found

    def enqueue(self, kind: str, object_id: str, rev: int, op: str, only: str | None = None) -> None:
        self._db.execute("UPDATE outbox_sequence SET value = value + 1")
        self._db.execute(_ENQUEUE, (kind, object_id, rev, op, only))

    def enqueue_many(self, kind: str, objects: Sequence[tuple[str, int]], op: str) -> None:
        seq: int = self._db.execute(
            "UPDATE outbox_sequence SET value = value + ? RETURNING value", (len(objects),)
        ).fetchone()[0]
        numbered = list(enumerate(objects, seq - len(objects) + 1))
        for (projection,) in self._db.execute(_OPEN, (kind,)).fetchall():
            rows = [(projection, kind, object_id, rev, op, at) for at, (object_id, rev) in numbered]
            self._db.executemany(_ENQUEUE_ONE, rows)

    def due(self, projection: str, now: str, limit: int) -> list[Pending]:
        return [Pending(*row) for row in self._db.execute(_DUE, (projection, now, limit))]

    def confirm(self, rows: Sequence[Pending]) -> list[str]:
        gone = [
            row.object_id
            for row in rows
            if self._db.execute(_CONFIRM, (row.projection, row.kind, row.object_id, row.seq)).rowcount
        ]
        if rows:
            sql = "UPDATE projections SET checkpoint = max(checkpoint, ?) WHERE id = ?"
            self._db.execute(sql, (max(row.seq for row in rows), rows[0].projection))
        deleted = [(row.kind, row.object_id) for row in rows if row.op == "delete"]
        self._db.executemany(_BURY, deleted)
        return gone

    def fail(self, row: Pending, error: str, retry_at: str | None) -> None:
        self._db.execute(
            """UPDATE outbox SET attempts = attempts + 1, error = ?, next_attempt_at = ?,
               parked_at = CASE WHEN ? IS NULL THEN strftime('%Y-%m-%dT%H:%M:%fZ', 'now') END
               WHERE projection = ? AND kind = ? AND object_id = ? AND seq = ?""",
            (error[:500], retry_at, retry_at, row.projection, row.kind, row.object_id, row.seq),
        )

    def pending(self) -> dict[str, int]:
        sql = f"SELECT projection, count(*) FROM outbox WHERE parked_at IS NULL AND {_IN_USE} GROUP BY projection"
        return dict(self._db.execute(sql).fetchall())

    def is_behind(self, projection: str) -> bool:
        sql = "SELECT EXISTS (SELECT 1 FROM outbox WHERE projection = ? AND parked_at IS NULL)"
        return bool(self._db.execute(sql, (projection,)).fetchone()[0])

    def parked_count(self) -> int:
        sql = f"SELECT count(*) FROM outbox WHERE parked_at IS NOT NULL AND {_IN_USE}"
        found: int = self._db.execute(sql).fetchone()[0]
        return found

    def parked(self, limit: int) -> list[Parked]:
        sql = f"""SELECT projection, kind, object_id, attempts, coalesce(error, '') FROM outbox
            WHERE parked_at IS NOT NULL AND {_IN_USE}
            ORDER BY +projection, seq LIMIT ?"""  # + is for no index: few are parked
        return [Parked(*row) for row in self._db.execute(sql, (limit,))]

    def projections(self, port: str) -> list[Projection]:
        sql = f"SELECT {_PROJECTION} FROM projections WHERE port = ? AND state != 'retired' ORDER BY created_at, id"
        rows = self._db.execute(sql, (port,)).fetchall()
        return [
            Projection(id_, port_, engine, generation, instance, state, fingerprint, json.loads(settings))
            for id_, port_, engine, generation, instance, state, fingerprint, settings in rows
        ]

    def add_projection(self, projection: Projection, at: str, source: str | None) -> None:
        item = projection
        settings = dict(item.settings) if source is not None else {**item.settings, TOLD: 0}
        self._db.execute(
            f"INSERT INTO projections ({_PROJECTION}, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (item.id, item.port, item.engine, item.generation, item.instance_id, item.state, item.fingerprint,
             to_json(settings), at),
        )  # fmt: skip

    def copy_from(self, source: str, projection_id: str, after: int, limit: int) -> int | None:
        last: int | None = self._db.execute(_END_OF_SLICE, (source, after, limit)).fetchone()[0]
        if last is not None:
            self._db.execute(_COPY_SLICE, (projection_id, source, after, last))
        return last

    def tell(self, projection_id: str, limit: int) -> bool:
        row: tuple[str, int | None] | None = self._db.execute(_TOLD, (projection_id,)).fetchone()
        if row is None or row[1] is None:  # it was dropped meanwhile, or has been told
            return False
        port, after = row[0], row[1]
        if after == 0:
            for kind, table in _FEW[port]:
                self._told(_TELL.format(order="created_at, id", rows=table), projection_id, kind)
        last: int | None = self._db.execute(_END_OF_MEMORIES, (after, limit)).fetchone()[0]
        if last is None:
            self._db.execute(_TOLD_ALL, (projection_id,))
            return False
        self._told(_TELL.format(order="memory_key", rows=_SLICE), projection_id, "memory", after, last)
        self._db.execute(_TOLD_UP_TO, (last, projection_id))
        return True

    def _told(self, sql: str, *values: str | int) -> None:
        count = self._db.execute(sql, values).rowcount
        self._db.execute("UPDATE outbox_sequence SET value = value + ?", (count,))

    def set_projection(self, projection_id: str, columns: Columns) -> None:
        assigned = ", ".join(f"{name} = ?" for name in columns)
        sql = f"UPDATE projections SET {assigned} WHERE id = ? AND state != 'retired'"
        self._db.execute(sql, (*columns.values(), projection_id))

    def retire(self, projection_id: str) -> None:
        self._db.execute("UPDATE projections SET state = 'retired' WHERE id = ?", (projection_id,))

    def clear_retired(self, limit: int) -> bool:
        row = self._db.execute("SELECT id FROM projections WHERE state = 'retired' LIMIT 1").fetchone()
        if row is None:
            return False
        last: int | None = self._db.execute(_END_OF_SLICE, (row[0], 0, limit)).fetchone()[0]
        if last is None:
            self._db.execute("DELETE FROM projections WHERE id = ?", row)
            self._db.execute(_BURY_ALL)  # it may have been the last that had not confirmed
        else:
            gone = self._db.execute(_CLEAR_SLICE, (row[0], last)).fetchall()
            self._db.executemany(_BURY, [(kind, object_id) for kind, object_id, op in gone if op == "delete"])
        return True
