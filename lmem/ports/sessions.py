"""What a service may ask of the sessions and of their memories' places in them.

Not the memories themselves (lmem.ports.tables).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lmem.domain.memories import Memory
from lmem.domain.sessions import Member, Session
from lmem.ports.tables import Columns


class SessionTable(Protocol):
    """The rows of `sessions`."""

    def find(self, session_id: str) -> Session | None: ...

    def starting_with(self, user_id: str, prefix: str, limit: int) -> list[Session]:
        """Sessions whose id starts with `prefix`."""
        ...

    def named(self, user_id: str, name: str, project_id: str | None) -> Session | None:
        """The session of this name in this project (or in none): one that has not ended first, then the newest."""
        ...

    def named_anywhere(self, user_id: str, name: str) -> list[Session]:
        """The sessions of this name in every project, those that have not ended first, then the newest."""
        ...

    def names(self, user_id: str) -> list[str]:
        """The names of the newest 1,000 sessions."""
        ...

    def children(self, session_id: str) -> list[Session]: ...

    def page(
        self, user_id: str, project_id: str | None, branch: str | None, ended: bool, limit: int
    ) -> list[tuple[Session, int]]:
        """Sessions with their numbers of memories, the most recently active first; `ended` adds those that ended."""
        ...

    def last_of(self, user_id: str, directory: str) -> Session | None:
        """The session that was last active in this directory."""
        ...

    def ended_at(self, user_id: str, at: str) -> list[str]:
        """The ids of the sessions that ended at this moment."""
        ...

    def idle(self, before: str) -> list[Session]:
        """Open sessions of working directories, last active before that, that have no open child."""
        ...

    def insert(self, session: Session) -> None: ...

    def update(self, session_id: str, columns: Columns) -> None: ...

    def pause_all(self, user_id: str, directory: str, but: str) -> list[str]:
        """Make every active session of this directory but that one paused; answers their ids."""
        ...


class MemberTable(Protocol):
    """The rows of `session_memories`."""

    def join(self, session_id: str, memory_id: str, at: str) -> int:
        """Put a memory last in a session; answers how many the session has, or a number above."""
        ...

    def count(self, session_id: str) -> int: ...

    def of(self, session_id: str) -> list[Member]:
        """The members in their order."""
        ...

    def in_layer(self, session_id: str) -> list[Memory]:
        """Unarchived memories of the session that are in the session layer, in their order."""
        ...

    def faded(self, session_id: str) -> list[Memory]:
        """Unarchived memories of the session that are in the temporal layer only."""
        ...

    def focus(self, session_id: str, memory_id: str, focused: bool) -> bool:
        """Set or clear the working-memory flag; answers whether that changed anything."""
        ...

    def show(self, session_id: str, ids: Sequence[str]) -> None:
        """These memories are the session's context window now, in this order, and no others."""
        ...
