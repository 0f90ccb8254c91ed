"""Questions about the graph: what lies around a node, the way between two, communities, patterns of projects, export.

Not the answers' making (lmem.ports.graph). A server is asked when there is one; SQLite answers whenever that cannot, or
knows less: it has private memories, and whatever was written a moment ago.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from lmem.domain.actors import Actor
from lmem.domain.communities import Tie, communities
from lmem.domain.graph import Edge, Neighbour, Path, Sight
from lmem.errors import LmemError, StoreUnavailable
from lmem.ports.graph import Graph
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import spots
from lmem.service.spots import Spot

SQLITE = "sqlite"
PAGE = 2000
"""Edges of one question to a store."""
MOST_EDGES = 200_000
"""Edges that communities are made of at most, the first ones in their order: a second or two of one processor."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Server(Protocol):
    """A server's copy as questions see it."""

    @property
    def name(self) -> str:
        """What its answers are said to come from."""
        ...

    @property
    def graph(self) -> Graph:
        """The questions, answered by it."""
        ...

    @property
    def projection(self) -> str | None:
        """The id of its projection, once it has been opened."""
        ...

    @property
    def serves(self) -> bool:
        """Whether it holds everything."""
        ...

    @property
    def trouble(self) -> LmemError | None:
        """Why it cannot answer for the moment."""
        ...


@dataclass(frozen=True, slots=True)
class Answer(Generic[T_co]):
    """What was answered, by which store, and why a server that is configured did not."""

    value: T_co
    served_by: str
    degraded: tuple[LmemError, ...] = ()


@dataclass(frozen=True, slots=True)
class Community:
    """Memories that belong together, as (id, title) in the order of ids: `size` of them, some of which are named."""

    size: int
    members: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Used:
    """(id, name) of patterns or projects: where one was used with success, and where it failed."""

    spot: Spot
    name: str
    used: tuple[tuple[str, str], ...]
    failed: tuple[tuple[str, str], ...]


