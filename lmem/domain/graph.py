"""The graph as specification section 3 draws it: nodes, edges, and what questions about it are answered with.

Not a store; lmem.ports.graph says who keeps and who answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LABELS = {"memory": "Memory", "project": "Project", "pattern": "Pattern", "user": "User"}
"""Kind of an outbox row -> label of its node. A 'relationship' is an edge."""

Value = str | int | float | bool | Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Node:
    """One object with the properties of specification 3.1 to 3.4 (dates as stored text), and its revision."""

    label: str
    id: str
    properties: Mapping[str, Value]
    rev: int


@dataclass(frozen=True, slots=True)
class Edge:
    """One relationship with the properties of specification 3.5. (type, start, end, key) names it.

    `key` tells edges apart of which there may be several between the same two, as uses of a pattern on several days;
    it is empty for the others. `id` is the row's own where it has one.
    """

    type: str
    start_label: str
    start: str
    end_label: str
    end: str
    properties: Mapping[str, Value]
    key: str = ""
    id: str = ""
    rev: int = 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a store has to hold for some objects: their nodes, every edge at them, and those that it must not hold.

    `edges` are all edges at `nodes` (of memories and patterns; of a project and a user only those between the two), and
    the relationships asked for by id. `gone` are (label, id) of nodes, `unlinked` ids of relationships.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    gone: tuple[tuple[str, str], ...] = ()
    unlinked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hop:
    """One edge as it was walked, from the node `start` to the node `end`: its type (as 'RELATES_TO'), whether it points
    that way (`forward`), and its properties. The least of several is that of the least (type, start, not forward, key)
    as an Edge names them."""

    type: str
    forward: bool
    start: str
    end: str
    properties: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A node near another: how many edges away, and the last edge of the way to it: the least Hop of all those that
    come from a node which is one edge less away. `name` is a memory's title, a pattern's or project's name, a user's
    username."""

    label: str
    id: str
    name: str
    distance: int
    by: Hop


@dataclass(frozen=True, slots=True)
class Path:
    """A shortest way: its nodes as (label, id, name) from start to end, and the edges between them."""

    nodes: tuple[tuple[str, str, str], ...]
    hops: tuple[Hop, ...]


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose graph a question is about; with `shared` without private memories."""

    user_id: str
    shared: bool
