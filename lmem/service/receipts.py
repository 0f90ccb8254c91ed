"""The receipt of a purge: each place a memory lay in, how it was checked, and what is left there.

Not the purge (lmem.service.lifecycle).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from lmem.domain.leftservers import KnownServer
from lmem.errors import StoreUnavailable
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service.consistency import StoreCheck
from lmem.service.leftservers import still_to_do
from lmem.service.purging import Purged

PATIENCE = 5.0
"""Seconds that a receipt waits for each relay and its store; what is not confirmed by then is said to be pending."""
STEP = 0.05


@dataclass(frozen=True, slots=True)
class Place:
    """One place: its name, the check that was made, and 'gone' or 'pending'."""

    place: str
    check: str
    state: str


async def receipt(
    storage: Storage,
    checks: Sequence[StoreCheck],
    purged: Purged,
    left_servers: Sequence[KnownServer] = (),
    moving: Sequence[KnownServer] = (),
) -> list[Place]:
    """What a purge left where; `left_servers` are those that it cannot reach, `moving` the copies that lmem has yet to
    sweep."""
    ids = purged.ids

    def left(tx: UnitOfWork) -> tuple[bool, bool]:
        rows = any(tx.memories.find(memory_id) is not None or tx.versions.of(memory_id) for memory_id in ids)
        return rows, not set(ids).isdisjoint(tx.memories.unswept())

    rows_left, unswept = await storage.read(left)
    later = f"not cleared yet: {purged.unswept or 'its turn has yet to come.'} lmem tries again every minute"
    truth, bytes_ = ("pending" if rows_left else "gone"), ("pending" if rows_left or unswept else "gone")
    rows = [
        Place("sqlite: memory and versions", "no row with this id", truth),
        Place("sqlite: sessions", "questions asked and its file are not remembered", truth),
        Place("sqlite: full text", later if unswept else "index segments merged without the row", bytes_),
        Place("sqlite: write-ahead log", later if unswept else "truncated by a checkpoint", bytes_),
    ]
    rows += [Place(check.name, *await _store(check, ids)) for check in checks]
    for name, why in purged.copies.items():
        rows.append(Place(f"backup {name}", why or "no row with this id", "pending" if why else "gone"))
    rows += [_merged(memory_id) for memory_id in purged.merged_into]
    rows += [_left(server) for server in left_servers]
    rows += [_moving(server) for server in moving]
    return rows


def _merged(memory_id: str) -> Place:
    short = memory_id[:8]
    return Place(
        f"memory {short}",
        f"it was merged into this one, which may hold its text: 'lmem forget {short} --purge' removes it too",
        "pending",
    )


def _left(server: KnownServer) -> Place:
    return Place(server.name, f"was left on {server.left_on} and may still hold it: {still_to_do(server)}", "pending")


def _moving(server: KnownServer) -> Place:
    check = f"its nodes of the prefix '{server.prefix}' are swept once the graph's copy is whole: 'lmem status' says so"
    return Place(server.name, check, "pending")


async def _store(check: StoreCheck, ids: Sequence[str]) -> tuple[str, str]:
    try:
        async with asyncio.timeout(PATIENCE):
            while left := await check.left(ids):
                await asyncio.sleep(STEP)
    except StoreUnavailable as err:
        return f"not reachable: {err.message} It is removed when it is back", "pending"
    except TimeoutError:
        return f"not confirmed in {PATIENCE:g} s; 'lmem status --wait' returns when it is", "pending"
    return "no memory was ever there" if left is None else "nothing there has this id", "gone"
