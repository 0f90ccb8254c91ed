"""The vectors' relay: it applies what waits in the outbox to every open generation, and confirms after the target has.

Not a writer of truth: it reads the current row and writes that, so replay and reordering converge.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from functools import partial

from lmem.domain.outbox import Pending, Projection
from lmem.errors import InvalidInput, LmemError, StoreDown, StoreUnavailable, WorkerDied
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.ports.vectors import MEMORIES, PATTERNS, AsyncVectors, Point
from lmem.service.caches import NO_CACHE, Caches
from lmem.service.indexes import Indexes
from lmem.service.patternpoints import load_patterns, pattern_points
from lmem.service.points import Loaded, PointBuilder, load
from lmem.service.relay import BATCH, MANNERS, TRIES, Loop

STEP = 16 * BATCH
"""Rows behind one flush, during which no search is answered: 10 ms, and 30 to 350 on a busy disk, however many rows."""

STEP_TEXT = 8_000_000
"""Characters of memories after which a step is flushed before it has so many rows: they are held until then."""

REST = 4.0
"""Times as long as a write took that the next one waits where single memories come one after the other: each is a
flush, and searches get the rest of the time."""

LONGEST_REST = 1.0
"""Seconds."""

PATIENCE = 5
"""Failures in a row after which even a row that has no others beside it counts as the cause."""

log = logging.getLogger(__name__)


class Relay(Loop):
    """Keeps the vectors up with the truth. `on_idle` is called when they have caught up."""

    def __init__(
        self, storage: Storage, indexes: Indexes, vectors: AsyncVectors, clock: Clock, optimise_after: int,
        caches: Caches = NO_CACHE,
    ) -> None:  # fmt: skip
        super().__init__(storage, clock, "vectors")
        self._indexes = indexes
        self._vectors = vectors
        self._builder = PointBuilder(indexes, vectors, caches)
        self._optimise_after = optimise_after
        self._counted: str | None = None  # the generation whose points that no segment was made of are known
        self._unoptimised = 0
        self._failures = 0
        self._rests_until = 0.0
        self._optimising: asyncio.Task[None] | None = None
        self.on_idle: Callable[[], None] = lambda: None

    def idle(self) -> None:
        """Everything was applied."""
        self.on_idle()

    async def step(self) -> bool:
        """Apply one batch to each open generation; answers whether there was any.

        Raises StoreUnavailable or StorageFull when a store cannot take it; what it did not take is not confirmed.
        """
        if self._indexes.must_start:
            await self._start_again()
        if (rest := self._rests_until - time.monotonic()) > 0:
            await asyncio.sleep(rest)
        worked = False
        for projection in self._indexes.targets:
            rows = await self.due(projection.id, BATCH if self._failures else STEP)
            if rows:
                worked = True
                await self._apply_all(projection, rows)
                self._failures = 0
        if not worked:
            self._failures = 0
            await self._indexes.settle()
        await self._optimise_if_due()
        return worked

    async def close(self) -> None:
        """End background work."""
        if self._optimising is not None:
            self._optimising.cancel()
            await asyncio.gather(self._optimising, return_exceptions=True)

    async def _start_again(self) -> None:
        try:
            await self._indexes.start()
        finally:
            if self._indexes.must_start:
                self.rest()  # every start wakes the relay; after this one it backs off first

    async def _apply_all(self, projection: Projection, rows: Sequence[Pending]) -> None:
        """Apply rows together; in batches, then one by one, when they failed together: a bad one blocks nothing."""
        if not self._failures:
            try:
                await self._apply(projection, rows)
                return
            except InvalidInput:
                pass  # of one of them: it is found below
            except StoreDown:  # a server's trouble says nothing of a row
                raise
            except StoreUnavailable as err:
                self._failures += isinstance(err, WorkerDied) or self._indexes.reason is None
                raise
        if len(rows) > BATCH:
            for part in _parts(rows):
                await self._apply_all(projection, part)
        else:
            await self._apply_each(projection, rows)

    async def _apply_each(self, projection: Projection, rows: Sequence[Pending]) -> None:
        """Apply rows one by one. A store that takes none of them is down, and no row is blamed for that."""
        applied, refused = False, list[tuple[Pending, StoreUnavailable]]()
        for row in rows:
            try:
                await self._apply(projection, [row])
                applied = True
            except InvalidInput as err:
                await self.park(row, err)
            except WorkerDied as err:
                self._failures += 1
                await self.put_off(row, err)
                raise
            except StoreDown:
                raise
            except StoreUnavailable as err:
                if self._indexes.reason is not None:
                    raise
                refused.append((row, err))
                if len(refused) == TRIES:
                    break
        if refused and not applied and (len(rows) > 1 or self._failures < PATIENCE):
            self._failures += 1
            raise refused[0][1]
        for row, cause in refused:
            await self.put_off(row, cause)

    async def park(self, row: Pending, err: LmemError) -> None:
        """As every relay; meanwhile full text looks the memory up apart from the new ones, which it may outlast."""
        await self._storage.write(lambda tx: tx.fulltext.set_aside(row.object_id))
        await super().park(row, err)

    async def _apply(self, projection: Projection, rows: Sequence[Pending]) -> None:
        """Apply rows behind one flush, and read and confirm a batch of them at a time: other writes go in between."""
        parts, loaded = list[Sequence[Pending]](), list[Loaded]()
        points, text = list[Point](), 0
        for part in _parts(rows):
            await self._storage.quiet(MANNERS)
            held = await self._load(part)
            parts.append(part)
            loaded.append(held)
            points += await self._builder.points(projection, held)
            text += sum(len(memory.content) for memory in held.memories)
            if text >= STEP_TEXT:
                await self._take(projection, parts, loaded, points)
                parts, loaded, points, text = [], [], [], 0
        await self._take(projection, parts, loaded, points)

    async def _take(
        self,
        projection: Projection,
        parts: Sequence[Sequence[Pending]],
        loaded: Sequence[Loaded],
        points: Sequence[Point],
    ) -> None:
        """Write the points of these rows and confirm them."""
        gone = [id for held in loaded for id in held.gone]
        if points or gone:
            began = time.monotonic()
            await self._vectors.write(projection.generation, MEMORIES, points, gone)
            now = time.monotonic()
            few = len(points) + len(gone) < BATCH
            self._rests_until = now + min(LONGEST_REST, REST * (now - began)) if few else 0.0
        for held in loaded:
            await self._builder.taken(held)
        named = [row for part in parts for row in part if row.kind == "pattern"]
        patterns = await self._apply_patterns(projection, named)
        serving = self._indexes.targets[:1] == (projection,)
        for part, held in zip(parts, loaded, strict=True):
            await self._storage.write(partial(_confirm, rows=part, held=held if serving else None))
        self._unoptimised += len(points) + patterns if serving else 0

    async def _load(self, rows: Sequence[Pending]) -> Loaded:
        remembered = [row for row in rows if row.kind == "memory"]
        return await self._storage.read(lambda tx: load(tx, remembered, self._indexes.on_server))

    async def _apply_patterns(self, projection: Projection, rows: Sequence[Pending]) -> int:
        """Write the points of patterns; answers how many."""
        if not rows:
            return 0
        loaded = await self._storage.read(lambda tx: load_patterns(tx, rows))
        points = await pattern_points(self._indexes, self._vectors, projection, loaded.patterns)
        await self._vectors.write(projection.generation, PATTERNS, points, loaded.gone)
        return len(points)

    async def _optimise_if_due(self) -> None:
        """Optimise a generation that serves once it has enough points of which a copy was not optimised.

        They are counted when it begins to serve: others wrote them, before a start or while it was built.
        """
        indexes = self._indexes
        active = next((item for item in indexes.targets if item != indexes.building), None)
        if active is None or indexes.building is not None or self._optimising is not None or indexes.on_server:
            return
        if active.id != self._counted:
            points = await self._vectors.count(active.generation, MEMORIES)
            self._unoptimised, self._counted = points - int(active.settings.get("optimised", 0)), active.id
        if self._unoptimised < self._optimise_after:
            return
        optimised = self._unoptimised + int(active.settings.get("optimised", 0))
        self._unoptimised = 0
        try:
            copy = await indexes.prepare_copy(optimised)  # the relay is this task, so nobody writes meanwhile
        except LmemError as err:
            log.warning("nothing is optimised: %s", err.message)
            return
        if copy is not None:
            self._optimising = asyncio.create_task(self._optimise(copy))

    async def _optimise(self, copy: Projection) -> None:
        try:
            await self._indexes.optimise(copy)
        except LmemError as err:
            log.warning("optimising failed: %s", err.message)
        finally:
            self._optimising = None


def _parts(rows: Sequence[Pending]) -> list[Sequence[Pending]]:
    return [rows[at : at + BATCH] for at in range(0, len(rows), BATCH)]


def _confirm(tx: UnitOfWork, rows: Sequence[Pending], held: Loaded | None) -> None:
    """Rows are in the target; `held` is what they stand for when it is the index that serves."""
    confirmed = tx.outbox.confirm(rows)
    if held is not None:
        held.keep_findable(tx, confirmed)
