"""Edges as the truth has them: rows of many tables, read by the one table of lmem.domain.relations.

Not which of them a reader may see, and not those that follow from the order of memories (nearness.py).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from lmem.domain.graph import LABELS, Edge, Value
from lmem.domain.relations import BY_EDGE, FINDINGS, RELATIONSHIPS, USES, Home, Property, RelationType

_AT = """SELECT {columns} FROM json_each(?) f CROSS JOIN {table} e ON e.{side} = f.value
    WHERE {where} AND e.{other} IS NOT NULL"""
# Of a node with very many edges: those to the nodes of the least ids that a reader may see.
_LEAST = """SELECT {columns} FROM {table} e CROSS JOIN {far} v ON v.id = e.{other}
    WHERE e.{side} = ? AND {where} AND {seen} ORDER BY e.{other} LIMIT ?"""
_ROWS = "SELECT {columns} FROM json_each(?) f CROSS JOIN memory_relationships e ON e.id = f.value WHERE {where}"
# Of several who say so, a pattern was discovered by the first.
_FIRST = """e.discovered_by IS NOT NULL AND e.used_at = (SELECT min(s.used_at) FROM pattern_uses s
    WHERE s.pattern_id = e.pattern_id AND s.discovered_by IS NOT NULL)"""

Name = tuple[str, str, str, str]
"""What names an edge: type, start, end, key."""


def edges_at(db: sqlite3.Connection, kind: str, ids: Iterable[str], types: Iterable[str]) -> list[Edge]:
    """Every edge of these types with one of these objects at an end, once, in no order."""
    wanted = json.dumps(list(ids))
    found: dict[Name, Edge] = {}
    for home, relations in _homes(types).items():
        for side in ("start", "end"):
            chosen = [relation for relation in relations if getattr(relation, side) == kind]
            if chosen:
                for edge in _read(db, home, chosen, side, wanted):
                    found[name_of(edge)] = edge
    return list(found.values())


def least_at(
    db: sqlite3.Connection, kind: str, id_: str, types: Iterable[str], far: Mapping[str, tuple[str, str]], user: str,
    most: int,
) -> list[Edge]:  # fmt: skip
    """Edges at one object as `edges_at`, of each type and side only those to the `most` nodes of the least ids.

    `far` has by kind where the other ends are looked up, as `v`, and which of them may be seen by a user. Uses of a
    pattern are all told: there may be many between the same two.
    """
    found: dict[Name, Edge] = {}
    for home, relations in _homes(types).items():
        for side, other in (("start", "end"), ("end", "start")):
            for relation in relations:  # each may have an end of another kind
                if getattr(relation, side) == kind:
                    table, seen = far[getattr(relation, other)]
                    sql = _LEAST.format(
                        columns=columns_of(home), table=home.table, far=table, side=getattr(home, side),
                        other=getattr(home, other), where=condition([relation]), seen=seen,
                    )  # fmt: skip
                    for row in db.execute(sql, (id_, user, -1 if home.table == USES.table else most)):
                        edge = edge_of(home, relations, row)
                        found[name_of(edge)] = edge
    return list(found.values())


def edges_of_rows(db: sqlite3.Connection, ids: Iterable[str]) -> list[Edge]:
    """The edges of these rows of `memory_relationships`."""
    relations = _homes(BY_EDGE)[RELATIONSHIPS]
    sql = _ROWS.format(columns=columns_of(RELATIONSHIPS), where=condition(relations))
    return [edge_of(RELATIONSHIPS, relations, row) for row in db.execute(sql, (json.dumps(list(ids)),))]


def name_of(edge: Edge) -> Name:
    return edge.type, edge.start, edge.end, edge.key


@cache
def columns_of(home: Home) -> str:
    """What is read of an edge `e`: both ends, what tells types and edges apart, id, rev, the properties."""
    own = ("id", "rev") if home is RELATIONSHIPS else ("''", "1")
    named = [f"e.{name}" if name.isidentifier() else name for name in own]
    parts = [f"e.{home.start}", f"e.{home.end}", f"e.{home.kind}" if home.kind else "''"]
    parts += [f"e.{home.key}" if home.key else "''", *named, *(f"e.{name}" for name in _stored(home))]
    return ", ".join(parts)


def condition(relations: Sequence[RelationType]) -> str:
    """Which rows of a home are edges of these types. The plus sign keeps the types from choosing the index."""
    home = relations[0].home
    if home is FINDINGS:
        return _FIRST
    if not home.kind:
        return "1"
    values = ", ".join(repr(relation.value) for relation in relations)  # our own words, and 0 and 1
    return f"+e.{home.kind} IN ({values})"


def edge_of(home: Home, relations: Sequence[RelationType], row: Sequence[object]) -> Edge:
    """An edge from a row of `columns_of`."""
    start, end, value, key, id_, rev, *stored = row
    relation = next(item for item in relations if not home.kind or item.value == value)
    held = dict(zip(_stored(home), stored, strict=True))
    return Edge(
        relation.edge, LABELS[relation.start], str(start), LABELS[relation.end], str(end),
        _properties(relation, held), str(key), str(id_), int(str(rev)),
    )  # fmt: skip


def _read(
    db: sqlite3.Connection, home: Home, relations: Sequence[RelationType], side: str, wanted: str
) -> Iterable[Edge]:
    ends = (home.start, home.end) if side == "start" else (home.end, home.start)
    sql = _AT.format(
        columns=columns_of(home), table=home.table, side=ends[0], other=ends[1], where=condition(relations)
    )
    return [edge_of(home, relations, row) for row in db.execute(sql, (wanted,))]


def _homes(types: Iterable[str]) -> dict[Home, list[RelationType]]:
    found: dict[Home, list[RelationType]] = {}
    for name in types:
        relation = BY_EDGE.get(name)
        if relation is not None:
            found.setdefault(relation.home, []).append(relation)
    return found


@cache
def _stored(home: Home) -> tuple[str, ...]:
    """The columns that hold properties of any type of a home."""
    properties = [item for relation in BY_EDGE.values() if relation.home == home for item in relation.properties]
    return tuple(dict.fromkeys(item.column or "properties_json" for item in properties))


def _properties(relation: RelationType, held: Mapping[str, object]) -> dict[str, Value]:
    """The properties that an edge of a type has; one that is not stored is not there."""
    fields = held.get("properties_json")
    more: dict[str, object] = json.loads(str(fields)) if fields and fields != "{}" else {}
    found = {item.name: _value(item, held[item.column] if item.column else more.get(item.name))
             for item in relation.properties}  # fmt: skip
    return {name: value for name, value in found.items() if value is not None}


def _value(item: Property, raw: object) -> Value:
    if raw is None:
        return None
    if item.kind == "flag":
        return bool(raw)
    if item.kind == "day":
        return str(raw)[:10]
    return raw if isinstance(raw, str | int | float) else str(raw)
