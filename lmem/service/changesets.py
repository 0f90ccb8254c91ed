"""The one change set of several changes in a unit of work, and those of what touches no memory.

Not a list of what changed: each version names its change set.
"""

from __future__ import annotations

import math
from collections import OrderedDict

from lmem.domain.actors import Actor
from lmem.domain.history import BY_HAND
from lmem.domain.memories import Memory
from lmem.ports.storage import UnitOfWork

BACKFILL = "backfill"
BULK = "bulk-add"
"""Kinds of change sets that store many memories."""

UNDO_OF_ADD = "undo of add"
"""Why a memory was archived whose `add` was undone; a single add has no change set of its own."""


def note(tx: UnitOfWork, actor: Actor, kind: str, what: str, at: str) -> None:
    """Keep that a user did what `undo` does not take back: a kind of BY_HAND, and what it was as a clause."""
    assert kind in BY_HAND
    tx.versions.open_change_set(kind, what, actor.user_id, at)


def was_undone(tx: UnitOfWork, memory: Memory) -> bool:
    """Whether it was last archived by the undo of what stored it, or of what brought it back from such an undo."""
    versions = tx.versions.of(memory.id) if memory.is_archived else []
    last = tx.versions.change_set(versions[-1].change_set or 0) if versions else None
    if last is None or last.kind != "undo":
        return False
    if versions[0].change_set is None and last.reason == UNDO_OF_ADD:
        return True
    for version in versions:
        found = tx.versions.change_set(version.change_set or 0)
        if found is not None and found.undone_by == last.id and (version.number == 1 or found.kind in (BACKFILL, BULK)):
            return True
    return False


class Series:
    """The one change set of several units of work.

    Another one follows when its user has changed something else meanwhile (each would have to be undone before the
    other), and after `most` units of work.
    """

    def __init__(self, kind: str, reason: str | None = None, most: float = math.inf) -> None:
        self._named = (kind, reason)
        self._most = most
        self._size = 0
        self._opened_at = ""
        self.number: int | None = None

    def within(self, tx: UnitOfWork, actor: Actor, at: str) -> Together:
        """What changes together in one of the units of work."""
        return Together(tx, actor, *self._named, at, self)

    def open(self, tx: UnitOfWork, user_id: str, at: str) -> int:
        """The change set. The unit of work that opened it may have failed, and its number be another's now."""
        number = self.number
        if (
            number is None
            or self._size >= self._most
            or not tx.versions.is_last(number, self._named[0], user_id, self._opened_at)
        ):
            self.number = number = tx.versions.open_change_set(*self._named, user_id, at)
            self._opened_at, self._size = at, 0
        self._size += 1
        return number


class Runs:
    """The series of requests that belong together, by the id that their client gave the run."""

    LINES = 10_000
    """Units of work of one change set: undoing it takes the one writer two seconds."""

    MOST = 256
    """Beyond that the one that was used least recently is forgotten: its next request begins another change set."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._series = OrderedDict[tuple[str, str], Series]()

    def series(self, actor: Actor, run: str) -> Series:
        """That of a user's run."""
        found = self._series.setdefault((actor.user_id, run), Series(self._kind, most=self.LINES))
        self._series.move_to_end((actor.user_id, run))
        if len(self._series) > self.MOST:
            self._series.popitem(last=False)
        return found


class Together:
    """A change set that is opened when the first thing changes: where nothing does, there is nothing to undo."""

    def __init__(
        self, tx: UnitOfWork, actor: Actor, kind: str, reason: str | None, at: str, series: Series | None = None
    ) -> None:
        self._tx = tx
        self._series = series or Series(kind, reason)
        self._opened = (actor.user_id, at)
        self._number: int | None = None

    @property
    def number(self) -> int | None:
        """The change set, if something changed."""
        return self._number

    def open(self) -> int:
        """The change set, opened now at the latest."""
        if self._number is None:
            self._number = self._series.open(self._tx, *self._opened)
        return self._number
