"""Moves of many memories between layers, a few a transaction so that other writes get in: decay's, and their undo.

Not the choice of what moves (lmem.domain.fading). What is left to move is stored with the change set: whoever comes
next finishes what was killed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby

from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.domain.fading import Placed
from lmem.domain.filters import Filter
from lmem.domain.history import ChangeSet
from lmem.domain.layers import Layers
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import recording
from lmem.service.lifecycle import Changed

SLICE = 100
"""Memories of one transaction: some 25 ms of the writer's time. A thousand dirty more pages than its cache holds, and
cost three times as much each."""

TEMPORAL = Layers(("temporal",))
DECAY, UNDO = "decay", "undo"
REASON = "its importance had faded"


class Moves:
    """Moves to the temporal layer and back. `wake` tells the relay that there is work."""

    def __init__(self, storage: Storage, clock: Clock, wake: Callable[[], None]) -> None:
        self._storage = storage
        self._clock = clock
        self._wake = wake

    async def left(self, user_id: str) -> tuple[int, list[str]] | None:
        """The change set and the memories of a move that is not over."""
        return await self._storage.read(lambda tx: tx.decay.open_plan(user_id))

    async def go(self, actor: Actor, number: int, ids: Sequence[str]) -> int:
        """Move these memories as change set `number`, whose plan is stored; answers how many moved.

        Those that changed since the plan are judged anew. It ends early when the change set is undone meanwhile.
        """
        moved = 0
        ids = sorted(ids)  # neighbours of the indexes by id share their pages; which ones move is settled
        for begin in range(0, len(ids), SLICE):
            some, last = ids[begin : begin + SLICE], begin + SLICE >= len(ids)
            done = await self._storage.write(partial(self._slice, actor=actor, number=number, ids=some, last=last))
            self._wake()
            if done is None:
                break
            moved += done
        return moved

    async def take_back(self, actor: Actor, number: int | None) -> Changed | None:
        """Undo a decay run, by default when it is the last change; it counts as undone from the first transaction on.

        Answers None, and does nothing, for every other change set and where a memory of the run changed again since:
        lmem.service.undo knows what to say of those.
        """

        def begin(tx: UnitOfWork) -> tuple[ChangeSet, int, list[str]] | None:
            done = _run_to_undo(tx, actor, number)
            if done is None:
                return None
            recording.require_active(tx, actor)
            at = times.to_text(self._clock.now())
            ids = [version.memory_id for version in tx.versions.in_change_set(done.id)]
            undo = tx.versions.open_change_set(UNDO, f"undo of change set {done.id}", actor.user_id, at)
            tx.versions.mark_undone(done.id, undo)
            tx.decay.add_plan(undo, actor.user_id, ids)
            return done, undo, ids

        begun = await self._storage.write(begin)
        if begun is None:
            return None
        done, undo, ids = begun
        await self.go(actor, undo, ids)
        found = await self._storage.read(lambda tx: tx.memories.beginnings(ids, Filter(actor.user_id)))
        return Changed(tuple(found.values()), done.id, DECAY, undo)

    def _slice(self, tx: UnitOfWork, actor: Actor, number: int, ids: Sequence[str], last: bool) -> int | None:
        """Move some; None when the change set was undone meanwhile."""
        recording.require_active(tx, actor)
        set_ = tx.versions.change_set(number)
        undone = set_ is None or set_.undone_by is not None
        rows: list[tuple[Placed, Layers]] = []
        if set_ is not None and not undone:
            rows = (
                tx.decay.to_bring_back(number, ids) if set_.kind == UNDO
                else [(row, TEMPORAL) for row in tx.decay.still_movable(ids)]
            )  # fmt: skip
            self._move(tx, actor, rows, set_)
        if undone or last:
            tx.decay.close_plan(number)
        return None if undone else len(rows)

    def _move(self, tx: UnitOfWork, actor: Actor, rows: Sequence[tuple[Placed, Layers]], into: ChangeSet) -> None:
        """What lmem.service.recording writes for a change, for many rows at once."""
        at = times.to_text(self._clock.now())
        for layers, group in groupby(sorted(rows, key=lambda row: row[1].names), key=lambda row: row[1]):
            tx.decay.move([row for row, _ in group], layers, into.id, into.reason or REASON, actor.user_id, at)
        moved = [row for row, _ in rows]
        tx.outbox.enqueue_many("memory", [(row.id, row.rev + 1) for row in moved], "upsert")
        details = {"fields": ["layers"], "change_set": into.id}
        tx.audit.append_many(actor, "update", "memory", [row.id for row in moved], details, at)


def _run_to_undo(tx: UnitOfWork, actor: Actor, number: int | None) -> ChangeSet | None:
    """The decay run that is meant, when nothing stands in the way of its undo and only the user's terminal asks."""
    if actor.shared:
        return None
    if number is None:
        last = tx.versions.last_change(actor.user_id, actor.shared)
        number = last[0] if last is not None else None
    done = tx.versions.change_set(number) if number is not None else None
    if done is None or done.kind != DECAY or done.undone_by is not None or tx.decay.changed_since(done.id):
        return None
    return done
