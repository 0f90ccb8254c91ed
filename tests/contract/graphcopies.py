"""The twin of a server's copy of the graph, in memory: for tests of what stands above it.

Not a test; it passes the same contract as Neo4j.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from lmem.domain.graph import Edge, Node, Wanted
from lmem.domain.graphdigest import digest
from lmem.errors import Conflict, IndexLost, StoreUnavailable
from lmem.ports.graph import Held, Opened

ObjectId = tuple[str, str]
EdgeKey = tuple[str, str, str, str]


@dataclass
class Server:
    """What survives a client: one prefix of a database. `fails` is raised by every call while it is set."""

    owner: str = ""
    id: str = ""
    opening: int = 0
    generation: int = 0
    nodes: dict[ObjectId, tuple[Node | None, int]] = field(default_factory=dict)
    edges: dict[EdgeKey, tuple[Edge, int]] = field(default_factory=dict)
    fails: StoreUnavailable | None = None
    applied: list[Wanted] = field(default_factory=list)

    def wipe(self) -> None:
        self.owner, self.id, self.opening, self.generation = "", "", 0, 0
        self.nodes, self.edges = {}, {}


class MemoryCopy:
    """Implements lmem.ports.graph.GraphCopy on a Server."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._opened = ("", 0)

    async def open(self, owner: str) -> Opened:
        server = self._alive()
        if server.owner not in ("", owner):
            raise Conflict("The prefix belongs to another lmem.", hint="Choose another neo4j.prefix.")
        server.owner, server.id, server.opening = owner, server.id or uuid.uuid4().hex, server.opening + 1
        self._opened = (server.id, server.opening)
        return Opened(server.id, server.generation, 1)

    async def check(self) -> None:
        self._same()

    async def apply(self, wanted: Wanted, generation: int) -> None:
        server = self._same()
        server.generation = max(server.generation, generation)
        server.applied.append(wanted)
        for item in wanted.gone:
            self._drop(item)
        server.edges = {name: held for name, held in server.edges.items() if held[0].id not in wanted.unlinked}
        written = {self._put(node, generation) for node in wanted.nodes if self._is_newer(node, generation)}
        named = {(node.label, node.id) for node in wanted.nodes}
        kept = {(edge.type, edge.start, edge.end, edge.key) for edge in wanted.edges}
        for name, (edge, _) in list(server.edges.items()):
            if name not in kept and _governs(written, edge):
                del server.edges[name]
        for edge in wanted.edges:
            ends = {(edge.start_label, edge.start), (edge.end_label, edge.end)}
            if ends & named and not ends & written:
                continue
            for end in ends:
                server.nodes.setdefault(end, (None, generation))
            self._link(edge, generation)

    async def sweep(self, generation: int) -> int:
        server = self._same()
        edges = [name for name, (_, at) in server.edges.items() if at < generation]
        for name in edges:
            del server.edges[name]
        nodes = [item for item, (_, at) in server.nodes.items() if at < generation]
        for item in nodes:
            self._drop(item)
        return len(edges) + len(nodes)

    async def held(self, after: tuple[str, str] | None, limit: int) -> list[Held]:
        server = self._same()
        nodes = [Held(*item, digest(node.properties if node else {"id": item[1]}))
                 for item, (node, _) in server.nodes.items()]  # fmt: skip
        edges = [
            Held(type_, f"{start}/{end}/{key}", digest(edge.properties))
            for (type_, start, end, key), (edge, _) in server.edges.items()
        ]
        found = sorted(nodes + edges, key=lambda item: (item.kind, item.id))
        return [item for item in found if after is None or (item.kind, item.id) > after][:limit]

    async def remove(self, held: Sequence[Held]) -> None:
        server = self._same()
        for item in held:
            if (item.kind, item.id) in server.nodes:
                self._drop((item.kind, item.id))
            elif "/" in item.id:
                start, end, key = item.id.split("/", 2)
                server.edges.pop((item.kind, start, end, key), None)

    async def size(self, generation: int = 0) -> tuple[int, int]:
        server = self._same()
        nodes = sum(at >= generation for _, at in server.nodes.values())
        return nodes, sum(at >= generation for _, at in server.edges.values())

    async def close(self) -> None:
        self._opened = ("", 0)

    def _alive(self) -> Server:
        if self.server.fails is not None:
            raise self.server.fails
        return self.server

    def _same(self) -> Server:
        server = self._alive()
        if self._opened != (server.id, server.opening):
            raise IndexLost
        return server

    def _is_newer(self, node: Node, generation: int) -> bool:
        old, at = self.server.nodes.get((node.label, node.id), (None, 0))
        return old is None or old.rev <= node.rev or at < generation

    def _put(self, node: Node, generation: int) -> ObjectId:
        self.server.nodes[(node.label, node.id)] = (node, generation)
        return node.label, node.id

    def _link(self, edge: Edge, generation: int) -> None:
        name = (edge.type, edge.start, edge.end, edge.key)
        old, at = self.server.edges.get(name, (None, 0))
        if old is None or old.id != edge.id or old.rev <= edge.rev or at < generation:
            self.server.edges[name] = (edge, generation)

    def _drop(self, item: ObjectId) -> None:
        self.server.nodes.pop(item, None)
        for name, (edge, _) in list(self.server.edges.items()):
            if item in ((edge.start_label, edge.start), (edge.end_label, edge.end)):
                del self.server.edges[name]


def _governs(nodes: set[ObjectId], edge: Edge) -> bool:
    ends = {(edge.start_label, edge.start), (edge.end_label, edge.end)} & nodes
    return any(label in ("Memory", "Pattern") for label, _ in ends) or (edge.type == "OWNS" and bool(ends))
