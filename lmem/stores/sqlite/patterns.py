"""The tables of patterns: rows to records and back, and what the projects of a pattern add up to.

Not their rules (lmem.service.patterns).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import timedelta

from lmem.domain import times
from lmem.domain.memories import to_json
from lmem.domain.patterns import Evidence, Listed, Pattern, PatternFilter, ProjectPattern, Use
from lmem.ports.tables import Columns
from lmem.stores.sqlite import purging
from lmem.stores.sqlite.memories import readable

_NAMES = (
    "id", "user_id", "pattern_type", "pattern_name", "description", "created_at", "updated_at", "rev", "usage_count",
    "success_rate", "project_ids",
)  # fmt: skip
_COLUMNS = ", ".join(f"t.{name}" for name in _NAMES)
_FIND = f"SELECT {_COLUMNS} FROM pattern_totals t WHERE t.id = ?"
# The view adds up one pattern in 20 us, and all of them where it is asked for several: so each is looked up.
_NAMED = "SELECT id FROM patterns WHERE user_id = ? AND pattern_name = ? ORDER BY pattern_type"
_TYPED = "SELECT id FROM patterns WHERE user_id = ? AND pattern_type = ? AND pattern_name = ?"
_PREFIX = "SELECT id FROM patterns WHERE id >= ? AND id < ? AND user_id = ? ORDER BY id LIMIT ?"
_BETWEEN = "SELECT id FROM patterns WHERE id >= ?1 AND (?2 = '' OR id < ?2) ORDER BY id LIMIT ?3"
_KNOWN = "SELECT pattern_name FROM patterns WHERE user_id = ? ORDER BY updated_at DESC, id LIMIT 1000"
_IN_PROJECT = ", ".join(
    f"pp.{name}"
    for name in (
        "pattern_id", "project_id", "pattern_description", "pattern_data_json", "success_rate", "usage_count",
        "memory_ids", "created_at", "updated_at", "last_used_at",
    )
)  # fmt: skip
_OF = f"SELECT {_IN_PROJECT} FROM project_patterns pp WHERE pp.pattern_id = ? ORDER BY pp.last_used_at DESC, pp.id"
_HERE = f"""SELECT {_IN_PROJECT} FROM project_patterns pp JOIN patterns p ON p.id = pp.pattern_id
    WHERE pp.project_id = ? AND {{}} ORDER BY {{}}, pp.pattern_name, pp.pattern_id LIMIT ? OFFSET ?"""
_ANYWHERE = f"SELECT {_COLUMNS} FROM pattern_totals t WHERE {{}} ORDER BY {{}}, t.pattern_name, t.id LIMIT ? OFFSET ?"
_ORDERS = {
    "usage": "{0}.usage_count DESC, {0}.success_rate DESC",
    "success": "{0}.success_rate DESC, {0}.usage_count DESC",
}
# No project's rate is above that of the whole in all: where none is so high, the pattern is not.
_SUCCESSFUL = "t.id IN (SELECT pattern_id FROM project_patterns WHERE success_rate >= ?)"
_OF_TYPE = "t.id IN (SELECT pattern_id FROM project_patterns WHERE pattern_type = ?)"
_MOST_USED = """SELECT pp.pattern_id FROM project_patterns pp CROSS JOIN patterns p ON p.id = pp.pattern_id
    WHERE p.user_id = ? ORDER BY pp.usage_count DESC LIMIT ?"""
_INSERT = """INSERT INTO patterns (id, user_id, pattern_type, pattern_name, description, created_at, updated_at, rev)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_PLACE = """INSERT INTO project_patterns (project_id, pattern_id, pattern_type, pattern_name, pattern_description,
        pattern_data_json, success_rate, usage_count, memory_ids, created_at, updated_at, last_used_at)
    VALUES (?, ?, ?, ?, ?, ?, 1.0, 0, ?, ?, ?, ?)
    ON CONFLICT (project_id, pattern_type, pattern_name) DO UPDATE SET
        pattern_description = excluded.pattern_description, pattern_data_json = excluded.pattern_data_json,
        memory_ids = excluded.memory_ids, updated_at = excluded.updated_at"""
