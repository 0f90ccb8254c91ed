"""What a service may ask of the truth to annotate memories by itself: those it has not looked at, in order.

Not the annotations; those are columns of `memories` like any user's.
"""

from __future__ import annotations

from typing import Protocol

from lmem.domain.memories import Memory


class AnnotationTable(Protocol):
    """How far memories were looked at, by row number."""

    def unseen(self, user_id: str, limit: int) -> tuple[list[Memory], int | None]:
        """The next memories, archived ones left out, up to the first that waits for the vector index; and the last
        row number that they cover, None when there is none to look at."""
        ...

    def advance(self, key: int) -> None:
        """Memories up to this row number have been looked at."""
        ...

    def own(self, user_id: str, limit: int) -> int:
        """How many memories have a category that the user chose, counted up to `limit`."""
        ...

    def only_since(self, memory_id: str, rev: int) -> bool:
        """Whether nothing but annotations changed a memory since it had this revision."""
        ...

    def is_decided(self, memory_id: str, field: str) -> bool:
        """Whether any version of a memory changed this field: then somebody has decided about it."""
        ...
