"""The graph's server beside the services: its copy's relay, and what status and doctor say of it.

Not a store: bootstrap brings that, and only when neo4j.url is set.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from lmem.errors import LmemError, StoreUnavailable
from lmem.ports.clock import Clock
from lmem.ports.graph import Graph, GraphCopy, GraphQueries
from lmem.ports.storage import Storage
from lmem.service.copies import CopyRelay
from lmem.service.graphcopy import ENGINE, GraphProjector


class Server(Protocol):
    """What the store brings. `url` holds no secret; `in_the_clear` says that the password crosses a network so,
    `trouble` why the server is left alone for the moment."""

    @property
    def url(self) -> str: ...
    @property
    def version(self) -> str | None: ...
    @property
    def in_the_clear(self) -> bool: ...
    @property
    def copy(self) -> GraphCopy: ...
    @property
    def graph(self) -> Graph: ...
    @property
    def queries(self) -> GraphQueries: ...
    @property
    def trouble(self) -> StoreUnavailable | None: ...
    def watch(self, lost: Callable[[], None]) -> None:
        """`lost` is called when a question finds that the copy is not the one that was opened."""
        ...


@dataclass(frozen=True, slots=True)
class GraphServer:
    """A server's copy of the graph with what keeps it up."""

    server: Server
    projector: GraphProjector
    relay: CopyRelay

    @property
    def name(self) -> str:
        """What answers are said to come from."""
        return ENGINE

    @property
    def graph(self) -> Graph:
        """The questions, answered from the copy."""
        return self.server.graph

    @property
    def projection(self) -> str | None:
        """The id of the projection that is kept up, once the copy has been opened."""
        found = self.projector.projection
        return found.id if found else None

    @property
    def serves(self) -> bool:
        """Whether the copy holds everything."""
        return self.projector.serves

    @property
    def url(self) -> str:
        """Where it is, without secrets."""
        return self.server.url

    @property
    def trouble(self) -> LmemError | None:
        """What keeps the copy from being kept up, or from answering."""
        return self.relay.trouble or self.server.trouble

    async def status(self, pending: int) -> dict[str, object]:
        """The state of the store as `lmem status` shows it; a server that is down is not asked."""
        projection = self.projector.projection
        found: dict[str, object] = {
            "state": self._state(), "engine": ENGINE, "url": self.server.url, "version": self.server.version,
            "schema": self.projector.schema, "generation": projection.generation if projection else None,
            "pending": pending,
        }  # fmt: skip
        trouble = self.trouble
        if trouble is None and projection is not None:
            try:
                found["nodes"], found["edges"] = await self.server.copy.size()
            except StoreUnavailable as err:
                trouble = err
        if trouble is not None:
            found |= {"state": "down", "reason": trouble.message, "hint": trouble.hint}
        return found

    def _state(self) -> str:
        if self.projector.serves:
            return "rebuilding" if self.projector.rebuilding else "ready"
        return "starting" if self.projector.projection is None else "building"


def start(server: Server, storage: Storage, clock: Clock) -> GraphServer:
    """The copy's relay, to be run."""
    projector = GraphProjector(storage, server.copy, clock, lambda: relay.wake())
    relay = CopyRelay(storage, projector, clock)
    server.watch(relay.wake)
    relay.wake()
    return GraphServer(server, projector, relay)
