"""What finding the scope of a call asks of the truth: projects by what they are recognised by, sessions by place.

Not the tables of either noun (lmem.ports.projects, lmem.ports.sessions).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class ScopeTable(Protocol):
    """Short reads over `projects`, `project_identities` and `sessions`."""

    def identified(self, user_id: str, values: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Value -> (project id, name), for those of `values` that a project is recognised by."""
        ...

    def project_name(self, project_id: str) -> str: ...

    def session_at(self, user_id: str, directories: Sequence[str], project_id: str | None, since: str) -> str | None:
        """The active session of the first of `directories` that has one, the one used last, at `since` or later.

        Only sessions of the project, or of none, count when a project is given.
        """
        ...

    def session_project(self, session_id: str) -> str | None:
        """The project of a session."""
        ...

    def lineage(self, session_id: str) -> tuple[str, ...]:
        """A session and its parents, nearest first."""
        ...
