"""What a service may ask of the truth for a brief: the memories of each of its parts, in an order that no read changes.

Not a search: nothing here is ranked by a question, and counters of reads decide nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from lmem.domain.memories import Memory

CONVENTION_TYPES = ("preference", "pattern", "convention")
"""Types of memories that say how things are done; so does the category 'convention'."""

LOOKED_AT = 26_000
"""Characters of a memory that a brief looks at, at most; the others are not read into memory."""


@dataclass(frozen=True, slots=True)
class Where:
    """Whose brief it is: the project's memories, or without a project those of none, and the session's.

    `lineage` holds the current session and its parents. `shared` leaves private memories out.
    """

    user_id: str
    project_id: str | None
    lineage: tuple[str, ...]
    shared: bool


class ContextTable(Protocol):
    """Unarchived memories that no other supersedes, at most `limit` of each part."""

    def focused(self, session_id: str, where: Where, limit: int) -> list[Memory]:
        """What is in focus in a session, in the session's order."""
        ...

    def of_session(self, where: Where, limit: int) -> list[Memory]:
        """Memories in the session layer of the lineage, but tasks, newest first."""
        ...

    def open_tasks(self, where: Where, limit: int) -> list[Memory]:
        """Tasks without an incoming RESOLVES of an unarchived memory, the most important first, then the newest."""
        ...

    def newest(self, where: Where, types: Sequence[str], but: Sequence[str], limit: int) -> list[Memory]:
        """Memories of `types` (all when empty) but those of `but`, newest first."""
        ...

    def lasting(self, where: Where, limit: int) -> list[Memory]:
        """Conventions, by CONVENTION_TYPES or by category, global ones too: the weightiest first, then the newest."""
        ...
