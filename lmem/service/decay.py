"""Decay runs: what has faded moves to the temporal layer; and pinning, which keeps a memory out of it.

Not the formula (lmem.domain.decay), not the choice (lmem.domain.fading) and not the moving (lmem.service.moves). A run
is planned and recorded in one transaction and moved in slices; one that was killed goes on where it stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, timedelta

from lmem.config import InForce
from lmem.domain import fading, times
from lmem.domain.actors import Actor
from lmem.domain.fading import Day, Fading, Plan
from lmem.domain.memories import Memory
from lmem.errors import InvalidInput
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import names, recording
from lmem.service.lifecycle import Changed
from lmem.service.moves import DECAY, REASON, Moves

SHOWN = 20
"""Memories that a preview names."""


@dataclass(frozen=True, slots=True)
class Decayed:
    """What a run did or would do. `days` it sees to, `active` memories before, `cap` for them; `some` to name."""

    moved: int
    change_set: int | None
    days: int
    active: int
    cap: int
    some: tuple[Memory, ...] = ()
    enabled: bool = True


class Decay:
    """Runs, previews and pins. `settings` says where decay is switched off, `wake` tells the relay of work."""

    def __init__(self, storage: Storage, clock: Clock, wake: Callable[[], None], settings: InForce) -> None:
        self._storage = storage
        self._clock = clock
        self._wake = wake
        self._settings = settings
        self._moves = Moves(storage, clock, wake)
        self._running = asyncio.Lock()

    async def begin(self, user_id: str) -> None:
        """Count days from today, unless they are counted already: what comes before is no night that was missed."""
        if await self._storage.read(lambda tx: tx.decay.last_day(user_id)) is None:
            today = self._today()
            await self._storage.write(lambda tx: tx.decay.begin(user_id, today))

    async def preview(self, actor: Actor) -> Decayed:
        """What a run would move now; changes nothing. To others than the user private memories are not named."""
        if not self._enabled(None):
            return await self._disabled(actor)
        unfinished = await self._moves.left(actor.user_id)
        days, plan, active = await self._plan(actor)
        ids = (*(unfinished[1] if unfinished else ()), *plan.ids)

        def work(tx: UnitOfWork) -> tuple[int, list[Memory]]:
            movable = [row.id for row in tx.decay.still_movable(ids)]
            found = [memory for id_ in movable[:SHOWN] if (memory := tx.memories.find(id_)) is not None]
            return len(movable), found

        moved, found = await self._storage.read(work)
        some = tuple(memory for memory in found if not (actor.shared and memory.is_private))
        return Decayed(moved, None, len(days), active, fading.cap(len(days), active), some)

    async def run(self, actor: Actor) -> Decayed:
        """Move what has faded, as one change set; a second run of the same day moves nothing.

        A run that did not finish is finished first, and is the answer when nothing else is due. Raises Forbidden for a
        user who is not active.
        """
        if not self._enabled(None):
            await self._pass(actor)
            return await self._disabled(actor)
        async with self._running:
            resumed = await self._resume(actor)
            days, plan, active = await self._plan(actor)
            number = await self._start(actor, days, plan)
            moved = await self._moves.go(actor, number, plan.ids) if number is not None else 0
        if number is None and resumed is not None:
            return Decayed(resumed[1], resumed[0], 0, active, 0)
        return Decayed(moved, number, len(days), active, fading.cap(len(days), active))

    async def unfinished(self, user_id: str) -> bool:
        """Whether a run or an undo was killed half way."""
        return await self._moves.left(user_id) is not None

    async def undo(self, actor: Actor, number: int | None) -> Changed | None:
        """Take a decay run back, by default when it is the last change; None when that is not for here to do.

        It is taken back in slices, as it was done; a run that still moves ends by that.
        """
        undone = await self._moves.take_back(actor, number)
        if undone is not None:
            async with self._running:  # the run has ended by now, and so has whoever found what was left to take back
                await self._resume(actor)
        return undone

    async def pin(self, actor: Actor, ids: Sequence[str], pinned: bool, rate_of: Callable[[str], float]) -> Changed:
        """Pin memories (their decay rate becomes 0), or let them fade again at the rate they had before.

        Without a rate before, that is `rate_of` its type. Answers those that were not so already, as one change set.
        """

        def work(tx: UnitOfWork) -> Changed:
            wanted = {memory.id: memory for memory in (names.memory(tx, actor, text) for text in ids)}
            kind = "pin" if pinned else "unpin"
            changing = [memory for memory in wanted.values() if (memory.decay_rate == 0) != pinned]
            if not changing:
                return Changed((), None, kind)
            at = times.to_text(self._clock.now())
            number = tx.versions.open_change_set(kind, None, actor.user_id, at)
            for memory in changing:
                rate = 0.0 if pinned else _rate_before(tx, memory) or rate_of(memory.memory_type)
                if rate == 0 and not pinned:
                    raise InvalidInput(
                        f"New memories of the type {memory.memory_type} do not fade, so {memory.id[:8]} stays pinned.",
                        hint=f"Give it a rate: lmem edit {memory.id[:8]} --decay-rate 0.1",
                    )
                recording.change(tx, actor, memory, replace(memory, decay_rate=rate), "updated", kind, number, at)
            return Changed(tuple(changing), number, kind)

        changed = await self._storage.write(work)
        self._wake()
        return changed

    async def _plan(self, actor: Actor) -> tuple[list[date], Plan, int]:
        """The days that are due, what they move, and how many memories are active now."""
        today = self._today()
        projects = await self._storage.read(lambda tx: tx.directory.project_names(actor.user_id))
        off = [project_id for project_id in projects if not self._enabled(project_id)]
        settled = times.to_text(self._clock.now() - timedelta(days=fading.SETTLED_DAYS))
        oldest = times.to_text(self._clock.now() - timedelta(days=fading.YOUNGEST_DAYS))

        def work(tx: UnitOfWork) -> tuple[list[date], int, list[Fading], set[str], list[Day]]:
            days = _due(tx.decay.last_day(actor.user_id), today)
            active = tx.decay.active(actor.user_id)
            if not days:
                return days, active, [], set(), []
            past = tx.decay.days(actor.user_id, days[0] - timedelta(days=fading.REMEMBERED_DAYS))
            rows = tx.decay.fading(actor.user_id, oldest, off)
            return days, active, rows, tx.decay.brought_back(actor.user_id, settled), past

        days, active, rows, left_alone, past = await self._storage.read(work)
        movable = [row for row in rows if row.id not in left_alone] if left_alone else rows
        plan = await asyncio.to_thread(fading.plan, movable, active, days, past)
        return days, plan, active

    async def _start(self, actor: Actor, days: Sequence[date], plan: Plan) -> int | None:
        """Record the days and the plan together; answers the change set, None when there is nothing to move."""
        if not days:
            return None

        def work(tx: UnitOfWork) -> int | None:
            recording.require_active(tx, actor)
            tx.decay.add_days(actor.user_id, plan.days)
            if not plan.ids:
                return None
            at = times.to_text(self._clock.now())
            number = tx.versions.open_change_set(DECAY, REASON, actor.user_id, at)
            tx.decay.add_plan(number, actor.user_id, plan.ids)
            return number

        return await self._storage.write(work)

    async def _resume(self, actor: Actor) -> tuple[int, int] | None:
        """Finish what was killed; answers the change set and how many moved now."""
        found = None
        while (left := await self._moves.left(actor.user_id)) is not None:
            found = left[0], await self._moves.go(actor, *left)
        return found

    async def _pass(self, actor: Actor) -> None:
        """Days without decay do not count: what they might have moved is not made up when it is switched on again."""
        today = self._today()

        def work(tx: UnitOfWork) -> None:
            if days := _due(tx.decay.last_day(actor.user_id), today):
                tx.decay.add_days(actor.user_id, [Day(days[-1], 0, 0)])

        await self._storage.write(work)

    async def _disabled(self, actor: Actor) -> Decayed:
        active = await self._storage.read(lambda tx: tx.decay.active(actor.user_id))
        return Decayed(0, None, 0, active, 0, enabled=False)

    def _enabled(self, project_id: str | None) -> bool:
        return self._settings(project_id).flag("memory_decay_enabled")

    def _today(self) -> date:
        return self._clock.now().astimezone(UTC).date()


def _due(last: tuple[date, bool] | None, today: date) -> list[date]:
    """The days since the last that was seen to; before the first run today counts, also where the count began today."""
    if last is None or (last[0] == today and not last[1]):
        return [today]
    return fading.days_after(last[0], today)


def _rate_before(tx: UnitOfWork, memory: Memory) -> float | None:
    """The decay rate that a memory had before it was pinned."""
    for version in reversed(tx.versions.of(memory.id)):
        before, after = version.diff.get("decay_rate", (None, None))
        if after == 0 and isinstance(before, int | float):
            return float(before)
    return None
