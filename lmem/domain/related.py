"""Relations as readers are told them, and as a change set keeps them from before and after.

Not the types (lmem.domain.relations).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lmem.domain.relations import Relation

APPLIES_TO = "applies_to"

State = Mapping[str, object]
"""What a relation holds: strength, context, auto_detected and properties; of APPLIES_TO its relevance."""


@dataclass(frozen=True, slots=True)
class Related:
    """A relation with the titles of both ends. A `derived` one has no row: it follows from the order of memories."""

    relation: Relation
    from_title: str
    to_title: str
    derived: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """A project that a memory matters to without belonging to it."""

    project_id: str
    name: str
    relevance: float


@dataclass(frozen=True, slots=True)
class RelationFilter:
    """Which relations of a user are meant: of these types ('relates_to', none for all), detected by lmem or not.

    `shared` leaves out those at a private memory.
    """

    user_id: str
    shared: bool
    types: tuple[str, ...] = ()
    detected: bool | None = None


@dataclass(frozen=True, slots=True)
class RelationChange:
    """One relation that a change set touched, and what it held before: None means that there was none.

    APPLIES_TO ends at a project.
    """

    from_id: str
    to_id: str
    type: str
    before: State | None


def state_of(relation: Relation) -> dict[str, object]:
    """What a change set keeps of a relation."""
    return {
        "strength": relation.strength,
        "context": relation.context,
        "auto_detected": relation.auto_detected,
        "properties": dict(relation.properties),
    }
