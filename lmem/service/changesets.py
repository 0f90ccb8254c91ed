"""The one change set of several changes in a unit of work, and those of what touches no memory.

Not a list of what changed: each version names its change set.
"""

from __future__ import annotations

from collections import OrderedDict

from lmem.domain.actors import Actor
from lmem.domain.history import BY_HAND
from lmem.ports.storage import UnitOfWork


def note(tx: UnitOfWork, actor: Actor, kind: str, what: str, at: str) -> None:
    """Keep that a user did what `undo` does not take back: a kind of BY_HAND, and what it was as a clause."""
    assert kind in BY_HAND
    tx.versions.open_change_set(kind, what, actor.user_id, at)


class Series:
    """The one change set of several units of work; one that was undone meanwhile is followed by another."""

    def __init__(self, kind: str, reason: str | None = None) -> None:
        self._named = (kind, reason)
        self.number: int | None = None

    def within(self, tx: UnitOfWork, actor: Actor, at: str) -> Together:
        """What changes together in one of the units of work."""
        return Together(tx, actor, *self._named, at, self)

    def open(self, tx: UnitOfWork, user_id: str, at: str) -> int:
        """The change set; another unit of work may have opened it, and may have failed with it."""
        found = tx.versions.change_set(self.number) if self.number is not None else None
        if found is None or found.undone_by is not None:
            self.number = tx.versions.open_change_set(*self._named, user_id, at)
            return self.number
        return found.id


class Runs:
    """The series of requests that belong together, by the id that their client gave the run."""

    MOST = 256
    """Beyond that the one that was used least recently is forgotten: its next request begins another change set."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._series = OrderedDict[tuple[str, str], Series]()

    def series(self, actor: Actor, run: str) -> Series:
        """That of a user's run."""
        found = self._series.setdefault((actor.user_id, run), Series(self._kind))
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
