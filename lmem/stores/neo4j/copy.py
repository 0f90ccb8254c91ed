"""The graph's copy on a Neo4j server: written by the relay alone, under the prefix that it claims.

Not the questions (lmem.stores.neo4j.answers). Every write is one transaction behind the claim: whoever opened the copy
last may write, and nobody writes into a database that was wiped or swapped.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from lmem.domain.graph import Edge, Node, Wanted
from lmem.errors import IndexLost
from lmem.ports.graph import Held, Opened
from lmem.stores.neo4j import claims, migrations, shapes
from lmem.stores.neo4j.door import Door, Transaction
from lmem.stores.neo4j.pages import page
from lmem.stores.neo4j.values import of_edge, of_node

SWEPT = 2000
"""Nodes or edges of one transaction of a sweep."""

K = TypeVar("K")
T = TypeVar("T")


class Neo4jCopy:
    """Implements lmem.ports.graph.GraphCopy."""

    def __init__(self, door: Door, prefix: str) -> None:
        self._door = door
        self.prefix = prefix
        self._claim = claims.NOBODY
        self.on_lost: Callable[[], None] = lambda: None

    async def open(self, owner: str) -> Opened:
        schema = await migrations.migrate(self._door, migrations.load())
        self._claim = await self._door.write(partial(claims.claim, self.prefix, owner, schema))
        return Opened(self._claim.id, self._claim.generation, schema)

    async def check(self) -> None:
        await self._door.read(self.confirm)

    async def confirm(self, tx: Transaction) -> None:
        """As `check`, within a transaction that goes on with something else."""
        self._same(await tx.rows(shapes.CHECK, self._own()))

    async def apply(self, wanted: Wanted, generation: int) -> None:
        await self._write(generation, partial(self._applied, wanted, generation))

    async def sweep(self, generation: int) -> int:
        swept = 0
        queries = [*map(shapes.sweep_edges, shapes.STARTS), *map(shapes.sweep_nodes, shapes.NODE_LABELS)]
        for query in queries:
            while found := await self._write(generation, partial(self._swept, query, generation)):
                swept += found
        await self._write(generation, partial(claims.swept, self.prefix))
        return swept

    async def held(self, after: tuple[str, str] | None, limit: int) -> list[Held]:
        kind, id = after or ("", "")
        found: list[Held] = []
        for name in shapes.KINDS:  # each has the time limit for itself
            if name >= kind and len(found) < limit:
                place, room = id if name == kind else "", limit - len(found)
                found += await self._door.read(
                    partial(page, prefix=self.prefix, kind=name, after=place, limit=room)
                )
        return found

    async def remove(self, held: Sequence[Held]) -> None:
        async def work(tx: Transaction) -> None:
            for kind, items in _grouped(held, lambda item: item.kind).items():
                if kind in shapes.TYPES:
                    rows = [dict(zip(("start", "end", "key"), item.id.split("/", 2), strict=True)) for item in items]
                    await tx.rows(shapes.delete_edges(kind), self._own(rows=rows))
                else:
                    await tx.rows(shapes.delete_nodes(kind), self._own(ids=[item.id for item in items]))

        await self._write(0, work)

    async def size(self, generation: int = 0) -> tuple[int, int]:
        async def work(tx: Transaction) -> tuple[int, int]:
            if not generation:
                return await self._whole(tx)
            given = self._own(generation=generation)
            ((nodes,),) = await tx.rows(shapes.count_nodes(), given)
            ((edges,),) = await tx.rows(shapes.count_edges(), given)
            return nodes, edges

        return await self._door.read(work)

    async def _whole(self, tx: Transaction) -> tuple[int, int]:
        """All nodes and edges, without a look at each: 300,000 nodes and their edges took 1.1 s."""
        counts = await tx.rows(shapes.own_and_every(), self._own())
        shared = {label for label, own, every in counts if own != every}
        ((edges,),) = await tx.rows(shapes.count_edges_from(shapes.STARTS, shared), self._own())
        return sum(own for _, own, _ in counts), edges

    async def close(self) -> None:
        await self._door.close()

    def _own(self, **values: object) -> dict[str, object]:
        return {"prefix": self.prefix, **values}

    def _same(self, rows: Sequence[Sequence[object]]) -> None:
        """Raise IndexLost unless these rows tell of the claim that was made here."""
        if [tuple(row) for row in rows] != [(self._claim.id, self._claim.opening)]:
            self.on_lost()
            raise IndexLost("The graph on the Neo4j server is not the one that was opened.")

    async def _write(self, generation: int, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Do `work` behind the claim, whose lock is held until the end: no other opening writes beside it."""

        async def fenced(tx: Transaction) -> T:
            self._same(await tx.rows(shapes.FENCE, self._own(generation=generation)))
            return await work(tx)

        return await self._door.write(fenced)

    async def _swept(self, query: str, generation: int, tx: Transaction) -> int:
        given = self._own(generation=generation, limit=SWEPT, former=self._claim.former)
        ((found,),) = await tx.rows(query, given)
        return int(found)

    async def _applied(self, wanted: Wanted, generation: int, tx: Transaction) -> None:
        await self._removed(wanted, tx)
        written = await self._nodes(wanted.nodes, generation, tx)
        await self._ends(wanted.edges, written, generation, tx)
        await self._edges(wanted, written, generation, tx)

    async def _removed(self, wanted: Wanted, tx: Transaction) -> None:
        for label, gone in _grouped(wanted.gone, lambda item: item[0]).items():
            await tx.rows(shapes.delete_nodes(label), self._own(ids=[id for _, id in gone]))
        if wanted.unlinked:
            await tx.rows(shapes.delete_by_id(), self._own(ids=list(wanted.unlinked)))

    async def _nodes(self, nodes: Sequence[Node], generation: int, tx: Transaction) -> set[tuple[str, str]]:
        """Write nodes; (label, id) of those that did not hold a newer revision."""
        written = {(node.label, node.id) for node in nodes}
        for label, some in _grouped(nodes, lambda node: node.label).items():
            rows = [{"id": node.id, "rev": node.rev, "properties": of_node(node, self.prefix, generation)}
                    for node in some]  # fmt: skip
            given = self._own(rows=rows, generation=generation)
            left = await tx.rows(shapes.merge_nodes(label), given)
            if await self._adopted(label, left, generation, tx):
                left = await tx.rows(shapes.merge_nodes(label), given)
            written -= {(label, id) for id, _ in left}
        return written

    async def _ends(
        self, edges: Sequence[Edge], known: set[tuple[str, str]], generation: int, tx: Transaction
    ) -> None:
        """Bare nodes where the end of an edge is none of `known`."""
        ends = {(edge.start_label, edge.start) for edge in edges} | {(edge.end_label, edge.end) for edge in edges}
        for label, some in _grouped(sorted(ends - known), lambda end: end[0]).items():
            given = self._own(ids=[id for _, id in some], generation=generation)
            await self._adopted(label, await tx.rows(shapes.merge_ends(label), given), generation, tx)

    async def _adopted(self, label: str, rows: Iterable[Sequence[str]], generation: int, tx: Transaction) -> bool:
        """Take nodes of others over, where those are gone; answers whether there were any. Raises InvalidInput."""
        others = {id: prefix for id, prefix in rows if prefix != self.prefix}
        if others:
            await claims.refuse_owned(tx, set(others.values()), self._claim.owner)
            await tx.rows(shapes.adopt(label), self._own(ids=list(others), generation=generation))
        return bool(others)

    async def _edges(
        self, wanted: Wanted, written: set[tuple[str, str]], generation: int, tx: Transaction
    ) -> None:
        named = {(node.label, node.id) for node in wanted.nodes}
        names: dict[tuple[str, str], list[str]] = {node: [] for node in written}
        rows: dict[tuple[str, bool], list[Mapping[str, object]]] = {}
        for edge in wanted.edges:
            ends = {(edge.start_label, edge.start), (edge.end_label, edge.end)}
            if ends & named and not ends & written:
                continue  # a newer revision of its node is there, with that one's edges
            for end in ends & written:
                names[end].append(f"{edge.type}/{edge.start}/{edge.end}/{edge.key}")
            rows.setdefault((edge.type, bool(edge.key)), []).append(
                {"start": edge.start, "end": edge.end, "key": edge.key, "id": edge.id, "rev": edge.rev,
                 "properties": of_edge(edge, generation)}
            )  # fmt: skip
        for label, some in _grouped(sorted(written), lambda node: node[0]).items():
            kept = [{"id": id, "edges": names[(label, id)]} for _, id in some]
            await tx.rows(shapes.prune(label), {"rows": kept})
        for (type_, keyed), given in sorted(rows.items(), key=lambda item: item[0]):
            await tx.rows(shapes.merge_edges(type_, keyed), {"rows": given, "generation": generation})


def _grouped(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    found: dict[K, list[T]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found
