"""What a service may ask of the truth for decay: what fades, which days were seen to, what a run has still to move.

Not the plan (lmem.domain.fading).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from lmem.domain.fading import Day, Fading, Placed
from lmem.domain.layers import Layers


class DecayTable(Protocol):
    """Active memories are unarchived and in another layer than the temporal one."""

    def active(self, user_id: str) -> int: ...

    def fading(self, user_id: str, created_before: str, but: Sequence[str]) -> list[Fading]:
        """Active memories that decay may move: no decision, not pinned, made before then, of none `but` projects."""
        ...

    def brought_back(self, user_id: str, since: str) -> set[str]:
        """Ids of the memories that an undo since then brought back from a decay run."""
        ...

    def still_movable(self, ids: Sequence[str]) -> list[Placed]:
        """Those of `ids` that decay may still move, in that order."""
        ...

    def to_bring_back(self, undo: int, ids: Sequence[str]) -> list[tuple[Placed, Layers]]:
        """Those of `ids` that still are as the change set left them which `undo` reverses, with their layers before."""
        ...

    def changed_since(self, change_set: int) -> bool:
        """Whether a memory of a change set has a later version."""
        ...

    def move(self, rows: Sequence[Placed], to: Layers, change_set: int, reason: str, user_id: str, at: str) -> None:
        """Give memories these layers: a new revision, a version with the difference, and a row for each projection."""
        ...

    def days(self, user_id: str, since: date) -> list[Day]:
        """The days from `since` on that moved something, in order."""
        ...

    def last_day(self, user_id: str) -> tuple[date, bool] | None:
        """The last day that was seen to, and whether a run did so or the count only began there."""
        ...

    def begin(self, user_id: str, day: date) -> None:
        """The count of days begins with this one, unless it has begun."""
        ...

    def add_days(self, user_id: str, days: Sequence[Day]) -> None: ...

    def add_plan(self, change_set: int, user_id: str, ids: Sequence[str]) -> None: ...

    def open_plan(self, user_id: str) -> tuple[int, list[str]] | None:
        """The change set and the memories of a run that is not over."""
        ...

    def close_plan(self, change_set: int) -> None: ...
