"""Building a store anew from the truth, beside the one that serves: begun, filled by its relay, verified, switched.

Not the filling (the relays) nor the switch (lmem.service.indexes and its twins): this begins and waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from lmem.domain.actors import Actor
from lmem.domain.nouns import count
from lmem.domain.outbox import Projection
from lmem.domain.times import to_text
from lmem.errors import Conflict, NotFound, StoreUnavailable
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage

STEP = 0.1
STILL = 120.0
"""Seconds without any progress after which a rebuild is not waited for any more; it goes on by itself."""


class Rebuilder(Protocol):
    """One store that can be built anew, as lmem.service.indexes.Indexes is."""

    @property
    def building(self) -> Projection | None:
        """The projection that is being filled beside the serving one, or before any serves; None when there is none."""
        ...

    async def rebuild(self) -> Projection | None:
        """Begin one; None when that was all. Raises StoreUnavailable, Conflict when one is being built already."""
        ...


class FromTruth:
    """A store that there is not, because the truth answers in its place: nothing has to be built. Implements
    Rebuilder."""

    building: Projection | None = None

    async def rebuild(self) -> Projection | None:
        """See Rebuilder.rebuild."""
        return None


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A store that was built anew: its generation ('' where there is none), and how many objects were written."""

    store: str
    generation: str
    objects: int
    done: bool


class Rebuilding:
    """Builds stores anew."""

    def __init__(self, storage: Storage, clock: Clock, rebuilders: Mapping[str, Rebuilder]) -> None:
        self._storage = storage
        self._clock = clock
        self._rebuilders = rebuilders

    @property
    def stores(self) -> tuple[str, ...]:
        """What can be built anew."""
        return tuple(self._rebuilders)

    async def rebuild(
        self, actor: Actor, store: str, wait: bool, on_progress: Callable[[str, int, int], None]
    ) -> Rebuilt:
        """Build `store` anew; with `wait` answers when the new generation serves, else once it has begun.

        One that is being built already, as after its URL was set, is waited for. A copy that is being optimised is
        none: the new generation begins when it serves. Raises NotFound for another name, StoreUnavailable when the
        store is not there or does not come on (what was begun then goes on by itself), Conflict without `wait` beside
        a copy.
        """
        rebuilder = self._rebuilders.get(store)
        if rebuilder is None:
            raise NotFound(
                f"There is no store '{store[:60]}' to rebuild.", hint=f"Stores are: {', '.join(self._rebuilders)}."
            )
        projection = await self._begun(rebuilder, wait)
        at = to_text(self._clock.now())
        await self._storage.write(lambda tx: tx.audit.append(actor, "rebuild", "store", store, {}, at))
        if projection is None:
            return Rebuilt(store, "", 0, True)
        total = await self._waiting(projection)
        if wait:
            await self._finished(rebuilder, projection, total, on_progress)
        return Rebuilt(store, projection.generation, total, wait)

    async def _begun(self, rebuilder: Rebuilder, wait: bool) -> Projection | None:
        while True:
            building = rebuilder.building
            if building is not None and not building.is_copy:
                return building
            try:
                return await rebuilder.rebuild()
            except Conflict:
                building = rebuilder.building
                if not wait and (building is None or building.is_copy):
                    raise
            await asyncio.sleep(STEP)

    async def _finished(
        self, rebuilder: Rebuilder, projection: Projection, total: int, on_progress: Callable[[str, int, int], None]
    ) -> None:
        loop = asyncio.get_running_loop()
        least, moved = total, loop.time()
        while (current := rebuilder.building) is not None and current.id == projection.id:
            waiting = await self._waiting(projection)
            on_progress(projection.port, max(0, total - waiting), total)
            if waiting < least:
                least, moved = waiting, loop.time()
            if loop.time() - moved > STILL:
                raise StoreUnavailable(
                    f"{count(waiting, 'object still waits', 'objects still wait')} for {projection.id}; "
                    "the rebuild goes on by itself.",
                    hint="Look at 'lmem status' and 'lmem doctor'.",
                )
            await asyncio.sleep(STEP)

    async def _waiting(self, projection: Projection) -> int:
        return (await self._storage.read(lambda tx: tx.outbox.pending())).get(projection.id, 0)
