"""The end that cannot be undone: memories deleted for ever, and the sweep that takes their bytes out of the files.

Not the archiving, which `restore` takes back (lmem.service.lifecycle), nor the receipt (lmem.service.receipts).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.domain.commits import SOURCE
from lmem.domain.memories import Memory
from lmem.domain.nouns import count
from lmem.errors import LmemError, NotFound
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import names, purgedcommits, recording
from lmem.service.changesets import note

AGAIN_S = 60.0
"""Seconds between two looks for what a purge left that was cut short, or whose sweep could not be done."""
BRIEFLY_S = 2.0
"""Seconds that such a sweep waits for readers: writes are slower meanwhile, and nobody waits for it."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Purged:
    """What a purge deleted, with what `done` had made for it, and what it left.

    `gone` are ids that an earlier purge deleted and had not swept. `copies` are the backups, with what is left there:
    '' for nothing, else why. `merged_into` are memories that hold its text by a merge. `unswept` says why its bytes are
    in the database's files still, '' when they are not.
    """

    memories: tuple[Memory, ...]
    gone: tuple[str, ...] = ()
    copies: Mapping[str, str] = field(default_factory=dict)
    merged_into: tuple[str, ...] = ()
    unswept: str = ""

    @property
    def ids(self) -> list[str]:
        """The ids of all that it deleted or swept."""
        return [*(memory.id for memory in self.memories), *self.gone]


class Purging:
    """Purges, and sweeps until nothing is left to sweep. `wake` tells the relay that there is work."""

    def __init__(self, storage: Storage, clock: Clock, wake: Callable[[], None]) -> None:
        self._storage = storage
        self._clock = clock
        self._wake = wake

    async def purge(self, actor: Actor, ids: Sequence[str], dry_run: bool) -> Purged:
        """Delete memories from the truth, with tombstones for every projection; this cannot be undone.

        A memory that `done` made for a task goes with the task. One that was purged before and not swept is swept.
        Whoever asked may go away: what was begun is done all the same. Raises NotFound, AmbiguousId, Forbidden,
        StorageFull.
        """
        if dry_run:
            return await self._storage.read(lambda tx: _named(tx, actor, ids))
        return await asyncio.shield(asyncio.create_task(self._purge(actor, ids)))

    async def run(self) -> None:
        """Sweep what is left of purges that were cut short, or could not be swept, until cancelled."""
        while True:
            try:
                if await self._storage.read(lambda tx: tx.memories.unswept()):
                    await self._storage.purge_residue(BRIEFLY_S)
            except LmemError as err:
                log.warning("the text of what was purged is still in the database's files: %s", err.message)
            await asyncio.sleep(AGAIN_S)

    async def _purge(self, actor: Actor, ids: Sequence[str]) -> Purged:
        """Backups come first: were the daemon killed half way, the memory is still there to be purged again."""

        def work(tx: UnitOfWork) -> Purged:
            found = _named(tx, actor, ids)
            recording.require_active(tx, actor)
            at = times.to_text(self._clock.now())
            holding: dict[str, None] = {}
            for memory in found.memories:
                recording.enqueue_neighbours(tx, memory)
                recording.enqueue_followers(tx, memory, memory.key)
                holding.update(dict.fromkeys(tx.memories.merged_into(memory.id)))
                if memory.source_tool == SOURCE:
                    purgedcommits.remember(tx, memory)
                tx.audit.append(actor, "delete", "memory", memory.id, {"purged": True}, at)
            if found.memories:
                tx.memories.delete([memory.id for memory in found.memories])
                note(tx, actor, "purge", f"{count(len(found.memories), 'memory', 'memories')} purged", at)
            return replace(found, merged_into=tuple(id for id in holding if id not in found.ids))

        async with self._storage.no_backup():
            named = await self._storage.read(lambda tx: _named(tx, actor, ids))
            copies = await self._storage.purge_copies(named.ids)
            purged = await self._storage.write(work)
        self._wake()
        return replace(purged, copies=copies, unswept=await self._swept())

    async def _swept(self) -> str:
        """'' or why the sweep could not be done; then `run` tries again."""
        try:
            await self._storage.purge_residue()
        except LmemError as err:
            return err.message
        return ""


def _named(tx: UnitOfWork, actor: Actor, ids: Sequence[str]) -> Purged:
    """The memories of these ids or prefixes, each once, with what `done` made for them; ids that are to be swept."""
    found: dict[str, Memory] = {}
    gone: dict[str, None] = {}
    unswept = tx.memories.unswept()
    for text in ids:
        try:
            memory = names.memory(tx, actor, text)
        except NotFound:
            left = [id for id in unswept if id.startswith(text.strip().lower())]
            if not left:
                raise
            gone.update(dict.fromkeys(left))
        else:
            _collect(tx, actor, memory, found)
    return Purged(tuple(found.values()), tuple(gone))


def _collect(tx: UnitOfWork, actor: Actor, memory: Memory, found: dict[str, Memory]) -> None:
    if memory.id not in found:
        found[memory.id] = memory
        for made_id in tx.memories.made_by_done(memory.id):
            made = tx.memories.find(made_id)
            if made is not None and not (actor.shared and made.is_private):
                _collect(tx, actor, made, found)
