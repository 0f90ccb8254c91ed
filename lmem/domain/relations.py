"""Relationships between memories: the types, in both spellings and both directions.

Not a graph; stores walk them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RelationType:
    """`name` as SQL holds it, `edge` as Neo4j does, `inverse` the word for it seen from the other end."""

    name: str
    edge: str
    inverse: str


RELATIONS: tuple[RelationType, ...] = (
    RelationType("relates_to", "RELATES_TO", "relates_to"),
    RelationType("contradicts", "CONTRADICTS", "contradicts"),
    RelationType("builds_on", "BUILDS_ON", "built_on_by"),
    RelationType("resolves", "RESOLVES", "resolved_by"),
    RelationType("supersedes", "SUPERSEDES", "superseded_by"),
    RelationType("temporal_before", "TEMPORAL_BEFORE", "temporal_after"),
    RelationType("same_context", "SAME_CONTEXT", "same_context"),
)


@dataclass(frozen=True, slots=True)
class Relation:
    """One edge to store; `properties` are those of specification 3.5 for its type."""

    id: str
    from_id: str
    to_id: str
    type: str
    created_by: str
    created_at: str
    strength: float = 1.0
    properties: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Link:
    """An edge as one memory sees it: the word for it from there, and the other end."""

    type: str
    direction: str
    other_id: str
    other_title: str


def word_for(type_name: str, direction: str) -> str:
    """The word for an edge seen from its start ('out') or its end ('in'); a type not in the table keeps its name."""
    for relation in RELATIONS:
        if relation.name == type_name:
            return relation.name if direction == "out" else relation.inverse
    return type_name
