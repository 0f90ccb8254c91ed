"""What a service may ask of the truth about the order of things: memories around one, the newest changes.

Not versions of one memory (VersionTable).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lmem.domain.filters import Filter
from lmem.domain.history import Change
from lmem.domain.memories import Memory
from lmem.domain.room import Room


class TimelineTable(Protocol):
    """Memories and changes by time."""

    def before(self, wanted: Filter, anchor: Memory, limit: int, room: Room) -> Sequence[Memory]:
        """The memories just before one by creation, newest first; equal times are in the order of being stored.

        As far as they fit.
        """
        ...

    def after(self, wanted: Filter, anchor: Memory, limit: int, room: Room) -> Sequence[Memory]:
        """The memories just after one by creation, oldest first, as far as they fit."""
        ...

    def changes(self, user_id: str, shared: bool, limit: int, offset: int) -> list[Change]:
        """The user's change sets and the single adds that hold, newest first; with `shared` of memories that are not
        private."""
        ...
