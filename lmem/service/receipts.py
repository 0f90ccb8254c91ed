"""The receipt of a purge: each place a memory lay in, how it was checked, and what is left there.

Not the purge (lmem.service.lifecycle).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from lmem.errors import StoreUnavailable
from lmem.ports.storage import Storage, UnitOfWork
from lmem.ports.vectors import MEMORIES, AsyncVectors
from lmem.service.caches import Caches
from lmem.service.indexes import Indexes

PATIENCE = 5.0
"""Seconds that a receipt waits for the relay and its index; what is not confirmed by then is said to be pending."""


@dataclass(frozen=True, slots=True)
class Place:
    """One place: its name, the check that was made, and 'gone' or 'pending'."""

    place: str
    check: str
    state: str


async def receipt(
    storage: Storage, indexes: Indexes, vectors: AsyncVectors, caches: Caches, backups: Sequence[str],
    ids: Sequence[str],
) -> list[Place]:  # fmt: skip
    """What a purge of `ids` left where."""

    def left(tx: UnitOfWork) -> int:
        return sum(tx.memories.find(memory_id) is not None or bool(tx.versions.of(memory_id)) for memory_id in ids)

    truth = "gone" if not await storage.read(left) else "pending"
    rows = [
        Place("sqlite: memory and versions", "no row with this id", truth),
        Place("sqlite: full text", "index segments merged without the row", truth),
        Place("sqlite: write-ahead log", "truncated by a checkpoint", truth),
        Place("vectors", *await _vectors(indexes, vectors, ids)),
        Place("cache", *await _cache(caches)),
    ]
    rows += [
        Place(f"backup {name}", "made before the purge; it goes when it is rotated", "pending") for name in backups
    ]
    return rows


async def _cache(caches: Caches) -> tuple[str, str]:
    """A purge empties the cache: what was cached of other memories comes back when it is asked for."""
    await caches.settled()
    if caches.holds_purged:
        return "not reachable: it is emptied when it answers", "pending"
    return "emptied", "gone"


async def _vectors(indexes: Indexes, vectors: AsyncVectors, ids: Sequence[str]) -> tuple[str, str]:
    try:
        async with asyncio.timeout(PATIENCE):
            while await vectors.retrieve(indexes.serving(), MEMORIES, ids):
                await asyncio.sleep(0.05)
    except StoreUnavailable as err:
        return f"not reachable: {err.message}", "pending"
    except TimeoutError:
        return f"the index has not confirmed the removal in {PATIENCE:g} s", "pending"
    return "no point with this id", "gone"
