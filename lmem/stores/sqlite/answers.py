"""The graph's questions, answered from the truth: each on one snapshot.

Not a copy: nothing here can be behind. The order of every answer is the one that lmem.ports.graph asks for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

from lmem.domain.graph import Edge, Neighbour, Path, Sight
from lmem.domain.relations import BY_EDGE, MADE, MEMORY, RELATIONSHIPS, WALKED_BY_DEFAULT
from lmem.stores.sqlite.edges import columns_of, condition, edge_of, edges_at, name_of
from lmem.stores.sqlite.memories import readable
from lmem.stores.sqlite.nearness import TYPES, derived_from
from lmem.stores.sqlite.storage import SqliteStorage
from lmem.stores.sqlite.walks import Walk, neighbours, path

T = TypeVar("T")

_EDGES = f"""SELECT {columns_of(RELATIONSHIPS)} FROM memory_relationships e
    CROSS JOIN {{source}} a ON a.id = e.from_memory_id CROSS JOIN {{source}} b ON b.id = e.to_memory_id
    WHERE e.from_memory_id >= ?1 AND (e.from_memory_id, e.relationship_type, e.to_memory_id) > (?1, ?2, ?3)
    AND {{types}} AND +a.user_id = ?4 AND +b.user_id = ?4 AND a.is_archived = 0 AND b.is_archived = 0
    ORDER BY e.from_memory_id, e.relationship_type, e.to_memory_id LIMIT ?5"""
_MEMORIES = """SELECT id FROM {source} WHERE id >= ? AND is_archived = 0 AND +user_id = ? ORDER BY id LIMIT ?"""
_PROJECTS = """SELECT DISTINCT p.id, p.name FROM pattern_uses u
    CROSS JOIN patterns t ON t.id = u.pattern_id CROSS JOIN projects p ON p.id = u.project_id
    WHERE u.pattern_id = ?1 AND u.success = ?2 AND t.user_id = ?3 AND p.user_id = ?3 ORDER BY p.name, p.id"""
_PATTERNS = """SELECT DISTINCT t.id, t.pattern_name FROM pattern_uses u
    CROSS JOIN projects p ON p.id = u.project_id CROSS JOIN patterns t ON t.id = u.pattern_id
    WHERE u.project_id = ?1 AND +u.success = ?2 AND t.user_id = ?3 AND p.user_id = ?3 ORDER BY t.pattern_name, t.id"""
CHUNK = 500
"""Memories whose edges are read in one snapshot, where some of the edges have no rows: some 50 ms."""


class SqliteGraph:
    """Implements lmem.ports.graph.Graph."""

    def __init__(self, storage: SqliteStorage) -> None:
        self._storage = storage

    async def neighbours(
        self, sight: Sight, label: str, node_id: str, types: Sequence[str], depth: int, limit: int
    ) -> list[Neighbour]:
        walked = types or WALKED_BY_DEFAULT
        return await self._read(lambda db: neighbours(Walk(db, sight, walked), (label, node_id), depth, limit))

    async def path(
        self, sight: Sight, start: tuple[str, str], end: tuple[str, str], types: Sequence[str], longest: int
    ) -> Path | None:
        walked = types or WALKED_BY_DEFAULT
        return await self._read(lambda db: path(Walk(db, sight, walked), start, end, longest))

    async def edges(self, sight: Sight, types: Sequence[str], after: str, limit: int) -> list[Edge]:
        wanted = [name for name in types or MADE if name in BY_EDGE and BY_EDGE[name].home is RELATIONSHIPS]
        if not TYPES.intersection(wanted):
            return await self._read(lambda db: _stored(db, sight, wanted, after, limit) if wanted else [])
        found: list[Edge] = []
        start: str | None = after.partition("/")[0]
        while start is not None and len(found) < limit:  # few of the memories may have edges
            edges, start = await self._read(partial(_of_memories, sight=sight, types=wanted, start=start))
            found += [edge for edge in edges if place_of(edge) > after]
        return sorted(found, key=place_of)[:limit]

    async def projects_of_pattern(self, sight: Sight, pattern_id: str, failed: bool) -> list[tuple[str, str]]:
        return await self._rows(_PROJECTS, pattern_id, int(not failed), sight.user_id)

    async def patterns_of_project(self, sight: Sight, project_id: str, failed: bool) -> list[tuple[str, str]]:
        return await self._rows(_PATTERNS, project_id, int(not failed), sight.user_id)

    async def _rows(self, sql: str, *values: str | int) -> list[tuple[str, str]]:
        return await self._read(lambda db: db.execute(sql, values).fetchall())

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await self._storage.query(work)


def place_of(edge: Edge) -> str:
    """Where an edge is in the order of pages."""
    return f"{edge.start}/{edge.type}/{edge.end}"


def _stored(db: sqlite3.Connection, sight: Sight, types: Sequence[str], after: str, limit: int) -> list[Edge]:
    """A page of edges that have rows, in the order of their index but for what one memory has."""
    relations = [BY_EDGE[name] for name in types]
    sql = _EDGES.format(source=readable(sight.shared), types=condition(relations))
    start, type_, end = after.split("/") if after else ("", "", "")
    rows = db.execute(sql, (start, type_.lower(), end, sight.user_id, limit))
    return [edge_of(RELATIONSHIPS, relations, row) for row in rows]


def _of_memories(
    db: sqlite3.Connection, sight: Sight, types: Sequence[str], start: str
) -> tuple[list[Edge], str | None]:
    """The edges that start at the next memories, those without rows too; and where to go on, None at the end."""
    sql = _MEMORIES.format(source=readable(sight.shared))
    ids = [row[0] for row in db.execute(sql, (start, sight.user_id, CHUNK))]
    own = set(ids)
    edges = (*derived_from(db, ids, types), *edges_at(db, MEMORY, ids, types))
    here = {name_of(edge): edge for edge in edges if edge.start in own}
    return _seen(db, sight, here.values()), ids[-1] + "g" if len(ids) == CHUNK else None  # no id is between these two


def _seen(db: sqlite3.Connection, sight: Sight, edges: Iterable[Edge]) -> list[Edge]:
    listed = list(edges)
    names = Walk(db, sight, ()).names({(edge.end_label, edge.end) for edge in listed})
    return [edge for edge in listed if (edge.end_label, edge.end) in names]

