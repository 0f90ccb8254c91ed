"""What every relay does: wait for work, apply what waits in the outbox, back off from a store that is down.

Not a store's own ways: lmem.service.projection and lmem.service.copies bring those. The relay step is one of the three
doors: it records what fails and goes on.
"""

from __future__ import annotations

import asyncio
import logging
import re
from abc import ABC, abstractmethod
from contextlib import suppress
from datetime import timedelta

from lmem.domain import times
from lmem.domain.outbox import Pending
from lmem.errors import LmemError, StorageFull, StoreUnavailable
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage

BATCH = 64
"""Rows of one step: the flush behind it costs about 9 ms, so smaller steps cost ingest and larger ones freshness."""

MANNERS = 1.0
"""Seconds at most for which a step lets writes pass that somebody waits for: what runs beside them slows them."""

LONGEST_PAUSE = 30.0
LONGEST_SLEEP = 60.0
"""Seconds after which the outbox is looked at although nobody woke the relay, as after a write whose caller hung up."""

PUT_OFF = 10.0
"""Seconds that a row waits which failed by itself. The store is of use meanwhile, so its failures do not add up."""

TRIES = 3
"""A row that failed by itself so often is parked. Once may be chance: somebody killed the store just then."""

_QUOTES = re.compile(r"[\"'`{]")
log = logging.getLogger(__name__)


class Loop(ABC):
    """One task that keeps the projections of a port up with the truth; `trouble` is why it waits, if it does."""

    def __init__(self, storage: Storage, clock: Clock, port: str) -> None:
        self.port = port
        self.trouble: LmemError | None = None
        self._storage = storage
        self._clock = clock
        self._awake = asyncio.Event()
        self._pause = 0.0
        self._at_work = False

    @property
    def resting(self) -> bool:
        """Whether the last look found nothing to do, or a store that is down, and nobody woke the relay since."""
        return not (self._at_work or self._awake.is_set())

    def wake(self) -> None:
        """There may be work."""
        self._awake.set()

    def rest(self) -> None:
        """What woke the relay until now needs no further step."""
        self._awake.clear()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LONGEST_SLEEP):
                    await self._awake.wait()
            self._awake.clear()
            self._at_work = True
            try:
                if isinstance(self.trouble, StorageFull):
                    with suppress(StorageFull):  # the step says the same, or finds that it needs no space
                        await self._storage.checkpoint()  # the log of an idle database may hold what is wanted
                while await self.step():
                    self.trouble = None  # the rest may take long, and nothing is in its way
                self.trouble, self._pause = None, 0.0
                self.idle()
            except (StoreUnavailable, StorageFull) as err:
                self._back_off(err)
            except Exception as err:
                log.exception("the relay of the %s failed", self.port)
                self._back_off(LmemError(f"The relay of the {self.port} failed: {type(err).__name__}."))
            self._at_work = False

    @abstractmethod
    async def step(self) -> bool:
        """Apply one batch to each open projection; answers whether there was any.

        Raises StoreUnavailable or StorageFull when a store cannot take it; what it did not take is not confirmed.
        """

    @abstractmethod
    def idle(self) -> None:
        """Everything was applied."""

    @abstractmethod
    async def close(self) -> None:
        """End background work."""

    async def due(self, projection_id: str, limit: int = BATCH) -> list[Pending]:
        """The next rows of a projection."""
        now = times.to_text(self._clock.now())
        return await self._storage.read(lambda tx: tx.outbox.due(projection_id, now, limit))

    async def put_off(self, row: Pending, err: LmemError) -> None:
        """A row failed by itself: it waits a while, and is parked when it has failed too often."""
        if row.attempts + 1 >= TRIES:
            await self.park(row, err)
            return
        retry_at = times.to_text(self._clock.now() + timedelta(seconds=PUT_OFF))
        await self._storage.write(lambda tx: tx.outbox.fail(row, err.message, retry_at))
        asyncio.get_running_loop().call_later(PUT_OFF + 0.1, self.wake)

    async def park(self, row: Pending, err: LmemError) -> None:
        """A row cannot be applied: it blocks nothing from now on, and is named in the status."""
        log.warning("parked %s %s: %s", row.kind, row.object_id, _unquoted(err))
        await self._storage.write(lambda tx: tx.outbox.fail(row, err.message, None))

    def _back_off(self, err: LmemError) -> None:
        if self.trouble is None or self.trouble.code != err.code:
            log.warning("the relay of the %s waits: %s", self.port, _unquoted(err))
        self.trouble = err
        self._pause = min(LONGEST_PAUSE, self._pause * 2 or 0.5)
        asyncio.get_running_loop().call_later(self._pause, self.wake)


def _unquoted(err: LmemError) -> str:
    """An error up to its first quotation: a server may quote a memory's text, which a purge does not find in a log."""
    return _QUOTES.split(err.message, maxsplit=1)[0].rstrip()
