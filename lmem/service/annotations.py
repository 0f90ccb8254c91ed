"""What lmem adds to memories by itself, off the path of `add`: categories, summaries, links to what a text names.

Not a user's choice, and never over one: each is a version with a reason, marked as automatic, or a detected link.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from lmem.config import InForce
from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.domain.automatic import KIND, SWITCHES, marked
from lmem.domain.categories import Guess
from lmem.domain.memories import Memory
from lmem.domain.summaries import Summary, extract
from lmem.errors import LmemError, StoreUnavailable
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import mentions, recording
from lmem.service.categories import Categories
from lmem.service.changesets import Together

BATCH = 64
"""Memories of one step."""

SETTLE = 0.5
"""Seconds after the relay has caught up: what comes in a burst is looked at together."""

SHARE = 4
LEAST_REST = 0.2
"""A step rests so many times as long as it took, and so many seconds at least: questions have the processors."""

LULL = 0.3
PATIENCE = 2.0
"""Seconds without a request that a step waits for, and how long at most: a request that meets a step waits for it."""

REASON = "automatic"

log = logging.getLogger(__name__)


class Annotations:
    """Looks once at every memory. `wake_relay` is called after a commit, `settings` are a project's; `quiet_for` tells
    for how many seconds nobody has asked for anything.
    """

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        categories: Categories,
        actor: Actor,
        settings: InForce,
        wake_relay: Callable[[], None],
        quiet_for: Callable[[], float],
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._categories = categories
        self._actor = actor
        self._settings = settings
        self._wake_relay = wake_relay
        self._quiet_for = quiet_for
        self._awake = asyncio.Event()
        self._working = asyncio.Lock()

    def wake(self) -> None:
        """The relay has caught up: there may be memories to look at."""
        self._awake.set()

    async def run(self) -> None:
        """Work until cancelled. What a store cannot do now waits until the relay has caught up again."""
        while True:
            await self._awake.wait()
            await asyncio.sleep(SETTLE)
            self._awake.clear()
            try:
                await self.catch_up()
            except StoreUnavailable as err:
                log.debug("no memory is annotated now: %s", err.message)
            except LmemError as err:
                log.warning("no memory is annotated now: %s", err.message)

    async def catch_up(self) -> int:
        """Look at every memory that was not looked at; answers how many were changed.

        Raises StoreUnavailable when no index serves, StorageFull; what was not looked at stays so.
        """
        changed = 0
        async with self._working:
            while (done := await self._step()) is not None:
                changed += done
        return changed

    async def waiting(self) -> int:
        """How many memories were not looked at, counted up to a thousand."""
        return await self._storage.read(lambda tx: len(tx.annotations.unseen(self._actor.user_id, 1000)[0]))

    async def _step(self) -> int | None:
        """Look at the next memories, then rest; None when there are none."""
        until = time.monotonic() + PATIENCE
        while self._quiet_for() < LULL and time.monotonic() < until:
            await asyncio.sleep(LULL)
        began = time.monotonic()
        memories, covered = await self._storage.read(lambda tx: tx.annotations.unseen(self._actor.user_id, BATCH))
        if covered is None:
            return None
        wanted = {memory.id: self._wanted(memory) for memory in memories}
        uncategorised = [memory for memory in memories if "category" in wanted[memory.id]]
        guesses = await self._categories.guess(self._actor.user_id, uncategorised)
        summaries = {memory.id: extract(memory.content) for memory in memories if "summary" in wanted[memory.id]}
        changed = await self._storage.write(lambda tx: self._write(tx, memories, guesses, summaries, covered))
        if changed:
            self._wake_relay()
        await asyncio.sleep(max(LEAST_REST, SHARE * (time.monotonic() - began)))
        return changed

    def _wanted(self, memory: Memory) -> set[str]:
        """The fields that nobody has set and that the settings of its project leave to lmem."""
        settings = self._settings(memory.project_id)
        fields = {"category": memory.category, "summary": memory.summary}
        return {name for name, value in fields.items() if value is None and settings.flag(SWITCHES[name])}

    def _write(
        self,
        tx: UnitOfWork,
        memories: Sequence[Memory],
        guesses: Mapping[str, Guess],
        summaries: Mapping[str, Summary | None],
        covered: int,
    ) -> int:
        """Apply what was found to what is there now, as one change set; answers how many memories that changed."""
        tx.annotations.advance(covered)
        at, changed = times.to_text(self._clock.now()), 0
        if not tx.directory.is_active(self._actor.user_id):
            return 0
        together = Together(tx, self._actor, KIND, None, at)
        for memory in memories:
            now = tx.memories.find(memory.id)
            if now is None or now.is_archived or now.content != memory.content:
                continue
            after, reason = _annotated(tx, now, guesses.get(memory.id), summaries.get(memory.id))
            if after is not now:
                recording.change(tx, self._actor, now, after, "updated", reason, together.open(), at)
            linked = mentions.detect(tx, self._actor, now, together, at)
            changed += after is not now or linked > 0
        return changed


def _annotated(
    tx: UnitOfWork, memory: Memory, guess: Guess | None, summary: Summary | None
) -> tuple[Memory, str]:
    """A memory with what was found for it, where nobody has decided before, and the reason for its version."""
    after, reasons = memory, []
    if guess is not None and memory.category is None and not _decided(tx, memory, "category"):
        facts = {"by": guess.by, "confidence": guess.confidence}
        after = replace(after, category=guess.category, context=marked(after.context, "category", facts))
        reasons.append(f"category by its {guess.by}, confidence {guess.confidence:g}")
    if summary is not None and memory.summary is None and not _decided(tx, memory, "summary"):
        after = replace(after, summary=summary.text, context=marked(after.context, "summary", summary.facts))
        reasons.append(f"summary by extraction of {len(summary.chosen)} of {summary.of} sentences")
    return after, f"{REASON}: {'; '.join(reasons)}"


def _decided(tx: UnitOfWork, memory: Memory, field: str) -> bool:
    """Whether some version changed the field: then it is empty because somebody, or an undo, emptied it."""
    return memory.rev > 1 and tx.annotations.is_decided(memory.id, field)
