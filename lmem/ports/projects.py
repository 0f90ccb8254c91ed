"""What a service may ask of the projects and of what they are recognised by.

Not their memories (lmem.ports.tables), and not the finding of a call's project (lmem.ports.scopes).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lmem.domain.projects import Move, Project
from lmem.ports.tables import Columns


class ProjectTable(Protocol):
    """The rows of `projects` and `project_identities`."""

    def find(self, project_id: str) -> Project | None: ...

    def named(self, user_id: str, name: str) -> str | None:
        """The id of the project with this name, id, alias, or directory."""
        ...

    def page(self, user_id: str, archived: bool, kind: str | None = None) -> list[Project]:
        """Active projects (with `archived` the archived ones), the one used last first; of one type with `kind`."""
        ...

    def sizes(self, user_id: str, shared: bool) -> dict[str, int]:
        """Project id -> memories that hold (not archived, not superseded), with `shared` without private ones."""
        ...

    def size(self, user_id: str, project_id: str, shared: bool) -> int:
        """As `sizes`, of one project."""
        ...

    def insert(self, project: Project) -> None: ...

    def update(self, project_id: str, columns: Columns) -> None: ...

    def identities(self, project_id: str) -> list[tuple[str, str]]:
        """(kind, value), in the order of kind and value."""
        ...

    def owner_of(self, value: str) -> str | None:
        """The project that is recognised by a value."""
        ...

    def identify(self, project_id: str, identities: Sequence[tuple[str, str]]) -> None:
        """Recognise a project by (kind, value) too; a value that another project has stays with that one."""
        ...

    def forget_identity(self, value: str) -> None: ...

    def belongings(self, source: str, target: str) -> list[Move]:
        """All that would go from one project to another in a merge, besides memories."""
        ...

    def apply(self, change_set: int, move: Move) -> None:
        """Do a move and keep it with its change set; one whose object is elsewhere by now is neither."""
        ...

    def moves(self, change_set: int) -> list[Move]: ...

    def memories(self, project_id: str) -> list[str]:
        """The ids of all its memories, archived ones too, in the order of their rows."""
        ...

    def accessed(self, project_id: str, at: str) -> None:
        """Something was done in a project; a counter, which carries no revision."""
        ...
