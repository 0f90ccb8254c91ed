"""Single generations of the vector index and their rows in `projections`: opened again, made, copied, forgotten.

Not which of them serves (lmem.service.indexes).
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter

from lmem.domain import times
from lmem.domain.outbox import Projection
from lmem.errors import Conflict, LmemError, StoreDown, StoreUnavailable, WorkerDied
from lmem.ports.clock import Clock
from lmem.ports.embedder import ModelInfo
from lmem.ports.storage import Storage, UnitOfWork
from lmem.ports.vectors import AsyncGenerations
from lmem.service.retiring import clear, retire
from lmem.service.telling import tell

PORT = "vectors"
AVERAGE_LENGTH = 30.0
"""Mean length of a memory in terms, fixed for the life of a generation; 15 to 40 are within .007 (measured)."""

RECIPE = 2.0
"""Of the points: 2 counts the words of neighbours in a session. A generation of another one is built anew."""

SLICE = 500
"""Rows of an outbox that are copied in one transaction, some 10 ms: 80,000 at once kept an add waiting for 1.4 s."""

REFUSALS = 3
"""Starts in a row at which a generation may fail to open; after that it counts as damaged and is built anew."""

log = logging.getLogger(__name__)


class Generations:
    """The generations that `engine` keeps, in the store and in the truth at once."""

    def __init__(self, storage: Storage, store: AsyncGenerations, clock: Clock, engine: str) -> None:
        self.engine = engine
        self._storage = storage
        self._store = store
        self._clock = clock
        self._refusals: Counter[str] = Counter()
        self._leaving: dict[str, Projection] = {}  # by id; forgotten, but the disk was too full to write that down
        self._last = 0  # number that was given: one that was forgotten since does not come again in this life

    async def known(self) -> list[Projection]:
        """Those that the truth has a row for, the oldest first; a number that no retired one has is free after it."""
        await clear(self._storage)
        found = await self._storage.read(lambda tx: tx.outbox.projections(PORT))
        self._last = max([self._last, *(int(item.generation.rpartition("-")[2]) for item in found)])
        return found

    async def clear(self, known: list[Projection]) -> None:
        """Drop what the store has and no row names: a copy that was cut short."""
        own = {projection.generation for projection in known if projection.engine == self.engine}
        for generation in (await self._store.sizes()).keys() - own:
            await self._store.drop(generation)

    async def reopen(self, projection: Projection, model: ModelInfo, stale_copy: bool) -> bool:
        """Open one that was made earlier; False when it is of no use any more and was forgotten.

        That is: of another engine, model or recipe, a copy beside one that serves (`stale_copy`), wiped, swapped, or
        damaged, which one counts as that failed to open REFUSALS times. Raises StoreUnavailable before that, and
        StoreDown or WorkerDied, which are no damage.
        """
        if projection.engine != self.engine:
            log.info("generation %s is not in %s; it is built anew there", projection.generation, self.engine)
            await retire(self._storage, projection)
            return False
        other_recipe = projection.settings.get("recipe") != RECIPE
        if stale_copy or other_recipe or projection.fingerprint != model.fingerprint:
            await self.forget(projection)
            return False
        try:
            instance = await self._store.open(projection.generation, model.dimensions)
        except (WorkerDied, StoreDown):  # no damage
            raise
        except (Conflict, StoreUnavailable) as err:
            self._refusals[projection.generation] += 1
            if isinstance(err, StoreUnavailable) and self._refusals[projection.generation] < REFUSALS:
                raise
            log.warning("generation %s does not open and is built anew: %s", projection.generation, err.message)
            await self.forget(projection)
            return False
        self._refusals.clear()
        if projection.instance_id not in (None, instance):
            log.warning("generation %s is not the one that was written; it is built anew", projection.generation)
            await self.forget(projection)
            return False
        if projection.instance_id is None:
            await self._storage.write(lambda tx: tx.outbox.set_projection(projection.id, {"instance_id": instance}))
        if projection.state == "active":
            await self._store.serve(projection.generation)
        return True

    async def make(self, model: ModelInfo, source: Projection | None, state: str, optimised: int = 0) -> Projection:
        """Make one that is 'building' or 'active', from nothing or as a copy of `source`, of whose points `optimised`
        are so. Its outbox has everything, or what its source has still to be told; one whose outbox could not be given
        that, or whose maker gave up, is forgotten again."""
        await self.known()
        number = self._last = self._last + 1
        generation = f"gen-{number:04d}"
        if source is None:
            instance = await self._store.open(generation, model.dimensions)
        else:
            instance = await self._store.copy(source.generation, generation)
        settings = source.settings if source else {"average_length": AVERAGE_LENGTH, "recipe": RECIPE}
        settings = {**settings, "optimised": optimised}
        projection = Projection(
            f"{PORT}-{number:04d}", PORT, self.engine, generation, instance, state, model.fingerprint, settings
        )
        if state == "active":
            await self._store.serve(generation)
        at = times.to_text(self._clock.now())
        copied = source.id if source else None
        try:  # whoever gives up while the writer has it in hand leaves a row too
            await self._storage.write(lambda tx: tx.outbox.add_projection(projection, at, copied))
            if source is None:
                await tell(self._storage, projection)
            else:
                await self._copy_outbox(source, projection)
        except (LmemError, asyncio.CancelledError):
            await self.forget(projection)
            raise
        return projection

    async def _copy_outbox(self, source: Projection, copy: Projection) -> None:
        """Tell a copy what its source has still to be told, while nobody confirms any of it."""
        last: int | None = 0
        while last is not None:
            def told(tx: UnitOfWork, after: int = last) -> int | None:
                return tx.outbox.copy_from(source.id, copy.id, after, SLICE)

            last = await self._storage.write(told)

    async def forget(self, projection: Projection) -> None:
        """Remove one from the store and from the truth. Raises StorageFull; the next `sweep` goes on then."""
        self._leaving[projection.id] = projection
        try:
            await self._store.drop(projection.generation)  # first: it may be what a full disk lacks
        finally:
            await self.sweep()

    async def sweep(self) -> None:
        """Remove from the truth what was forgotten while the disk was full. Raises StorageFull."""
        for projection in list(self._leaving.values()):
            await retire(self._storage, projection)
            self._leaving.pop(projection.id, None)
