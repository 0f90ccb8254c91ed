"""Memories at an earlier time: current rows beside `memory_versions`, full text of what was replaced.

Not the replay of versions (lmem.domain.replay). Only a memory's first version is backdated, so a version after the
first is valid from when it was recorded, and the one index on `created_at` answers for both times.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from lmem.domain.filters import Filter
from lmem.domain.history import AsOf, Version
from lmem.domain.memories import Memory, to_json
from lmem.domain.room import cut
from lmem.ports.tables import Hit
from lmem.stores.sqlite.memories import COLUMNS, ORDERS, conditions, record, source
from lmem.stores.sqlite.versions import COLUMNS as VERSION_COLUMNS
from lmem.stores.sqlite.versions import version

_SINCE = {
    True: "SELECT memory_id FROM memory_versions WHERE created_at > ?",
    False: "SELECT memory_id FROM memory_versions WHERE created_at > ? AND version_number > 1",
}
# What changed after its first version is there even if it is dated later. The plus keeps the planner from walking the
# index of dates, which all rows pass, instead of the full text or the order.
_WAS_THERE = {
    True: "1",
    False: "(+m.created_at <= ? OR EXISTS (SELECT 1 FROM memory_versions v WHERE v.memory_id = m.id "
    "AND v.version_number > 1))",
}
_OLD = """SELECT o.memory_id, o.version_number, -bm25(memory_versions_fts, 2.0, 1.0, 1.0)
    FROM memory_versions_fts f CROSS JOIN memory_old_texts o ON o.version_key = f.rowid
    CROSS JOIN {source} m ON m.id = o.memory_id
    WHERE memory_versions_fts MATCH ? AND m.user_id = ? ORDER BY bm25(memory_versions_fts, 2.0, 1.0, 1.0) LIMIT ?"""
_MATCH = """SELECT m.id, -bm25(memories_fts, 2.0, 1.0, 1.0) FROM memories_fts f
    CROSS JOIN {source} m ON m.memory_key = f.rowid WHERE memories_fts MATCH ? AND {where}
    ORDER BY bm25(memories_fts, 2.0, 1.0, 1.0) LIMIT ?"""
_ROWS = f"""SELECT {COLUMNS} FROM (SELECT value AS wanted FROM json_each(?)) CROSS JOIN memories
    WHERE id = wanted ORDER BY id"""
_VERSIONS = f"""SELECT {VERSION_COLUMNS.replace("title, content, summary", "'', '', NULL")} FROM
    (SELECT value AS wanted FROM json_each(?)) CROSS JOIN memory_versions
    WHERE memory_id = wanted ORDER BY memory_id, version_number"""
_TEXTS = """SELECT v.memory_id, v.version_number, v.title, v.content, v.summary FROM json_each(?) AS w
    CROSS JOIN memory_versions_text AS v
    WHERE v.memory_id = json_extract(w.value, '$[0]') AND v.version_number = json_extract(w.value, '$[1]')"""
_FIELDS = (
    "id", "user_id", "project_id", "session_id", "memory_type", "category", "importance_score", "decay_rate",
    "is_private", "is_archived", "created_at", "valid_until", "source_tool", "external_id",
)  # fmt: skip
_FLAGS = ("layer_session", "layer_project", "layer_global", "layer_temporal")
_STATES = f"CREATE TABLE m ({', '.join((*_FIELDS, 'tags', *_FLAGS))})"
_ADD_STATE = f"INSERT INTO m VALUES ({', '.join('?' * (len(_FIELDS) + 1 + len(_FLAGS)))})"


class PastRows:
    """PastTable on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def unchanged(self, wanted: Filter, moment: AsOf, order: str, limit: int) -> tuple[list[Memory], int]:
        where, values = _still(wanted, moment)
        rest = f"FROM {source(wanted)} m WHERE {where}"
        rows = self._db.execute(f"SELECT {COLUMNS} {rest} ORDER BY {ORDERS[order]} LIMIT ?", (*values, limit))
        found = [cut(record(row)) for row in rows]
        count: int = self._db.execute(f"SELECT count(*) {rest}", values).fetchone()[0]
        return found, count

    def changed(self, wanted: Filter, moment: AsOf) -> list[str]:
        sql = f"SELECT id FROM {source(wanted)} WHERE user_id = ? AND id IN ({_SINCE[moment.recorded]})"
        return [row[0] for row in self._db.execute(sql, (wanted.user_id, moment.at))]

    def histories(self, ids: Sequence[str]) -> list[tuple[Memory, list[Version]]]:
        wanted = (json.dumps(list(ids)),)
        versions = {
            memory_id: [version(row) for row in rows]
            for memory_id, rows in groupby(self._db.execute(_VERSIONS, wanted), itemgetter(0))
        }
        return [(cut(memory), versions[memory.id]) for memory in map(record, self._db.execute(_ROWS, wanted))]

    def texts(self, wanted: Sequence[tuple[str, int]]) -> Iterator[tuple[str, int, str, str, str | None]]:
        return self._db.execute(_TEXTS, (json.dumps([list(pair) for pair in wanted]),))

    def passing(self, states: Sequence[Memory], wanted: Filter) -> set[str]:
        where, values = conditions(wanted)
        beside = sqlite3.connect(":memory:")  # so that a filter is written once: a reader may make no table of its own
        try:
            beside.execute(_STATES)
            beside.executemany(_ADD_STATE, map(_fields, states))
            return {row[0] for row in beside.execute(f"SELECT m.id FROM m WHERE {where}", values)}
        finally:
            beside.close()

    def match(self, expression: str, wanted: Filter, moment: AsOf, limit: int) -> list[Hit]:
        where, values = _still(wanted, moment)
        return self._hits(expression, wanted, where, values, limit)

    def match_changed(self, expression: str, wanted: Filter, moment: AsOf, limit: int) -> list[Hit]:
        where = f"m.user_id = ? AND m.id IN ({_SINCE[moment.recorded]})"
        return self._hits(expression, wanted, where, [wanted.user_id, moment.at], limit)

    def match_old(self, expression: str, wanted: Filter, limit: int) -> list[tuple[str, int, float]]:
        if not expression:
            return []
        return self._db.execute(_OLD.format(source=source(wanted)), (expression, wanted.user_id, limit)).fetchall()

    def _hits(
        self, expression: str, wanted: Filter, where: str, values: Sequence[str | float], limit: int
    ) -> list[Hit]:
        if not expression:
            return []
        sql = _MATCH.format(source=source(wanted), where=where)
        return self._db.execute(sql, (expression, *values, limit)).fetchall()


def _still(wanted: Filter, moment: AsOf) -> tuple[str, list[str | float]]:
    """Conditions on a row that passes the filter, was there at the moment and did not change since."""
    where, values = conditions(wanted)
    there = _WAS_THERE[moment.recorded]
    return (
        f"{where} AND {there} AND m.id NOT IN ({_SINCE[moment.recorded]})",
        [*values, *[moment.at] * there.count("?"), moment.at],
    )


def _fields(state: Memory) -> list[object]:
    """The values of a row of _STATES."""
    values = [getattr(state, name) for name in _FIELDS]
    flags = state.layers.flags()
    return [*values, to_json(list(state.tags)), *(flags[name] for name in _FLAGS)]
