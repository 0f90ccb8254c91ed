"""The relay: it applies what waits in the outbox to every open generation, and confirms after the target has.

Not a writer of truth: it reads the current row and writes that, so replay and reordering converge.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta

from lmem.domain import times
from lmem.domain.outbox import Pending, Projection
from lmem.errors import InvalidInput, LmemError, StorageFull, StoreUnavailable, WorkerDied
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.ports.vectors import MEMORIES, AsyncVectors
from lmem.service.caches import NO_CACHE, Caches
from lmem.service.indexes import Indexes
from lmem.service.points import PointBuilder, load

BATCH = 64
"""Rows of one step: the flush behind it costs about 9 ms, so smaller steps cost ingest and larger ones freshness."""

MANNERS = 0.25
"""Seconds at most for which a step lets writes pass that somebody waits for: one interpreter runs both."""

LONGEST_PAUSE = 30.0
LONGEST_SLEEP = 60.0
"""Seconds after which the outbox is looked at although nobody woke the relay, as after a write whose caller hung up."""

PUT_OFF = 10.0
"""Seconds that a row waits which failed by itself. The worker is of use meanwhile, so its deaths do not add up."""

TRIES = 3
"""A row that failed by itself so often is parked. Once may be chance: somebody killed the worker just then."""

PATIENCE = 5
"""Failures in a row after which even a row that has no others beside it counts as the cause."""

log = logging.getLogger(__name__)


class Relay:
    """One task that keeps the projections up with the truth. `on_idle` is called when they have caught up."""

    def __init__(
        self, storage: Storage, indexes: Indexes, vectors: AsyncVectors, clock: Clock, optimise_after: int,
        caches: Caches = NO_CACHE,
    ) -> None:  # fmt: skip
        self._storage = storage
        self._indexes = indexes
        self._vectors = vectors
        self._builder = PointBuilder(indexes, vectors, caches)
        self._clock = clock
        self._optimise_after = optimise_after
        self._written_since_optimise = 0
        self._awake = asyncio.Event()
        self._pause = 0.0
        self._failures = 0
        self._optimising: asyncio.Task[None] | None = None
        self.trouble: LmemError | None = None
        self.on_idle: Callable[[], None] = lambda: None

    def wake(self) -> None:
        """There may be work."""
        self._awake.set()

    async def run(self) -> None:
        """Work until cancelled. The relay step is one of the three doors: it records what fails and goes on."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LONGEST_SLEEP):
                    await self._awake.wait()
            self._awake.clear()
            try:
                while await self.step():
                    pass
                self.trouble, self._pause = None, 0.0
                self.on_idle()
            except (StoreUnavailable, StorageFull) as err:
                await self._back_off(err)
            except Exception as err:
                log.exception("the relay failed")
                await self._back_off(LmemError(f"The relay failed: {type(err).__name__}."))

    async def step(self) -> bool:
        """Apply one batch to each open generation; answers whether there was any.

        Raises StoreUnavailable or StorageFull when a store cannot take it; what it did not take is not confirmed.
        """
        if self._indexes.must_start:
            await self._start_again()
        worked = False
        for projection in self._indexes.targets:
            rows = await self._due(projection.id)
            if rows:
                worked = True
                await self._storage.quiet(MANNERS)
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
                self._awake.clear()  # every start wakes the relay; after this one it backs off first

    async def _due(self, projection_id: str) -> list[Pending]:
        now = times.to_text(self._clock.now())
        return await self._storage.read(lambda tx: tx.outbox.due(projection_id, now, BATCH))

    async def _apply_all(self, projection: Projection, rows: Sequence[Pending]) -> None:
        """Apply rows together; one by one when they failed together, so that a bad one blocks nothing."""
        if not self._failures:
            try:
                await self._apply(projection, rows)
                return
            except InvalidInput:
                pass  # of one of them: it is found below
            except StoreUnavailable as err:
                self._failures += isinstance(err, WorkerDied) or self._indexes.reason is None
                raise
        await self._apply_each(projection, rows)

    async def _apply_each(self, projection: Projection, rows: Sequence[Pending]) -> None:
        """Apply rows one by one. A store that takes none of them is down, and no row is blamed for that."""
        applied, refused = False, list[tuple[Pending, StoreUnavailable]]()
        for row in rows:
            try:
                await self._apply(projection, [row])
                applied = True
            except InvalidInput as err:
                await self._park(row, err)
            except WorkerDied as err:
                self._failures += 1
                await self._put_off(row, err)
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
            await self._put_off(row, cause)

    async def _apply(self, projection: Projection, rows: Sequence[Pending]) -> None:
        loaded = await self._storage.read(lambda tx: load(tx, rows))
        points = await self._builder.points(projection, loaded)
        await self._vectors.write(projection.generation, MEMORIES, points, loaded.gone)
        await self._builder.taken(loaded)
        serving = self._indexes.targets[:1] == (projection,)

        def confirm(tx: UnitOfWork) -> None:
            confirmed = tx.outbox.confirm(rows)
            if serving:
                tx.fulltext.drop_pending(confirmed)

        await self._storage.write(confirm)
        self._written_since_optimise += len(points) if serving else 0

    async def _put_off(self, row: Pending, err: LmemError) -> None:
        if row.attempts + 1 >= TRIES:
            await self._park(row, err)
            return
        retry_at = times.to_text(self._clock.now() + timedelta(seconds=PUT_OFF))
        await self._storage.write(lambda tx: tx.outbox.fail(row, err.message, retry_at))
        asyncio.get_running_loop().call_later(PUT_OFF + 0.1, self.wake)

    async def _park(self, row: Pending, err: LmemError) -> None:
        log.warning("parked %s %s: %s", row.kind, row.object_id, err.message)
        await self._storage.write(lambda tx: tx.outbox.fail(row, err.message, None))

    async def _back_off(self, err: LmemError) -> None:
        if self.trouble is None or self.trouble.code != err.code:
            log.warning("the relay waits: %s", err.message)
        self.trouble = err
        self._pause = min(LONGEST_PAUSE, self._pause * 2 or 0.5)
        asyncio.get_running_loop().call_later(self._pause, self.wake)

    async def _optimise_if_due(self) -> None:
        if self._written_since_optimise < self._optimise_after or self._optimising is not None:
            return
        self._written_since_optimise = 0
        try:
            copy = await self._indexes.prepare_copy()  # the relay is this task, so nobody writes meanwhile
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
