"""Letting a projection go: at once for everybody, its rows of the outbox slice by slice, so that writes go in between.

Not the copy in its store, which whoever kept it drops. What is retired lies in the truth, so the rest of one that was
cut short is cleared after a restart.
"""

from __future__ import annotations

from lmem.domain.outbox import Projection
from lmem.ports.storage import Storage

SLICE = 2000
"""Rows of one transaction, some 10 ms: 100,000 at once kept an add waiting for 0.35 to 0.5 s."""


async def retire(storage: Storage, projection: Projection) -> None:
    """A projection is none from now on, and nothing of it is left. Raises StorageFull; the next `clear` goes on."""
    await storage.write(lambda tx: tx.outbox.retire(projection.id))
    await clear(storage)


async def clear(storage: Storage) -> None:
    """Remove what is left of every retired projection, before one may be made that would have its number.

    Raises StorageFull; the next call goes on from there.
    """
    while await storage.write(lambda tx: tx.outbox.clear_retired(SLICE)):
        pass
