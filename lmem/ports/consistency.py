"""What a service may ask of the truth to compare a projection with it: ranges of ids, and what is on its way.

Not the comparison (lmem.domain.consistency).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lmem.domain.memories import Memory


class ConsistencyTable(Protocol):
    """Ranges are [low, high) of ids as text; an empty `high` has no end."""

    def memories(self, low: str, high: str, limit: int, shared: bool = False) -> list[Memory]:
        """Unarchived memories of all users, in order of id, with `shared` without private ones."""
        ...

    def objects(self) -> int:
        """How many memories, archived ones too, relationships, projects, users and patterns there are."""
        ...

    def waiting(self, projection: str, kind: str, low: str, high: str) -> set[str]:
        """Ids of a kind that have a row in a projection's outbox, parked or not."""
        ...

    def parked(self, projection: str) -> list[tuple[str, str, int]]:
        """(kind, id, revision) of the rows that are parked there."""
        ...

    def revision(self, kind: str, object_id: str) -> int | None:
        """The revision of an object in the truth; None when there is none."""
        ...

    def try_again(self, projection: str, objects: Sequence[tuple[str, str, str]]) -> int:
        """Put (kind, id, 'upsert' or 'delete') into a projection's outbox at their present revisions; parked rows are
        no longer. Answers how many."""
        ...
