"""The `memory_relationships` and `memory_projects` tables: rows to records and back.

Not a graph (graph.py, walks.py); it answers what one memory is linked to, and which links there are.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from lmem.domain.graph import Edge
from lmem.domain.memories import Memory, to_json
from lmem.domain.related import Applied, Related, RelationChange, RelationFilter
from lmem.domain.relations import RELATIONS, Link, Relation, word_for
from lmem.stores.sqlite import nearness, relationchanges
from lmem.stores.sqlite.memories import readable

_OF = """SELECT r.relationship_type, 'out', m.id, m.title FROM memory_relationships r
      JOIN {source} m ON m.id = r.to_memory_id WHERE r.from_memory_id = ?1
    UNION ALL
    SELECT r.relationship_type, 'in', m.id, m.title FROM memory_relationships r
      JOIN {source} m ON m.id = r.from_memory_id WHERE r.to_memory_id = ?1"""
_FIELDS = (
    "id", "from_memory_id", "to_memory_id", "relationship_type", "created_by", "created_at", "strength",
    "properties_json", "context", "auto_detected", "rev",
)  # fmt: skip
_COLUMNS = ", ".join(f"r.{name}" for name in _FIELDS)
_INSERT = f"""INSERT INTO memory_relationships ({", ".join(_FIELDS)}) VALUES (?{", ?" * (len(_FIELDS) - 1)})
    ON CONFLICT (from_memory_id, to_memory_id, relationship_type) DO NOTHING"""
_UPDATE = """UPDATE memory_relationships SET strength = ?, properties_json = ?, context = ?, auto_detected = ?, rev = ?
    WHERE id = ?"""
_DELETE = "DELETE FROM memory_relationships WHERE from_memory_id = ? AND to_memory_id = ? AND relationship_type = ?"
_FIND = f"""SELECT {_COLUMNS} FROM memory_relationships r
    WHERE r.from_memory_id = ? AND r.to_memory_id = ? AND r.relationship_type = ?"""
_BETWEEN = f"""SELECT {_COLUMNS} FROM memory_relationships r WHERE r.from_memory_id = ?1 AND r.to_memory_id = ?2
    UNION ALL SELECT {_COLUMNS} FROM memory_relationships r WHERE r.from_memory_id = ?2 AND r.to_memory_id = ?1
    ORDER BY 4, 2"""
_SEQUENCE = """SELECT ifnull(max(json_extract(properties_json, '$.sequence')), 0) FROM memory_relationships
    WHERE from_memory_id = ? AND relationship_type = 'builds_on'"""
_READABLE = f"""SELECT {_COLUMNS}, a.title, b.title FROM memory_relationships r
    CROSS JOIN {{source}} a ON a.id = r.from_memory_id CROSS JOIN {{source}} b ON b.id = r.to_memory_id
    WHERE {{which}} AND +a.user_id = ? AND a.is_archived = 0 AND b.is_archived = 0"""
# The strongest in the order of their index; of some types, or detected ones, by the index of those.
STRONGEST = f"{_READABLE} ORDER BY r.strength DESC, r.rowid LIMIT ? OFFSET ?"
CHOSEN = f"{_READABLE} ORDER BY +r.strength DESC, r.rowid LIMIT ? OFFSET ?"
_OF_ID = "SELECT id FROM memories_all WHERE id >= ?1 AND id < ?2 AND +user_id = ?3 LIMIT 2"
_OF_COMMIT = """SELECT id FROM memories_all WHERE source_tool = 'git.post-commit' AND external_id >= ?1
    AND external_id < ?2 AND +user_id = ?3 LIMIT 2"""
_APPLIED = """SELECT p.id, p.name, l.relevance FROM memory_projects l JOIN projects p ON p.id = l.project_id
    WHERE l.memory_id = ? ORDER BY l.relevance DESC, p.name, p.id"""
_APPLY = """INSERT INTO memory_projects (memory_id, project_id, relevance, created_by, created_at)
    VALUES (?, ?, ?, ?, ?) ON CONFLICT (memory_id, project_id) DO UPDATE SET relevance = excluded.relevance"""


class RelationRows:
    """RelationTable on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def of(self, memory_id: str, shared: bool) -> list[Link]:
        rows = self._db.execute(_OF.format(source=readable(shared)), (memory_id,))
        return [Link(word_for(kind, direction), direction, other, title) for kind, direction, other, title in rows]

    def find(self, from_id: str, to_id: str, relation_type: str) -> Relation | None:
        row = self._db.execute(_FIND, (from_id, to_id, relation_type)).fetchone()
        return _relation(row) if row else None

    def between(self, one: str, other: str) -> list[Relation]:
        return [_relation(row) for row in self._db.execute(_BETWEEN, (one, other))]

    def insert(self, relation: Relation) -> bool:
        item = relation
        done = self._db.execute(
            _INSERT,
            (item.id, item.from_id, item.to_id, item.type, item.created_by, item.created_at, item.strength,
             to_json(dict(item.properties)), item.context, int(item.auto_detected), item.rev),
        )  # fmt: skip
        return done.rowcount > 0

    def update(self, relation: Relation) -> None:
        item = relation
        self._db.execute(
            _UPDATE,
            (item.strength, to_json(dict(item.properties)), item.context, int(item.auto_detected), item.rev, item.id),
        )

    def delete(self, from_id: str, to_id: str, relation_type: str) -> None:
        self._db.execute(_DELETE, (from_id, to_id, relation_type))

    def newest_sequence(self, from_id: str) -> int:
        return int(self._db.execute(_SEQUENCE, (from_id,)).fetchone()[0])

    def at(self, memory_id: str, wanted: RelationFilter) -> list[Related]:
        found: list[Related] = []
        for side in ("from_memory_id", "to_memory_id"):
            which, values = _conditions(wanted, f"r.{side} = ?", "+")
            sql = f"{_READABLE} ORDER BY r.rowid".format(source=readable(wanted.shared), which=which)
            found += [_related(row) for row in self._db.execute(sql, (memory_id, *values, wanted.user_id))]
        found.sort(key=lambda item: (-item.relation.strength, item.relation.created_at))
        return [*found, *self._derived(memory_id, wanted, {_name(item.relation) for item in found})]

    def page(self, wanted: RelationFilter, limit: int, offset: int) -> list[Related]:
        which, values = _conditions(wanted, "1", "")
        sql = (CHOSEN if values or wanted.detected is not None else STRONGEST).format(
            source=readable(wanted.shared), which=which
        )
        return [_related(row) for row in self._db.execute(sql, (*values, wanted.user_id, limit, offset))]

    def named(self, user_id: str, name: str) -> str | None:
        found = {row[0] for sql in (_OF_ID, _OF_COMMIT) for row in self._db.execute(sql, (name, name + "g", user_id))}
        return found.pop() if len(found) == 1 else None

    def applied(self, memory_id: str) -> list[Applied]:
        return [Applied(*row) for row in self._db.execute(_APPLIED, (memory_id,))]

    def apply(self, memory_id: str, project_id: str, relevance: float | None, user_id: str, at: str) -> None:
        if relevance is None:
            sql = "DELETE FROM memory_projects WHERE memory_id = ? AND project_id = ?"
            self._db.execute(sql, (memory_id, project_id))
        else:
            self._db.execute(_APPLY, (memory_id, project_id, relevance, user_id, at))

    def following(self, memory: Memory) -> list[tuple[str, int]]:
        place = memory.key, memory.session_id, memory.project_id, memory.created_at
        return [(item.id, item.rev) for item in nearness.after(self._db, *place)]

    def keep(self, change_set: int, change: RelationChange) -> None:
        relationchanges.keep(self._db, change_set, change)

    def changed_since(self, change: RelationChange, change_set: int) -> set[int]:
        return relationchanges.since(self._db, change, change_set)

    def changes(self, change_set: int) -> Sequence[RelationChange]:
        return relationchanges.of(self._db, change_set)

    def _derived(self, memory_id: str, wanted: RelationFilter, known: set[tuple[str, str, str]]) -> list[Related]:
        types = {item.edge: item.name for item in RELATIONS if item.derived and item.name in wanted.types}
        edges = nearness.derived_at(self._db, [memory_id], types) if wanted.detected is not False else []
        ends = json.dumps(list({end for edge in edges for end in (edge.start, edge.end)}))
        sql = "SELECT m.id, m.title FROM json_each(?) f CROSS JOIN memories_shared m ON m.id = f.value"
        titles = dict(self._db.execute(sql, (ends,)).fetchall()) if edges else {}
        found = [Related(_of_edge(edge, types[edge.type]), titles[edge.start], titles[edge.end], True)
                 for edge in edges]  # fmt: skip
        return [item for item in found if _name(item.relation) not in known]


def _conditions(wanted: RelationFilter, first: str, plus: str) -> tuple[str, list[str]]:
    """Which rows are meant, with the types' values. With `plus` the index is the one of the first condition."""
    clauses = [first]
    if wanted.detected is not None:
        clauses.append(f"{plus}r.auto_detected = {int(wanted.detected)}")
    if wanted.types:
        mark = "+" if wanted.detected is not None else plus
        clauses.append(f"{mark}r.relationship_type IN ({', '.join('?' * len(wanted.types))})")
    return " AND ".join(clauses), list(wanted.types)


def _relation(row: Sequence[object]) -> Relation:
    values = list(row)
    values[7], values[9] = json.loads(str(values[7])), bool(values[9])
    return Relation(*values)  # type: ignore[arg-type]  # columns are in the order of the fields


def _related(row: Sequence[object]) -> Related:
    *columns, from_title, to_title = row
    return Related(_relation(columns), str(from_title), str(to_title))


def _of_edge(edge: Edge, name: str) -> Relation:
    """A relation that has no row."""
    return Relation("", edge.start, edge.end, name, None, "", properties=edge.properties, auto_detected=True)


def _name(relation: Relation) -> tuple[str, str, str]:
    return relation.from_id, relation.to_id, relation.type
