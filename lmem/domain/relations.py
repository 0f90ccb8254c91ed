"""Relations: every type of specification 3.5 in one table, with its home in the truth, its words and its properties.

Not a graph; stores walk it. What people may say of a relation is checked by lmem.domain.relationwords.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MEMORY, PROJECT, PATTERN, USER = "memory", "project", "pattern", "user"
"""Ends of an edge, as the outbox calls their kinds; lmem.domain.graph.LABELS has their labels."""

TIME_WINDOW = "1 hour"
WINDOW_SECONDS = 3600
NEAREST = 5
"""SAME_CONTEXT: of the memories up to so long before one in its session (else its project) the nearest so many."""


@dataclass(frozen=True, slots=True)
class Property:
    """A property of an edge: its name in the graph, what it may hold (KINDS of lmem.domain.relationwords), and the
    column that holds it; without one it is a field of this name in `properties_json`."""

    name: str
    kind: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class Home:
    """Where the truth has edges: the table, the columns of their two ends, the column that tells types apart, and the
    one that tells apart several edges between the same two. `where` leaves out rows that are no edge."""

    table: str
    start: str
    end: str
    kind: str = ""
    key: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class RelationType:
    """`name` as SQL holds it, `edge` as Neo4j does, `inverse` the word for it seen from the other end.

    `value` is what the home's `kind` holds for it. A `derived` one is also read off the order of memories in their
    session (else their project), without a row: six rows a memory would take more room than the memory.
    """

    name: str
    inverse: str
    start: str
    end: str
    home: Home
    properties: tuple[Property, ...] = ()
    value: str | int = ""
    derived: bool = False

    @property
    def edge(self) -> str:
        return self.name.upper()


RELATIONSHIPS = Home("memory_relationships", "from_memory_id", "to_memory_id", "relationship_type")
EVIDENCE = Home("pattern_evidence", "memory_id", "pattern_id", "kind")
USES = Home("pattern_uses", "pattern_id", "project_id", "success", key="used_at")
FINDINGS = Home("pattern_uses", "discovered_by", "pattern_id", where="discovered_by IS NOT NULL")

_STRENGTH, _CONTEXT = Property("strength", "share", "strength"), Property("context", "text", "context")


def _between(name: str, inverse: str, *own: Property, derived: bool = False) -> RelationType:
    """A type between memories: each may have a strength and a context, and some have more."""
    properties = (_STRENGTH, _CONTEXT, *own)
    return RelationType(name, inverse, MEMORY, MEMORY, RELATIONSHIPS, properties, name, derived)


def _says(name: str, inverse: str, *own: Property) -> RelationType:
    """A type of evidence."""
    return RelationType(name, inverse, MEMORY, PATTERN, EVIDENCE, own, name)


RELATIONS: tuple[RelationType, ...] = (
    _between("relates_to", "relates_to"),
    _between("contradicts", "contradicts", Property("discovered_at", "moment")),
    _between("builds_on", "built_on_by", Property("sequence", "count")),
    _between("resolves", "resolved_by", Property("resolution_date", "day"), Property("outcome", "text")),
    _between("supersedes", "superseded_by", Property("reason", "text")),
    _between("temporal_before", "temporal_after", derived=True),
    _between("same_context", "same_context", Property("time_window", "window"), derived=True),
)
"""The types between memories."""

EDGES: tuple[RelationType, ...] = (
    *RELATIONS,
    RelationType("belongs_to", "has", MEMORY, PROJECT, Home("memories", "id", "project_id")),
    RelationType(
        "applies_to", "applied_by", MEMORY, PROJECT, Home("memory_projects", "memory_id", "project_id"),
        (Property("relevance", "share", "relevance"),),
    ),
    _says("demonstrates", "demonstrated_by"),
    _says("validates", "validated_by", Property("outcome", "text", "outcome")),
    _says("contradicts_pattern", "contradicted_by", Property("reason", "text", "reason")),
    RelationType(
        "used_in", "uses", PATTERN, PROJECT, USES,
        (Property("success", "flag", "success"), Property("date", "day", "used_at")), 1,
    ),
    RelationType("failed_in", "failed_with", PATTERN, PROJECT, USES, (Property("reason", "text", "reason"),), 0),
    RelationType("owns", "owned_by", USER, PROJECT, Home("projects", "user_id", "id")),
    RelationType("created", "created_by", USER, MEMORY, Home("memories", "user_id", "id")),
    RelationType("discovered", "discovered_by", USER, PATTERN, FINDINGS),
)  # fmt: skip
"""Every type of specification 3.5. A use of a pattern that failed is FAILED_IN, one with success is USED_IN."""

BY_EDGE = {relation.edge: relation for relation in EDGES}

WALKED_BY_DEFAULT = tuple(
    relation.edge for relation in EDGES
    if not relation.derived and relation.edge not in ("BELONGS_TO", "OWNS", "CREATED", "DISCOVERED")
)  # fmt: skip
"""Edges that a question walks which names no types. A user is at one end of everything, a project of all its memories,
and order in time makes neighbours of what has nothing else in common: those are walked when they are named."""

MADE = tuple(relation.edge for relation in RELATIONS if not relation.derived)
"""Edges between memories that somebody made: communities are made of these, when no types are named."""


@dataclass(frozen=True, slots=True)
class Relation:
    """One row of `memory_relationships`; `properties` are those that its type adds."""

    id: str
    from_id: str
    to_id: str
    type: str
    created_by: str | None
    created_at: str
    strength: float = 1.0
    properties: Mapping[str, object] = field(default_factory=dict)
    context: str | None = None
    auto_detected: bool = False
    rev: int = 1


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
