"""The graph's questions, answered by a Neo4j server's copy as SQLite answers them from the truth.

Not the last word: a copy may be behind, and knows nothing of private memories. Each question looks first whether the
copy is still the one that was opened.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from lmem.domain.graph import LABELS, Edge, Hop, Neighbour, Path, Sight, Value
from lmem.domain.relations import BY_EDGE, MADE, MEMORY, PATTERN, PROJECT, RELATIONSHIPS, WALKED_BY_DEFAULT
from lmem.stores.neo4j import walks
from lmem.stores.neo4j.copy import Neo4jCopy
from lmem.stores.neo4j.door import Door, Transaction
from lmem.stores.neo4j.values import back

T = TypeVar("T")


class Neo4jGraph:
    """Implements lmem.ports.graph.Graph."""

    def __init__(self, door: Door, copy: Neo4jCopy) -> None:
        self._door = door
        self._copy = copy

    async def neighbours(
        self, sight: Sight, label: str, node_id: str, types: Sequence[str], depth: int, limit: int
    ) -> list[Neighbour]:
        walked = walks.known(types or WALKED_BY_DEFAULT)

        async def work(tx: Transaction) -> list[Neighbour]:
            found: list[Neighbour] = []
            level = [row[0] for row in await tx.rows(walks.find(label), self._own(sight, id=node_id))]
            known = list(level)
            for distance in range(1, depth + 1):
                if not level or not walked or len(found) >= limit:
                    break
                given = self._own(sight, level=level, known=known, types=walked, room=limit - len(found))
                rows = await tx.rows(walks.step(walked), given)
                found += [_neighbour(distance, *row[1:]) for row in rows]
                level = [row[0] for row in rows]
                known += level
            return found

        return await self._asked(work)

    async def path(
        self, sight: Sight, start: tuple[str, str], end: tuple[str, str], types: Sequence[str], longest: int
    ) -> Path | None:
        walked = walks.known(types or WALKED_BY_DEFAULT)

        async def work(tx: Transaction) -> Path | None:
            one = await tx.rows(walks.find(start[0]), self._own(sight, id=start[1]))
            other = one if start == end else await tx.rows(walks.find(end[0]), self._own(sight, id=end[1]))
            if not one or not other:
                return None
            if start == end:
                return Path(((*start, one[0][1]),), ())
            if not walked or longest < 1:
                return None
            given = self._own(sight, start=one[0][0], end=other[0][0], types=walked)
            found = [_path(*row) for row in await tx.rows(walks.way(walked, longest), given)]
            return next((path for path in found if len(path.hops) <= longest), None)

        return await self._asked(work)

    async def edges(self, sight: Sight, types: Sequence[str], after: str, limit: int) -> list[Edge]:
        wanted = [name for name in types or MADE if name in BY_EDGE and BY_EDGE[name].home is RELATIONSHIPS]
        start, type_, end = after.split("/") if after else ("", "", "")

        async def work(tx: Transaction) -> list[Edge]:
            if not wanted:
                return []
            given = self._own(sight, start=start, type=type_, end=end, types=wanted, limit=limit)
            return [_edge(*row) for row in await tx.rows(walks.page(), given)]

        return await self._asked(work)

    async def projects_of_pattern(self, sight: Sight, pattern_id: str, failed: bool) -> list[tuple[str, str]]:
        return await self._used(sight, PATTERN, PROJECT, pattern_id, failed)

    async def patterns_of_project(self, sight: Sight, project_id: str, failed: bool) -> list[tuple[str, str]]:
        return await self._used(sight, PROJECT, PATTERN, project_id, failed)

    async def _used(self, sight: Sight, kind: str, other: str, id: str, failed: bool) -> list[tuple[str, str]]:
        query = walks.used(LABELS[kind], LABELS[other], failed)
        rows = await self._asked(lambda tx: tx.rows(query, self._own(sight, id=id)))
        return sorted(((found, name) for found, name in rows), key=lambda item: (item[1], item[0]))

    async def _asked(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        async def checked(tx: Transaction) -> T:
            await self._copy.confirm(tx)
            return await work(tx)

        return await self._door.read(checked)

    def _own(self, sight: Sight, **values: object) -> dict[str, object]:
        return {"prefix": self._copy.prefix, "user": sight.user_id, **values}


def _neighbour(
    distance: int, label: str, id: str, name: str, type_: str, forward: bool, near: str, held: Mapping[str, Any]
) -> Neighbour:
    return Neighbour(label, id, name, distance, Hop(type_, forward, near, id, back(held, edge=True)))


def _path(spots: Sequence[Sequence[str]], edges: Sequence[tuple[str, bool, Mapping[str, Any]]]) -> Path:
    ids = [id for _, id, _ in spots]
    hops = [
        Hop(type_, forward, ids[at], ids[at + 1], back(held, edge=True))
        for at, (type_, forward, held) in enumerate(edges)
    ]
    return Path(tuple((label, id, name) for label, id, name in spots), tuple(hops))


def _edge(start: str, type_: str, end: str, held: Mapping[str, Any]) -> Edge:
    properties: dict[str, Value] = back(held, edge=True)
    label = LABELS[MEMORY]
    return Edge(type_, label, start, label, end, properties, "", str(held.get("id", "")), int(held.get("rev", 1)))
