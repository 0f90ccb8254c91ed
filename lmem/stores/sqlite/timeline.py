"""Memories around one by time, and the newest changes: change sets, and adds that have none.

Not as-of reads (past.py).
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterator
from dataclasses import replace

from lmem.domain.filters import Filter
from lmem.domain.history import Change
from lmem.domain.memories import Memory
from lmem.domain.room import Room
from lmem.stores.sqlite.memories import COLUMNS, conditions, readable, record, source

SHOWN = 3
"""Memories of a change that are named."""
_AROUND = f"""SELECT {COLUMNS} FROM {{source}} m
    WHERE {{where}} AND (m.created_at, m.memory_key) {{side}} (?, ?)
    ORDER BY m.created_at {{order}}, m.memory_key {{order}} LIMIT ?"""
# Others read nothing of a time when a memory was private: versions before it was made public count as none of theirs.
_PUBLIC = """ AND NOT EXISTS (SELECT 1 FROM memory_versions s WHERE s.memory_id = v.memory_id
            AND s.version_number > v.version_number AND json_type(s.diff_json, '$.is_private') IS NOT NULL)"""
_LINKED_IN_PUBLIC = """ AND NOT EXISTS (SELECT 1 FROM memory_versions s WHERE s.memory_id = m.id
            AND s.change_set > r.change_set AND json_type(s.diff_json, '$.is_private') IS NOT NULL)"""
# The memories of a change: those that it made a version of, and both ends of the links that it made or took away.
_TOUCHED = """SELECT v.memory_id FROM memory_versions v WHERE v.change_set = {set}
    UNION SELECT m.id FROM relation_changes r JOIN memories m ON m.memory_key IN (r.from_key, r.to_key)
        WHERE r.change_set = {set}"""
_READABLE = """SELECT m.id, m.title FROM memory_versions v JOIN {{source}} m ON m.id = v.memory_id
        WHERE v.change_set = {set}{{public}}
    UNION SELECT m.id, m.title FROM relation_changes r JOIN {{source}} m ON m.memory_key IN (r.from_key, r.to_key)
        WHERE r.change_set = {set}{{linked}}"""
# Whoever may not read all memories of a change is not told why it was made.
_CHANGES = f"""SELECT c.id, c.kind, c.reason, c.created_at, c.undone_by,
        (SELECT count(*) FROM ({_TOUCHED.format(set="c.id")})) AS touched,
        (SELECT count(*) FROM ({_READABLE.format(set="c.id")})) AS readable
    FROM change_sets c WHERE c.created_by = ? AND (readable > 0 OR NOT ?) ORDER BY c.id DESC LIMIT ?"""
# Single adds that an undo could take back; they have no change set.
_ADDS = """SELECT v.created_at, m.id, m.title FROM memory_versions v JOIN {source} m ON m.id = v.memory_id
    WHERE v.created_by = ? AND v.change_set IS NULL AND v.version_number = 1 AND m.is_archived = 0{public}
    ORDER BY v.version_key DESC LIMIT ?"""
_NAMED = f"{_READABLE.format(set='?1')} LIMIT ?2"


class TimelineRows:
    """TimelineTable on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def before(self, wanted: Filter, anchor: Memory, limit: int, room: Room) -> list[Memory]:
        return room.fill(self._around(wanted, anchor, limit, "<", "DESC"))

    def after(self, wanted: Filter, anchor: Memory, limit: int, room: Room) -> list[Memory]:
        return room.fill(self._around(wanted, anchor, limit, ">", "ASC"))

    def changes(self, user_id: str, shared: bool, limit: int, offset: int) -> list[Change]:
        hidden = {"public": _PUBLIC, "linked": _LINKED_IN_PUBLIC} if shared else {"public": "", "linked": ""}
        sql, named, adds = (text.format(source=readable(shared), **hidden) for text in (_CHANGES, _NAMED, _ADDS))
        most = offset + limit
        added = [
            Change(None, "add", None, at, None, 1, ((memory_id, title),))
            for at, memory_id, title in self._db.execute(adds, (user_id, most))
        ]
        sets = [
            Change(number, kind, reason if touched == seen or not shared else None, at, undone_by, seen, ())
            for number, kind, reason, at, undone_by, touched, seen
            in self._db.execute(sql, (user_id, shared, most))
        ]  # fmt: skip
        found = list(heapq.merge(sets, added, key=lambda change: change.created_at, reverse=True))[offset:most]
        return [
            change if change.id is None
            else replace(change, memories=tuple(self._db.execute(named, (change.id, SHOWN))))
            for change in found
        ]  # fmt: skip

    def _around(self, wanted: Filter, anchor: Memory, limit: int, side: str, order: str) -> Iterator[Memory]:
        where, values = conditions(wanted)
        sql = _AROUND.format(source=source(wanted), where=where, side=side, order=order)
        return map(record, self._db.execute(sql, (*values, anchor.created_at, anchor.key, limit)))