_LAST_USE = "SELECT max(used_at) FROM pattern_uses WHERE pattern_id = ? AND project_id = ?"
_USE = """INSERT INTO pattern_uses (pattern_id, project_id, used_at, success, reason, discovered_by)
    VALUES (?, ?, ?, ?, ?, ?)"""
_COUNT = """UPDATE project_patterns SET (usage_count, success_rate, last_used_at, updated_at) =
        (SELECT count(*), avg(success), max(used_at), ?3 FROM pattern_uses WHERE pattern_id = ?1 AND project_id = ?2)
    WHERE pattern_id = ?1 AND project_id = ?2"""
_USES = """SELECT project_id, used_at, success, reason, discovered_by FROM pattern_uses WHERE pattern_id = ?
    ORDER BY used_at DESC, project_id LIMIT ?"""
_FINDER = """SELECT discovered_by FROM pattern_uses WHERE pattern_id = ? AND discovered_by IS NOT NULL
    ORDER BY used_at LIMIT 1"""
_SUPPORT = """INSERT INTO pattern_evidence (memory_id, pattern_id, kind, outcome, reason, created_at)
    VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (memory_id, pattern_id, kind) DO UPDATE SET outcome = excluded.outcome, reason = excluded.reason"""
_EVIDENCE = """SELECT e.memory_id, m.title, e.kind, e.outcome, e.reason, e.created_at
    FROM pattern_evidence e CROSS JOIN {source} m ON m.id = e.memory_id WHERE e.pattern_id = ?
    ORDER BY e.created_at, e.memory_id, e.kind"""
_READABLE = "SELECT count(*) FROM json_each(?) j CROSS JOIN {source} m ON m.id = j.value"
_MOVED = """UPDATE patterns SET rev = rev + 1, updated_at = ?
    WHERE id IN (SELECT pattern_id FROM project_patterns WHERE id IN (SELECT value FROM json_each(?)))
    RETURNING id, rev"""


