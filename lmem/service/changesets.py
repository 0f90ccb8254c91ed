"""The one change set of several changes in a unit of work, so that one `undo` takes all of them back.

Not a list of what changed: each version names its change set.
"""

from __future__ import annotations

from lmem.domain.actors import Actor
from lmem.ports.storage import UnitOfWork


class Together:
    """A change set that is opened when the first thing changes: where nothing does, there is nothing to undo."""

    def __init__(self, tx: UnitOfWork, actor: Actor, kind: str, reason: str | None, at: str) -> None:
        self._tx = tx
        self._opening = (kind, reason, actor.user_id, at)
        self._number: int | None = None

    @property
    def number(self) -> int | None:
        """The change set, if something changed."""
        return self._number

    def open(self) -> int:
        """The change set, opened now at the latest."""
        if self._number is None:
            self._number = self._tx.versions.open_change_set(*self._opening)
        return self._number
