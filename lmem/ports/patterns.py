"""What a service may ask of the patterns: their rows in each project, their evidence and their uses.

Not their points or nodes, which relays make from these rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lmem.domain.patterns import Evidence, Listed, Pattern, PatternFilter, ProjectPattern, Use
from lmem.ports.tables import Columns


class PatternTable(Protocol):
    """The rows of `patterns`, `project_patterns`, `pattern_evidence` and `pattern_uses` (specification 1.8, 3.5)."""

    def find(self, pattern_id: str) -> Pattern | None:
        """A pattern with what its projects add up to."""
        ...

    def named(self, user_id: str, name: str, kind: str | None = None) -> list[Pattern]:
        """The user's patterns of this name, of all types or of one, by type."""
        ...

    def starting_with(self, user_id: str, prefix: str, limit: int) -> list[Pattern]:
        """Patterns whose id starts with `prefix`, in order of id."""
        ...

    def names(self, user_id: str) -> list[str]:
        """The names of the user's patterns, those that changed last first; at most 1,000."""
        ...

    def page(self, wanted: PatternFilter, order: str, limit: int, offset: int = 0) -> list[Listed]:
        """Patterns, the most used or the most successful first; of a project by what counts there."""
        ...

    def between(self, low: str, high: str, limit: int) -> list[Pattern]:
        """Patterns of all users with ids in [low, high), in that order; an empty `high` has no end."""
        ...

    def most_used(self, user_id: str, limit: int) -> list[str]:
        """Ids of at most `limit` patterns, those that some project used most first."""
        ...

    def insert(self, pattern: Pattern) -> None:
        """Store a new pattern; its totals come from its projects."""
        ...

    def update(self, pattern_id: str, columns: Columns) -> None: ...

    def delete(self, pattern_id: str) -> None:
        """Remove a pattern and all that hangs on it, with a tombstone for every projection."""
        ...

    def in_projects(self, pattern_id: str) -> list[ProjectPattern]:
        """The pattern in each project where it was seen, the one that used it last first."""
        ...

    def place(self, pattern: Pattern, seen: ProjectPattern) -> None:
        """Store or replace what is known of a pattern in a project, but for its counts."""
        ...

    def use(self, pattern_id: str, use: Use) -> None:
        """Store a use, and count those of its project anew. Two uses of one moment are a millisecond apart."""
        ...

    def uses(self, pattern_id: str, limit: int) -> list[Use]:
        """Uses, newest first."""
        ...

    def finder(self, pattern_id: str) -> str | None:
        """The id of the user who found it first."""
        ...

    def support(self, pattern_id: str, evidence: Evidence) -> None:
        """Store what a memory says of a pattern; said again, it is replaced. The title is the memory's own."""
        ...

    def evidence(self, pattern_id: str, shared: bool) -> list[Evidence]:
        """What memories say of a pattern, oldest first; with `shared` without private memories."""
        ...

    def readable(self, memory_ids: Sequence[str], shared: bool) -> int:
        """How many of these memories there are, with `shared` without private ones."""
        ...

    def moved(self, rows: Sequence[str], at: str) -> list[tuple[str, int]]:
        """A new revision of the patterns of these rows of `project_patterns`; answers (id, rev) of each."""
        ...
