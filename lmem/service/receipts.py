"""The receipt of a purge: each place a memory lay in, how it was checked, and what is left there.

Not the purge (lmem.service.lifecycle).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lmem.domain.leftservers import KnownServer
from lmem.errors import StoreUnavailable
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service.consistency import StoreCheck
from lmem.service.leftservers import still_to_do

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
    copies: Mapping[str, str],
    ids: Sequence[str],
    left_servers: Sequence[KnownServer] = (),
    moving: Sequence[KnownServer] = (),
) -> list[Place]:
    """What a purge of `ids` left where; `copies` are the backups with what it left in each, `left_servers` those that
    it cannot reach, `moving` the copies that lmem has yet to sweep."""

    def left(tx: UnitOfWork) -> int:
        return sum(tx.memories.find(memory_id) is not None or bool(tx.versions.of(memory_id)) for memory_id in ids)

    truth = "gone" if not await storage.read(left) else "pending"
    rows = [
        Place("sqlite: memory and versions", "no row with this id", truth),
        Place("sqlite: full text", "index segments merged without the row", truth),
        Place("sqlite: write-ahead log", "truncated by a checkpoint", truth),
    ]
    rows += [Place(check.name, *await _store(check, ids)) for check in checks]
    for name, why in copies.items():
        rows.append(Place(f"backup {name}", why or "no row with this id", "pending" if why else "gone"))
    rows += [_left(server) for server in left_servers]
    rows += [_moving(server) for server in moving]
    return rows


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
