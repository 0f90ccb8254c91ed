"""The `audit_log` table: a hash chain over who did what to which id.

Not a log of texts: details hold ids, field names and counts.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence

from lmem.domain.actors import Actor
from lmem.domain.audit import START, Entry, Link, Mark, Wanted, chained
from lmem.domain.memories import to_json
from lmem.domain.times import to_milliseconds

_HEAD = "SELECT seq, hash FROM audit_head WHERE id = 1"
_END = """SELECT max(coalesce((SELECT seq FROM audit_head), 0), coalesce((SELECT max(seq) FROM audit_log), 0)),
    coalesce((SELECT hash FROM audit_head), zeroblob(32))"""
_SET_HEAD = "UPDATE audit_head SET seq = ?, hash = ? WHERE id = 1"
_INSERT = """INSERT INTO audit_log (user_id, session_id, action, resource_type, resource_id, details_json,
    ip_address, user_agent, at_ms, seq, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_FIELDS = """{id}, user_id, session_id, action, resource_type, resource_id, details_json, ip_address, user_agent,
    created_at"""
_ENTRY = _FIELDS.format(id="id")
_HASHED = _FIELDS.format(id="given_id")  # an id that is made of the hash is no part of it
_LINKS = f"SELECT {_HASHED}, seq, hash FROM audit_log WHERE seq > ? ORDER BY seq LIMIT ?"
_NEWEST = "ORDER BY at_ms DESC, seq DESC"  # reads are written a second late, so seq alone is not time
_ANCHOR = "SELECT seq, hash FROM audit_anchors ORDER BY seq DESC LIMIT 1"
_LAST_BEFORE = "SELECT seq FROM audit_log WHERE at_ms < ? ORDER BY at_ms DESC, seq DESC LIMIT 1"
_ADD_ANCHOR = """INSERT INTO audit_anchors (seq, hash, reason, created_at)
    SELECT seq, hash, ?, ? FROM audit_log WHERE seq = ?"""
_LAST = "\U0010ffff"  # sorts behind whatever begins with the same letters
_CUT = "DELETE FROM audit_log WHERE seq <= ? AND seq < (SELECT min(seq) + ? FROM audit_log)"


class AuditRows:
    """AuditTable on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def append(
        self, actor: Actor, action: str, kind: str, object_id: str, details: Mapping[str, object], at: str
    ) -> None:
        self.append_many(actor, action, kind, (object_id,), details, at)

    def append_many(
        self, actor: Actor, action: str, kind: str, ids: Sequence[str], details: Mapping[str, object], at: str
    ) -> None:
        seq, head = self._db.execute(_END).fetchone()  # after a forged entry writing goes on; the chain shows it
        text = to_json(dict(details)) if details else None
        at_ms, rows = to_milliseconds(at), []
        for object_id in ids:
            who = (actor.user_id, actor.session_id, action, kind, object_id, text, actor.address, actor.agent)
            seq, head = seq + 1, chained(head, (None, *who, at))
            rows.append((*who, at_ms, seq, head))
        self._db.executemany(_INSERT, rows)
        self._db.execute(_SET_HEAD, (seq, head))

    def page(self, wanted: Wanted, limit: int, offset: int) -> list[Entry]:
        conditions, values = _conditions(wanted)
        sql = f"SELECT {_ENTRY}, seq FROM audit_log WHERE {' AND '.join(conditions)} {_NEWEST} LIMIT ? OFFSET ?"
        return [_entry(row) for row in self._db.execute(sql, (*values, limit, offset))]

    def head(self) -> Mark | None:
        row = self._db.execute(_HEAD).fetchone()
        return Mark(*row) if row else None

    def anchor(self) -> Mark:
        row = self._db.execute(_ANCHOR).fetchone()
        return Mark(*row) if row else START

    def links(self, after: int, limit: int) -> list[Link]:
        rows = self._db.execute(_LINKS, (after, limit))
        return [Link(row[10], tuple(row[:10]), row[11]) for row in rows]

    def last_before(self, at: str) -> int | None:
        row = self._db.execute(_LAST_BEFORE, (to_milliseconds(at),)).fetchone()
        return int(row[0]) if row else None

    def add_anchor(self, seq: int, reason: str, at: str) -> None:
        self._db.execute(_ADD_ANCHOR, (reason, at, seq))

    def cut(self, up_to: int, limit: int) -> int:
        return self._db.execute(_CUT, (up_to, limit)).rowcount


def _conditions(wanted: Wanted) -> tuple[list[str], list[str | int]]:
    # Users and objects are asked for twice: an index holds the beginning of an id. The plus sign keeps the planner from
    # thinking that one user's entries are all there are, and reading the log by time.
    conditions = ["+user_id = ? AND substr(user_id, 1, 12) = ?"]
    values: list[str | int] = [wanted.user_id, wanted.user_id[:12]]
    for column, value in (("action", wanted.action), ("resource_type", wanted.kind)):
        if value is not None:
            conditions.append(f"{column} = ?")
            values.append(value)
    for column, prefix in (("resource_id", wanted.object_id), ("session_id", wanted.session_id)):
        if prefix is not None:
            conditions.append(f"{column} >= ? AND {column} < ?")
            values += [prefix, prefix + _LAST]
    if wanted.object_id is not None:
        conditions.append("substr(resource_id, 1, 12) >= ? AND substr(resource_id, 1, 12) < ?")
        values += [wanted.object_id[:12], wanted.object_id[:12] + _LAST]
    for sign, moment in ((">=", wanted.since), ("<=", wanted.until)):
        if moment is not None:
            conditions.append(f"at_ms {sign} ?")
            values.append(to_milliseconds(moment))
    return conditions, values


def _entry(row: Sequence[str]) -> Entry:
    details: dict[str, object] = json.loads(row[6]) if row[6] else {}
    return Entry(
        int(row[10]), row[0], row[1], row[2], row[3], row[4], row[5], details, row[7], row[8], row[9]
    )  # fmt: skip
