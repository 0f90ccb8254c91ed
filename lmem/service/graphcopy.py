"""What a row of the outbox means to a server's copy of the graph, and how that copy is made anew.

Not the relay (lmem.service.copies) and not the questions. Private and archived memories never get this far: the truth
does not name them among what is wanted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from lmem.domain import times
from lmem.domain.graph import Wanted
from lmem.domain.memories import to_json
from lmem.domain.nouns import count
from lmem.domain.outbox import TOLD, Pending, Projection
from lmem.errors import Conflict, IndexLost, StoreUnavailable
from lmem.ports.clock import Clock
from lmem.ports.graph import GraphCopy, Opened
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import leftservers
from lmem.service.retiring import clear
from lmem.service.telling import tell

PORT = "graph"
ENGINE = "neo4j"
KINDS = ("user", "project", "pattern", "memory", "relationship")
"""Kinds of the outbox, ends before edges, so that few nodes are bare for a while."""

COUNTED = 5000
"""Ids of one read of the truth, when a rebuilt copy is counted."""

log = logging.getLogger(__name__)


class GraphProjector:
    """Keeps a copy up with the truth. Implements lmem.service.copies.Projector.

    There is one set of nodes, so a rebuild writes every object again with a higher generation while the copy goes on
    answering; when all of them are there, what still has an older one is swept. `wake` tells the relay.
    """

    port = PORT

    def __init__(self, storage: Storage, copy: GraphCopy, clock: Clock, wake: Callable[[], None]) -> None:
        self._storage = storage
        self._copy = copy
        self._clock = clock
        self._wake = wake
        self._opening = asyncio.Lock()
        self._projection: Projection | None = None
        self.schema: int | None = None

    @property
    def projection(self) -> Projection | None:
        """The projection that is kept up, once the copy has been opened."""
        return self._projection

    @property
    def serves(self) -> bool:
        """Whether the copy holds everything: it was filled once, and is being rebuilt at most."""
        return self._projection is not None and self._projection.state == "active"

    @property
    def rebuilding(self) -> bool:
        """Whether a rebuild is on its way."""
        return self._projection is not None and _swept(self._projection) < number(self._projection)

    async def prepare(self) -> Sequence[Projection]:
        """Open the copy. One that is new, was wiped or swapped is filled from the truth. Raises StoreUnavailable."""
        async with self._opening:
            if self._projection is None:
                self._projection = await self._opened()
            if self._projection.is_untold:
                self._projection = await tell(self._storage, self._projection)
            return (self._projection,)

    async def apply(self, projection: Projection, rows: Sequence[Pending]) -> None:
        """Write what the truth now says of these objects; durable when this returns. See Projector.apply."""
        wanted = await self._storage.read(lambda tx: _wanted(tx, rows))
        try:
            await self._copy.apply(wanted, number(self._projection or projection))
        except IndexLost:
            self._projection = None
            raise

    async def settle(self, projection: Projection) -> None:
        """Nothing waits: let a copy that was filled serve, end a rebuild, or look whether it is still the same.

        Raises StoreUnavailable; a copy that lacks nodes after a rebuild keeps its older ones, and says so.
        """
        if projection != self._projection:  # a rebuild has begun since it was looked for work
            return
        try:
            if not self.rebuilding:
                await self._copy.check()
                return
            await self._count(projection)
            swept = await self._copy.sweep(number(projection))
        except IndexLost:
            self._projection = None
            raise
        done = replace(projection, state="active", settings={"swept": float(number(projection))})
        columns = {"state": done.state, "settings_json": to_json(dict(done.settings))}

        def work(tx: UnitOfWork) -> None:
            tx.outbox.set_projection(done.id, columns)
            leftservers.swept(tx)

        await self._storage.write(work)
        self._projection = done
        log.info("the graph's copy is whole in %s; %d older objects were swept", done.generation, swept)

    @property
    def building(self) -> Projection | None:
        """The projection, while it is being filled or written again; None when all of it is there."""
        return self._projection if self.rebuilding else None

    async def rebuild(self) -> Projection:
        """Write every object again, in a generation of its own; the relay does it.

        Raises StoreUnavailable, Conflict when that is being done already.
        """
        await self.prepare()
        if self.rebuilding:
            raise Conflict("The graph is being built already.", hint="'lmem status --wait' returns when it serves.")
        async with self._opening:
            old = self._projection
            if old is None:
                raise StoreUnavailable("The graph's copy has just been lost; it is rebuilt by itself.")
            settings = {**old.settings, TOLD: 0}
            new = replace(old, generation=_generation(number(old) + 1), settings=settings)
            columns = {"generation": new.generation, "settings_json": to_json(settings)}
            await self._storage.write(lambda tx: tx.outbox.set_projection(new.id, columns))
            self._projection = new
            self._wake()  # the relay goes on with the telling if it is cut short here
            told = await tell(self._storage, new)
            if self._projection is new:  # not lost meanwhile
                self._projection = told
            return told

    async def close(self) -> None:
        """Let go of the server."""
        await self._copy.close()

    async def _opened(self) -> Projection:
        owner = await self._storage.read(lambda tx: tx.directory.secret("instance_id"))
        try:
            opened = await self._copy.open(owner)
        except Conflict as err:  # for the user to resolve: the relay waits meanwhile
            raise StoreUnavailable(err.message, hint=err.hint) from err
        self.schema = opened.schema
        await clear(self._storage)
        known = await self._storage.read(lambda tx: tx.outbox.projections(PORT))
        for projection in known:
            if projection.instance_id == opened.id and number(projection) >= opened.generation:
                if _swept(projection) >= number(projection):
                    await self._storage.write(leftservers.swept)
                return projection
        return await self._new(opened, known)

    async def _new(self, opened: Opened, known: Sequence[Projection]) -> Projection:
        """A projection of everything, instead of those that are known."""
        if known:
            log.warning("the graph's copy is not the one that was written; it is built anew")
        at = 1 + max([opened.generation, *(number(item) for item in known)])
        made = Projection(
            f"{PORT}-{at:04d}", PORT, ENGINE, _generation(at), opened.id, "building", None, {"swept": 0.0}
        )
        now = times.to_text(self._clock.now())

        def work(tx: UnitOfWork) -> None:
            for item in known:
                tx.outbox.retire(item.id)
            tx.outbox.add_projection(made, now, None)
            tx.outbox.set_projection(made.id, {"schema_version": opened.schema})

        await self._storage.write(work)
        await clear(self._storage)
        return replace(made, settings={**made.settings, TOLD: 0})

    async def _count(self, projection: Projection) -> None:
        """Raise StoreUnavailable when the copy holds fewer nodes of this generation than the truth has for it."""
        truth = 0
        for kind in KINDS[:-1]:
            after = ""
            while ids := await self._page(kind, after):
                truth, after = truth + len(ids), ids[-1]
        nodes, _ = await self._copy.size(number(projection))
        waiting = await self._storage.read(
            lambda tx: tx.outbox.pending().get(projection.id, 0) + len(tx.consistency.parked(projection.id))
        )
        if nodes + waiting < truth:
            raise StoreUnavailable(
                f"The rebuilt graph holds {nodes} of {count(truth, 'node')}; its older ones are kept.",
                hint="Run 'lmem rebuild graph' again.",
            )

    async def _page(self, kind: str, after: str) -> list[str]:
        return await self._storage.read(lambda tx: tx.graph.page(kind, after, COUNTED))



def number(projection: Projection) -> int:
    """The number of a projection's generation."""
    return int(projection.generation.rpartition("-")[2])


def _generation(at: int) -> str:
    return f"gen-{at:04d}"


def _swept(projection: Projection) -> int:
    return int(projection.settings.get("swept", 0))


def _wanted(tx: UnitOfWork, rows: Sequence[Pending]) -> Wanted:
    """What the truth now says of the objects of these rows, all in one snapshot; an edge of two objects once."""
    parts = [
        tx.graph.wanted(kind, ids) for kind in KINDS if (ids := [row.object_id for row in rows if row.kind == kind])
    ]
    edges = {(edge.type, edge.start, edge.end, edge.key): edge for part in parts for edge in part.edges}
    return Wanted(
        tuple(node for part in parts for node in part.nodes),
        tuple(edges.values()),
        tuple(item for part in parts for item in part.gone),
        tuple(id for part in parts for id in part.unlinked),
    )
