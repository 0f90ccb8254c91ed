"""A server's copy of the graph beside the truth: every node and edge with all its properties, and how it is put right.

Not the keeping of the copy (lmem.service.graphcopy): what is wrong goes through the outbox, as every change does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from functools import partial

from lmem.domain.consistency import Issue, Object
from lmem.domain.graph import LABELS
from lmem.domain.graphdigest import digest
from lmem.domain.relations import BY_EDGE, MEMORY, PATTERN, PROJECT
from lmem.errors import StoreUnavailable
from lmem.ports.graph import GraphCopy
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service.graphcopy import KINDS, GraphProjector

PAGE = 500
"""Objects of one read of either side."""
NODES = KINDS[:-1]

_KIND = {label: kind for kind, label in LABELS.items()}


class GraphCheck:
    """Compares a copy, all of it in one part. Implements lmem.service.consistency.StoreCheck."""

    name = "graph"
    kinds: tuple[str, ...] = KINDS

    def __init__(self, storage: Storage, projector: GraphProjector, copy: GraphCopy) -> None:
        self._storage = storage
        self._projector = projector
        self._copy = copy

    async def projection(self) -> str:
        """The id of the copy's projection. Raises StoreUnavailable."""
        (found,) = await self._projector.prepare()
        await self._copy.check()
        return found.id

    async def parts(self) -> list[tuple[str, str]]:
        """One: the whole."""
        if self._projector.rebuilding:
            raise StoreUnavailable("The graph's copy is being built.", hint="'lmem status --wait' returns when it is.")
        return [("", "")]

    async def truth(self, low: str, high: str) -> dict[Object, str]:
        """Digests of nodes by (label, id) and of edges by (type, 'start/end/key')."""
        found: dict[Object, str] = {}
        for kind in NODES:
            after = ""
            while ids := await self._storage.read(partial(_page, kind=kind, after=after)):
                found |= await self._storage.read(partial(_digests, kind=kind, ids=ids))
                after = ids[-1]
        return found

    async def held(self, low: str, high: str) -> dict[Object, str]:
        """Digests of what the copy holds. Raises StoreUnavailable."""
        found: dict[Object, str] = {}
        after: tuple[str, str] | None = None
        while page := await self._copy.held(after, PAGE * 4):
            found |= {Object(item.kind, item.id): item.digest for item in page}
            after = (page[-1].kind, page[-1].id)
        return found

    async def one(self, memory_id: str) -> tuple[dict[Object, str], dict[Object, str]]:
        """Both sides of one memory's node."""
        truth = await self._storage.read(partial(_digests, kind=MEMORY, ids=[memory_id]))
        node = Object(LABELS[MEMORY], memory_id)
        page = await self._copy.held((node.kind, memory_id[:-1]), 16)  # ids that start alike, but for the last digit
        held = {Object(item.kind, item.id): item.digest for item in page}
        return {node: truth[node]} if node in truth else {}, {node: held[node]} if node in held else {}

    async def left(self, ids: Sequence[str]) -> int:
        """How many of these memories have a node."""
        return sum([len((await self.one(id))[1]) for id in ids])

    def late(self, waiting: Set[Object]) -> Callable[[Object], bool]:
        """A node is late when its object waits; an edge when one of its ends does, or any relationship."""
        ids = {item.id for item in waiting}
        linking = any(item.kind == "relationship" for item in waiting)

        def is_late(item: Object) -> bool:
            if item.kind in _KIND:
                return item.id in ids
            start, end = item.id.split("/")[:2]
            return start in ids or end in ids or (linking and BY_EDGE[item.kind].start == BY_EDGE[item.kind].end)

        return is_late

    def to_repair(self, issues: Sequence[Issue]) -> list[tuple[str, str, str]]:
        """Rows for the outbox: the object of a node; of an edge the end that brings all of its edges along."""
        return [_row(issue) for issue in issues]


def _row(issue: Issue) -> tuple[str, str, str]:
    if issue.kind in _KIND:
        return _KIND[issue.kind], issue.id, "delete" if issue.state == "orphaned" else "upsert"
    start, end = issue.id.split("/")[:2]
    relation = BY_EDGE[issue.kind]
    for kind, id in ((relation.start, start), (relation.end, end)):
        if kind in (MEMORY, PATTERN):
            return kind, id, "upsert"
    return PROJECT, end if relation.end == PROJECT else start, "upsert"


def _page(tx: UnitOfWork, *, kind: str, after: str) -> list[str]:
    return tx.graph.page(kind, after, PAGE)


def _digests(tx: UnitOfWork, *, kind: str, ids: Sequence[str]) -> dict[Object, str]:
    wanted = tx.graph.wanted(kind, ids)
    found = {Object(node.label, node.id): digest(node.properties) for node in wanted.nodes}
    for edge in wanted.edges:
        found[Object(edge.type, f"{edge.start}/{edge.end}/{edge.key}")] = digest(edge.properties)
    return found