class GraphQuestions:
    """Asks the server, else the truth; every answer of a server is checked against what the reader may see."""

    def __init__(self, storage: Storage, truth: Graph, server: Server | None) -> None:
        self._storage = storage
        self._truth = truth
        self._server = server

    async def neighbours(
        self, actor: Actor, node: str, types: Sequence[str], depth: int, limit: int
    ) -> tuple[Spot, str, Answer[list[Neighbour]]]:
        """A node with its name and what lies within `depth` edges of it, nearest first.

        Raises NotFound and AmbiguousId for the node.
        """
        spot, name = await self._find(actor, node)
        answer = await self._ask(
            actor,
            lambda graph, sight: graph.neighbours(sight, *spot, types, depth, limit),
            lambda found: [(item.label, item.id) for item in found],
            lambda found, names: [
                replace(item, name=names[(item.label, item.id)]) for item in found if (item.label, item.id) in names
            ],
        )
        return spot, name, answer

    async def path(
        self, actor: Actor, start: str, end: str, types: Sequence[str], longest: int
    ) -> tuple[Spot, Spot, Answer[Path | None]]:
        """Two nodes and a shortest way between them. Raises NotFound and AmbiguousId for either."""
        (one, _), (other, _) = await self._find(actor, start), await self._find(actor, end)
        answer = await self._ask(
            actor,
            lambda graph, sight: graph.path(sight, one, other, types, longest),
            lambda found: [(label, id_) for label, id_, _ in found.nodes] if found else [],
            _seen_path,
        )
        return one, other, answer

    async def communities(
        self, actor: Actor, types: Sequence[str], least: float, limit: int, named: int
    ) -> Answer[list[Community]]:
        """Groups of memories by the links between them that are at least so strong, the largest first."""
        answer = await self._ask(
            actor,
            lambda graph, sight: _all_edges(graph, sight, types),
            lambda found: [spot for edge in found for spot in (("Memory", edge.start), ("Memory", edge.end))],
            lambda found, names: [
                edge for edge in found if ("Memory", edge.start) in names and ("Memory", edge.end) in names
            ],
        )
        ties = [Tie(edge.start, edge.end, weight) for edge in answer.value if (weight := strength_of(edge)) >= least]
        groups = (await asyncio.to_thread(communities, ties))[:limit]
        wanted = [("Memory", id_) for group in groups for id_ in group[:named]]
        sight = Sight(actor.user_id, actor.shared)
        names = await self._storage.read(lambda tx: tx.graph.names(sight, wanted))
        found = [
            Community(len(group), tuple((id_, names.get(("Memory", id_), "")) for id_ in group[:named]))
            for group in groups
        ]
        return Answer(found, answer.served_by, answer.degraded)

    async def patterns_of_project(self, actor: Actor, project: str) -> Answer[Used]:
        """Which patterns a project uses with success, and which failed in it. Raises NotFound."""
        return await self._uses(actor, f"project:{project}", lambda graph: graph.patterns_of_project, "Pattern")

    async def projects_of_pattern(self, actor: Actor, pattern: str) -> Answer[Used]:
        """In which projects a pattern is used with success, and in which it failed. Raises NotFound, AmbiguousId."""
        return await self._uses(actor, f"pattern:{pattern}", lambda graph: graph.projects_of_pattern, "Project")

    async def _uses(
        self,
        actor: Actor,
        node: str,
        question: Callable[[Graph], Callable[[Sight, str, bool], Awaitable[list[tuple[str, str]]]]],
        label: str,
    ) -> Answer[Used]:
        spot, name = await self._find(actor, node)

        async def ask(graph: Graph, sight: Sight) -> Used:
            used, failed = await question(graph)(sight, spot[1], False), await question(graph)(sight, spot[1], True)
            return Used(spot, name, tuple(used), tuple(failed))

        def seen(found: Used, names: Mapping[Spot, str]) -> Used:
            used, failed = (
                tuple((id_, names[(label, id_)]) for id_, _ in rows if (label, id_) in names)
                for rows in (found.used, found.failed)
            )
            return replace(found, used=used, failed=failed)

        return await self._ask(
            actor, ask, lambda found: [(label, id_) for id_, _ in (*found.used, *found.failed)], seen
        )

    async def _find(self, actor: Actor, node: str) -> tuple[Spot, str]:
        return await self._storage.read(lambda tx: spots.find(tx, actor, node))

    async def _ask(
        self,
        actor: Actor,
        ask: Callable[[Graph, Sight], Awaitable[T]],
        named: Callable[[T], Sequence[Spot]],
        seen: Callable[[T, Mapping[Spot, str]], T | None],
    ) -> Answer[T]:
        """The server's answer with what may be seen of it, else the truth's. `named` are the nodes in an answer, `seen`
        what is left of it with the names of those that may be seen: None when it cannot be used."""
        server = self._server
        degraded: tuple[LmemError, ...] = ()
        if server is not None:
            if server.trouble is not None:
                degraded = (server.trouble,)
            elif server.serves and await self._storage.read(lambda tx: _knows_all(tx, actor, server)):
                try:
                    found = await ask(server.graph, Sight(actor.user_id, shared=True))
                    sight = Sight(actor.user_id, actor.shared)
                    names = await self._storage.read(lambda tx: tx.graph.names(sight, named(found)))
                    left = seen(found, names)
                    if left is not None or found is None:
                        return Answer(found if left is None else left, server.name)
                except StoreUnavailable as err:
                    degraded = (err,)
        return Answer(await ask(self._truth, Sight(actor.user_id, actor.shared)), SQLITE, degraded)


def strength_of(edge: Edge) -> float:
    """How strong an edge is; those that have no strength of their own count whole."""
    found = edge.properties.get("strength", 1.0)
    return float(found) if isinstance(found, int | float) else 1.0


async def _all_edges(graph: Graph, sight: Sight, types: Sequence[str]) -> list[Edge]:
    found: list[Edge] = []
    after = ""
    while len(found) < MOST_EDGES:
        page = await graph.edges(sight, types, after, PAGE)
        found += page
        if len(page) < PAGE:
            break
        after = f"{page[-1].start}/{page[-1].type}/{page[-1].end}"
    return found


def _knows_all(tx: UnitOfWork, actor: Actor, server: Server) -> bool:
    """Whether a server's copy holds all that the reader may see: nothing waits for it, and nothing is private."""
    behind = server.projection is None or tx.outbox.is_behind(server.projection)
    return not behind and (actor.shared or not tx.graph.any_private(actor.user_id))


def _seen_path(found: Path | None, names: Mapping[Spot, str]) -> Path | None:
    """A way with the names of now; none when a node of it is not to be seen any more."""
    if found is None or any((label, id_) not in names for label, id_, _ in found.nodes):
        return None
    return Path(tuple((label, id_, names[(label, id_)]) for label, id_, _ in found.nodes), found.hops)
