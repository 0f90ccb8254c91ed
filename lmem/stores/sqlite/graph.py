"""The graph in the truth: nodes and edges as specification section 3 draws them, read from their tables.

Not the questions (answers.py). Memories that are private or archived are not in it, nor is an edge at one of them.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain

from lmem.domain.graph import LABELS, Edge, Node, Sight, Value, Wanted
from lmem.domain.layers import LAYERS, from_flags
from lmem.domain.relations import EDGES, MEMORY, PATTERN, PROJECT, USER
from lmem.stores.sqlite.edges import edges_at, edges_of_rows, name_of
from lmem.stores.sqlite.memories import readable
from lmem.stores.sqlite.nearness import derived_at
from lmem.stores.sqlite.walks import Spot, Walk

_KINDS = {label: kind for kind, label in LABELS.items()}
_FLAGS = ", ".join(f"n.layer_{layer}" for layer in LAYERS)
_PROPERTIES = {
    MEMORY: ("id", "user_id", "project_id", "session_id", "title", "memory_type", "category", "importance_score",
             "created_at", "updated_at"),
    PROJECT: ("id", "user_id", "name", "project_type", "language", "framework", "created_at"),
    PATTERN: ("id", "pattern_type", "pattern_name", "description", "success_rate", "usage_count", "created_at"),
    USER: ("id", "username", "created_at"),
}  # fmt: skip
"""Of specification 3.1 to 3.4; a memory has its `layer_assignments` too."""
_TABLES = {PROJECT: "projects", PATTERN: "pattern_totals", USER: "users"}
_OF = "SELECT {columns} FROM json_each(?) f CROSS JOIN {table} n ON n.id = f.value{where}"
_ALIVE = " WHERE n.is_archived = 0"
_PAGES = {
    MEMORY: "SELECT id FROM memories_shared WHERE is_archived = 0 AND id > ? ORDER BY id LIMIT ?",
    PROJECT: "SELECT id FROM projects WHERE id > ? ORDER BY id LIMIT ?",
    PATTERN: "SELECT id FROM patterns WHERE id > ? ORDER BY id LIMIT ?",
    USER: "SELECT id FROM users WHERE id > ? ORDER BY id LIMIT ?",
    "relationship": """SELECT r.id FROM memory_relationships r
        CROSS JOIN memories_shared a ON a.id = r.from_memory_id CROSS JOIN memories_shared b ON b.id = r.to_memory_id
        WHERE r.id > ? AND a.is_archived = 0 AND b.is_archived = 0 ORDER BY r.id LIMIT ?""",
}
_STARTS = {
    MEMORY: "SELECT id FROM {source} WHERE id > ? AND is_archived = 0 AND +user_id = ? ORDER BY id LIMIT ?",
    PROJECT: "SELECT id FROM projects WHERE id > ? AND +user_id = ? ORDER BY id LIMIT ?",
    PATTERN: "SELECT id FROM patterns WHERE id > ? AND +user_id = ? ORDER BY id LIMIT ?",
    USER: "SELECT id FROM users WHERE id > ? AND id = ? ORDER BY id LIMIT ?",
}
_PRIVATE = "SELECT EXISTS (SELECT 1 FROM memories_all WHERE user_id = ? AND is_private = 1 AND is_archived = 0)"
_AT = {
    MEMORY: tuple(item.edge for item in EDGES),
    PATTERN: tuple(item.edge for item in EDGES),
    PROJECT: ("OWNS",),  # its other edges are brought by what lies at their other end
    USER: ("OWNS",),
}


class GraphRows:
    """GraphTable on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def wanted(self, kind: str, ids: Sequence[str]) -> Wanted:
        if kind == "relationship":
            edges = self._seen(edges_of_rows(self._db, ids))
            linked = {edge.id for edge in edges}
            return Wanted((), tuple(edges), (), tuple(id_ for id_ in dict.fromkeys(ids) if id_ not in linked))
        nodes = self.nodes(LABELS[kind], ids)
        known = [node.id for node in nodes]
        edges = edges_at(self._db, kind, known, _AT[kind])
        if kind == MEMORY:
            edges = [*derived_at(self._db, known, _AT[kind]), *edges]  # what has a row is told by its row
        gone = tuple((LABELS[kind], id_) for id_ in dict.fromkeys(ids) if id_ not in set(known))
        return Wanted(tuple(nodes), tuple(self._seen(edges)), gone)

    def page(self, kind: str, after: str, limit: int) -> list[str]:
        return [row[0] for row in self._db.execute(_PAGES[kind], (after, limit))]

    def nodes(self, label: str, ids: Sequence[str], shared: bool = True) -> list[Node]:
        kind = _KINDS[label]
        names = _PROPERTIES[kind]
        columns = ", ".join(f"n.{name}" for name in (*names, "rev"))
        memories = kind == MEMORY
        sql = _OF.format(
            columns=f"{columns}, {_FLAGS}" if memories else columns,
            table=readable(shared) if memories else _TABLES[kind],
            where=_ALIVE if memories else "",
        )
        rows = self._db.execute(sql, (json.dumps(list(dict.fromkeys(ids))),)).fetchall()
        return [_node(label, names, row) for row in rows]

    def names(self, sight: Sight, spots: Iterable[Spot]) -> dict[Spot, str]:
        return Walk(self._db, sight, ()).names(spots)

    def starts(self, sight: Sight, label: str, after: str, limit: int) -> list[str]:
        sql = _STARTS[_KINDS[label]].format(source=readable(sight.shared))
        return [row[0] for row in self._db.execute(sql, (after, sight.user_id, limit))]

    def leaving(self, sight: Sight, label: str, ids: Sequence[str], types: Sequence[str]) -> list[Edge]:
        walk = Walk(self._db, sight, types)
        own = set(ids)
        edges = [edge for edge in walk.edges(label, ids) if edge.start_label == label and edge.start in own]
        names = walk.names({(edge.end_label, edge.end) for edge in edges})
        return sorted((edge for edge in edges if (edge.end_label, edge.end) in names), key=_start_first)

    def any_private(self, user_id: str) -> bool:
        return bool(self._db.execute(_PRIVATE, (user_id,)).fetchone()[0])

    def _seen(self, edges: Iterable[Edge]) -> list[Edge]:
        """Each edge once, without those at a memory that is not in the graph."""
        named = {name_of(edge): edge for edge in edges}
        ends = chain.from_iterable(
            ((edge.start_label, edge.start), (edge.end_label, edge.end)) for edge in named.values()
        )
        memories = {id_ for label, id_ in ends if label == LABELS[MEMORY]}
        seen = {row[0] for row in self._db.execute(
            _OF.format(columns="n.id", table=readable(True), where=_ALIVE), (json.dumps(list(memories)),)
        )}  # fmt: skip
        hidden = memories - seen
        return [edge for edge in named.values() if edge.start not in hidden and edge.end not in hidden]


def _start_first(edge: Edge) -> tuple[str, str, str, str]:
    return edge.start, edge.type, edge.end, edge.key


def _node(label: str, names: Sequence[str], row: Sequence[Value]) -> Node:
    properties: dict[str, Value] = dict(zip(names, row, strict=False))
    rev, *flags = row[len(names) :]
    if flags:
        properties["layer_assignments"] = list(from_flags(*flags).names)
    return Node(label, str(properties["id"]), properties, int(str(rev)))
