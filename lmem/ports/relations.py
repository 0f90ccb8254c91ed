"""What a service may ask of the relations in the truth: between memories, from memories to projects, their changes.

Not the graph's questions (lmem.ports.graph).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lmem.domain.memories import Memory
from lmem.domain.related import Applied, Related, RelationChange, RelationFilter
from lmem.domain.relations import Link, Relation


class RelationTable(Protocol):
    """The rows of `memory_relationships` and `memory_projects` (specification 1.5, 3.5)."""

    def of(self, memory_id: str, shared: bool) -> list[Link]:
        """What a memory is linked to, with `shared` without private memories."""
        ...

    def find(self, from_id: str, to_id: str, relation_type: str) -> Relation | None: ...

    def between(self, one: str, other: str) -> list[Relation]:
        """Relations of two memories in either direction, by type."""
        ...

    def insert(self, relation: Relation) -> bool:
        """Store a relation; one that exists is left as it is. Answers whether it was new."""
        ...

    def update(self, relation: Relation) -> None:
        """Store what a relation holds now, and its revision."""
        ...

    def delete(self, from_id: str, to_id: str, relation_type: str) -> None:
        """Remove a relation, with a tombstone for every projection."""
        ...

    def newest_sequence(self, from_id: str) -> int:
        """The highest `sequence` of what a memory builds on; 0 for none."""
        ...

    def at(self, memory_id: str, wanted: RelationFilter) -> list[Related]:
        """Relations of one memory that is not archived, the strongest first, then the oldest; those without a row come
        last, when their types are named."""
        ...

    def page(self, wanted: RelationFilter, limit: int, offset: int) -> list[Related]:
        """Relations that have rows, the strongest first, then the oldest."""
        ...

    def named(self, user_id: str, name: str) -> str | None:
        """The id of the one memory whose id, or whose commit, begins with `name`; None for none and for several."""
        ...

    def applied(self, memory_id: str) -> list[Applied]:
        """The projects that a memory applies to, by relevance, then by name."""
        ...

    def apply(self, memory_id: str, project_id: str, relevance: float | None, user_id: str, at: str) -> None:
        """Let a memory apply to a project so much; None takes that away."""
        ...

    def following(self, memory: Memory) -> list[tuple[str, int]]:
        """(id, revision) of the memories whose derived edges depend on whether this one is before them."""
        ...

    def keep(self, change_set: int, change: RelationChange) -> None:
        """Note what a change set did."""
        ...

    def changed_since(self, change: RelationChange, change_set: int) -> set[int]:
        """The change sets that touched the same relation after this one."""
        ...

    def changes(self, change_set: int) -> Sequence[RelationChange]:
        """What a change set did, in that order, but for what was purged since."""
        ...
