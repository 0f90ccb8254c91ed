"""The relay of a server's copy, as of the graph's or the cache's: rows in order, a bad one parked, nothing lost.

Not the copy: a Projector knows what a row means there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from lmem.domain.outbox import Pending, Projection
from lmem.errors import InvalidInput
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service.relay import BATCH, MANNERS, Loop


class Projector(Protocol):
    """Keeps a store's copy up with the truth."""

    port: str

    async def prepare(self) -> Sequence[Projection]:
        """The open projections, opened if need be, the serving one first. Raises StoreUnavailable."""
        ...

    async def apply(self, projection: Projection, rows: Sequence[Pending]) -> None:
        """Make the copy agree with the truth about the objects of these rows; durable when this returns.

        Raises StoreUnavailable, or InvalidInput when the store refuses what an object holds.
        """
        ...

    async def settle(self, projection: Projection) -> None:
        """Nothing waits for this projection: one that was being built may serve."""
        ...

    async def close(self) -> None:
        """Let go of the store."""
        ...


class CopyRelay(Loop):
    """Keeps one port's copies up. A store that is down keeps its rows, at most one an object, until it is back."""

    def __init__(self, storage: Storage, projector: Projector, clock: Clock) -> None:
        super().__init__(storage, clock, projector.port)
        self._projector = projector
        self.on_idle: Callable[[], None] = lambda: None

    async def step(self) -> bool:
        """See Loop.step."""
        worked = False
        for projection in await self._projector.prepare():
            rows = await self.due(projection.id, BATCH * 4)
            if rows:
                worked = True
                await self._storage.quiet(MANNERS)
                await self._apply_all(projection, rows)
            else:
                await self._projector.settle(projection)
        return worked

    def idle(self) -> None:
        """See Loop.idle."""
        self.on_idle()

    async def close(self) -> None:
        """See Loop.close."""
        await self._projector.close()

    async def _apply_all(self, projection: Projection, rows: Sequence[Pending]) -> None:
        """Apply rows together; one by one when one of them is refused, so that it blocks no other."""
        try:
            await self._apply(projection, rows)
            return
        except InvalidInput as err:
            if len(rows) == 1:
                await self.park(rows[0], err)
                return
        for row in rows:
            try:
                await self._apply(projection, [row])
            except InvalidInput as err:
                await self.park(row, err)

    async def _apply(self, projection: Projection, rows: Sequence[Pending]) -> None:
        await self._projector.apply(projection, rows)
        await self._storage.write(lambda tx: tx.outbox.confirm(rows))


async def forget(storage: Storage, port: str) -> None:
    """No server is set for a port: what was noted of one is let go, and nothing waits for it.

    Its rows are left to lmem.service.retiring.clear.
    """

    def work(tx: UnitOfWork) -> None:
        for projection in tx.outbox.projections(port):
            tx.outbox.retire(projection.id)

    if await storage.read(lambda tx: tx.outbox.projections(port)):
        await storage.write(work)