class PatternRows:
    """PatternTable on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def find(self, pattern_id: str) -> Pattern | None:
        row = self._db.execute(_FIND, (pattern_id,)).fetchone()
        return _pattern(row) if row else None

    def named(self, user_id: str, name: str, kind: str | None = None) -> list[Pattern]:
        if kind is None:
            return self._each(_NAMED, user_id, name)
        return self._each(_TYPED, user_id, kind, name)

    def starting_with(self, user_id: str, prefix: str, limit: int) -> list[Pattern]:
        return self._each(_PREFIX, prefix, prefix + "g", user_id, limit)

    def names(self, user_id: str) -> list[str]:
        return [row[0] for row in self._db.execute(_KNOWN, (user_id,))]

    def page(self, wanted: PatternFilter, order: str, limit: int, offset: int = 0) -> list[Listed]:
        here = wanted.project_id is not None
        clauses, values = ["p.user_id = ?" if here else "t.user_id = ?"], list[str | float | None]([wanted.user_id])
        if wanted.type is not None:
            clauses.append("pp.pattern_type = ?" if here else _OF_TYPE)
            values.append(wanted.type)
        if wanted.min_success is not None:
            clauses += ["pp.success_rate >= ?"] if here else [_SUCCESSFUL, "t.success_rate >= ?"]
            values += [wanted.min_success] if here else [wanted.min_success] * 2
        if wanted.ids is not None:
            clauses.append(f"{'p' if here else 't'}.id IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(wanted.ids))
        where, by = " AND ".join(clauses), _ORDERS[order].format("pp" if here else "t")
        if not here:
            rows = self._db.execute(_ANYWHERE.format(where, by), (*values, limit, offset))
            return [Listed(_pattern(row)) for row in rows]
        found = self._db.execute(_HERE.format(where, by), (wanted.project_id, *values, limit, offset)).fetchall()
        return [Listed(self._one(str(row[0])), _in_project(row)) for row in found]

    def between(self, low: str, high: str, limit: int) -> list[Pattern]:
        return self._each(_BETWEEN, low, high, limit)

    def most_used(self, user_id: str, limit: int) -> list[str]:
        return list(dict.fromkeys(row[0] for row in self._db.execute(_MOST_USED, (user_id, limit))))

    def insert(self, pattern: Pattern) -> None:
        item = pattern
        self._db.execute(
            _INSERT,
            (item.id, item.user_id, item.type, item.name, item.description, item.created_at, item.updated_at, item.rev),
        )

    def update(self, pattern_id: str, columns: Columns) -> None:
        assigned = ", ".join(f"{name} = ?" for name in columns)
        self._db.execute(f"UPDATE patterns SET {assigned} WHERE id = ?", (*columns.values(), pattern_id))

    def delete(self, pattern_id: str) -> None:
        self._db.execute("DELETE FROM patterns WHERE id = ?", (pattern_id,))
        purging.mark(self._db, pattern_id)

    def in_projects(self, pattern_id: str) -> list[ProjectPattern]:
        return [_in_project(row) for row in self._db.execute(_OF, (pattern_id,))]

    def place(self, pattern: Pattern, seen: ProjectPattern) -> None:
        self._db.execute(
            _PLACE,
            (seen.project_id, pattern.id, pattern.type, pattern.name, seen.description, to_json(dict(seen.data)),
             json.dumps(seen.memory_ids), seen.created_at, seen.updated_at, seen.last_used_at),
        )  # fmt: skip

    def use(self, pattern_id: str, use: Use) -> None:
        last = self._db.execute(_LAST_USE, (pattern_id, use.project_id)).fetchone()[0]
        at = use.used_at
        if last is not None and at <= last:
            at = times.to_text(times.from_text(last) + timedelta(milliseconds=1))
        self._db.execute(_USE, (pattern_id, use.project_id, at, int(use.success), use.reason, use.discovered_by))
        self._db.execute(_COUNT, (pattern_id, use.project_id, use.used_at))

    def uses(self, pattern_id: str, limit: int) -> list[Use]:
        rows = self._db.execute(_USES, (pattern_id, limit))
        return [Use(project, at, bool(success), reason, finder) for project, at, success, reason, finder in rows]

    def finder(self, pattern_id: str) -> str | None:
        row = self._db.execute(_FINDER, (pattern_id,)).fetchone()
        return row[0] if row else None

    def support(self, pattern_id: str, evidence: Evidence) -> None:
        item = evidence
        self._db.execute(
            _SUPPORT, (item.memory_id, pattern_id, item.kind, item.outcome, item.reason, item.created_at)
        )

    def evidence(self, pattern_id: str, shared: bool) -> list[Evidence]:
        return [Evidence(*row) for row in self._db.execute(_EVIDENCE.format(source=readable(shared)), (pattern_id,))]

    def readable(self, memory_ids: Sequence[str], shared: bool) -> int:
        sql = _READABLE.format(source=readable(shared))
        found: int = self._db.execute(sql, (json.dumps(list(memory_ids)),)).fetchone()[0]
        return found

    def moved(self, rows: Sequence[str], at: str) -> list[tuple[str, int]]:
        return self._db.execute(_MOVED, (at, json.dumps(list(rows)))).fetchall()

    def _one(self, pattern_id: str) -> Pattern:
        return _pattern(self._db.execute(_FIND, (pattern_id,)).fetchone())

    def _each(self, sql: str, *values: str | int) -> list[Pattern]:
        return [self._one(pattern_id) for (pattern_id,) in self._db.execute(sql, values).fetchall()]


def _pattern(row: Sequence[object]) -> Pattern:
    values = list(row)
    values[10] = tuple(sorted(json.loads(str(values[10]))))
    return Pattern(*values)  # type: ignore[arg-type]  # columns are in the order of the fields


def _in_project(row: Sequence[object]) -> ProjectPattern:
    values = list(row)
    values[3], values[6] = json.loads(str(values[3])), tuple(json.loads(str(values[6] or "[]")))
    return ProjectPattern(*values)  # type: ignore[arg-type]  # columns are in the order of the fields
