"""A small truth of the graph for contracts: every label, every type with every property, and changes by chance.

Not a test, and not SQLite's: what a copy has to hold is said here once more, so that both can be compared with it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from lmem.domain import relations
from lmem.domain.graph import LABELS, Edge, Node, Value, Wanted
from lmem.domain.graphdigest import digest
from lmem.ports.graph import Held
from tests.contract.vectors import an_id

USER = an_id(1)
AT = "2026-11-22T12:00:00.000Z"
OWNER = "f" * 32

MEMORIES = [an_id(100 + number) for number in range(9)]
PROJECTS = [an_id(200 + number) for number in range(3)]
PATTERNS = [an_id(300 + number) for number in range(3)]

VALUES: dict[str, Value] = {
    "share": 0.8, "text": "Updated approach: ünïcode, 'quotes' and \\ slashes", "moment": AT, "day": "2026-11-22",
    "count": 1, "flag": True, "window": "1 hour",
}  # fmt: skip
"""Kind of a property -> what it may hold."""

EDGES: dict[str, tuple[str, str, dict[str, Value]]] = {
    item.edge: (LABELS[item.start], LABELS[item.end], {held.name: VALUES[held.kind] for held in item.properties})
    for item in relations.EDGES
}
"""Type -> labels of its ends, and every property that it may have."""

SEVERAL = ("USED_IN", "FAILED_IN")
"""Types of which there may be several between the same two, told apart by a key."""

ObjectId = tuple[str, str]
EdgeKey = tuple[str, str, str, str]


def memory(number: int, rev: int = 1, **changed: Value) -> Node:
    """A memory's node; `changed` replaces properties of the usual one."""
    id = MEMORIES[number]
    usual: dict[str, Value] = {
        "id": id, "user_id": USER, "project_id": PROJECTS[number % 3], "session_id": None, "title": f"Memory {number}",
        "memory_type": "decision", "category": "architecture", "importance_score": 0.85,
        "layer_assignments": ["project", "global"], "created_at": f"2026-01-{number + 1:02d}T10:00:00.000Z",
        "updated_at": "2026-02-01T10:00:00.123Z",
    }  # fmt: skip
    return Node("Memory", id, {**usual, **changed}, rev)


def project(number: int, rev: int = 1, **changed: Value) -> Node:
    id = PROJECTS[number]
    usual: dict[str, Value] = {
        "id": id, "user_id": USER, "name": f"project-{number}", "project_type": "web", "language": "typescript",
        "framework": None, "created_at": AT,
    }  # fmt: skip
    return Node("Project", id, {**usual, **changed}, rev)


def pattern(number: int, rev: int = 1, **changed: Value) -> Node:
    id = PATTERNS[number]
    usual: dict[str, Value] = {
        "id": id, "pattern_type": "architecture", "pattern_name": f"pattern-{number}", "description": "A pattern",
        "success_rate": 0.9, "usage_count": 15, "created_at": AT,
    }  # fmt: skip
    return Node("Pattern", id, {**usual, **changed}, rev)


def user(rev: int = 1) -> Node:
    return Node("User", USER, {"id": USER, "username": "ada", "created_at": AT}, rev)


def edge(type_: str, start: str, end: str, key: str = "", rev: int = 1, **changed: Value) -> Edge:
    """An edge with every property of its type; those between memories have a row, so an id."""
    start_label, end_label, usual = EDGES[type_]
    id = ""
    if start_label == end_label:
        id = f"{random.Random(type_ + start + end).getrandbits(128):032x}"
    return Edge(type_, start_label, start, end_label, end, {**usual, **changed}, key, id, rev)


@dataclass
class World:
    """Nodes and edges as the truth has them."""

    nodes: dict[ObjectId, Node] = field(default_factory=dict)
    edges: dict[EdgeKey, Edge] = field(default_factory=dict)
    revs: dict[ObjectId, int] = field(default_factory=dict)

    def put(self, *items: Node | Edge) -> None:
        for item in items:
            if isinstance(item, Node):
                self.nodes[(item.label, item.id)] = item
                self.revs[(item.label, item.id)] = item.rev
            else:
                self.edges[(item.type, item.start, item.end, item.key)] = item

    def wanted(self, objects: Iterable[ObjectId], relationships: Sequence[str] = ()) -> Wanted:
        """What a copy has to hold for some (label, id) and ids of relationships, as GraphTable says it."""
        asked = list(dict.fromkeys(objects))
        nodes = [self.nodes[item] for item in asked if item in self.nodes]
        at = {(node.label, node.id) for node in nodes}
        edges = [edge for edge in self.edges.values() if _is_asked(edge, at) or edge.id in relationships]
        gone = [item for item in asked if item not in self.nodes]
        known = {edge.id for edge in self.edges.values()}
        return Wanted(tuple(nodes), tuple(edges), tuple(gone), tuple(id for id in relationships if id not in known))

    def everything(self) -> Wanted:
        return self.wanted(self.nodes)

    def held(self) -> list[Held]:
        nodes = [Held(label, id, digest(node.properties)) for (label, id), node in self.nodes.items()]
        edges = [
            Held(type_, f"{start}/{end}/{key}", digest(edge.properties))
            for (type_, start, end, key), edge in self.edges.items()
        ]
        return sorted(nodes + edges, key=lambda item: (item.kind, item.id))

    def remove(self, item: ObjectId) -> None:
        """A node, with all edges at it."""
        del self.nodes[item]
        self.edges = {name: edge for name, edge in self.edges.items() if item not in _ends(edge)}

    def change(self, chance: random.Random) -> tuple[list[ObjectId], list[str]]:
        """Something happens; the objects and the relationships that the outbox then names."""
        what = chance.choice(("node", "node", "link", "link", "unlink", "remove"))
        if what == "node" or not self.nodes:
            return [self._touched(chance)], []
        if what == "link":
            return self._linked(chance)
        if what == "unlink" and self.edges:
            name = chance.choice(sorted(self.edges))
            return _named(self.edges.pop(name))
        gone = chance.choice(sorted(self.nodes))
        relationships = [edge.id for edge in self.edges.values() if gone in _ends(edge) and edge.id]
        self.remove(gone)
        return [gone], relationships

    def _touched(self, chance: random.Random) -> ObjectId:
        made = chance.choice((memory, memory, memory, project, pattern))(chance.randrange(3))
        rev = self.revs.get((made.label, made.id), 0) + 1  # what comes back goes on counting
        text = chance.choice(("title", "description", "name"))
        self.put(replace(made, properties={**made.properties, text: f"of revision {rev}"}, rev=rev))
        return made.label, made.id

    def _linked(self, chance: random.Random) -> tuple[list[ObjectId], list[str]]:
        type_ = chance.choice(sorted(EDGES))
        start_label, end_label, _ = EDGES[type_]
        starts = sorted(id for label, id in self.nodes if label == start_label)
        ends = sorted(id for label, id in self.nodes if label == end_label)
        if not starts or not ends or starts == ends:
            return [self._touched(chance)], []
        start, end = chance.choice(starts), chance.choice(ends)
        if start == end:
            return [self._touched(chance)], []
        key = chance.choice(("2026-10-01", "2026-10-02")) if type_ in SEVERAL else ""
        old = self.edges.get((type_, start, end, key))
        made = edge(type_, start, end, key, (old.rev + 1) if old else 1)
        if made.properties and chance.random() < 0.5:
            made = replace(made, properties={})
        self.put(made)
        return _named(made)


def full() -> World:
    """Every label, and every type with every property."""
    world = World()
    world.put(user(), *(memory(number) for number in range(4)))
    world.put(*(project(number) for number in range(2)), *(pattern(number) for number in range(2)))
    first = {"Memory": MEMORIES[0], "Project": PROJECTS[0], "Pattern": PATTERNS[0], "User": USER}
    second = {"Memory": MEMORIES[1], "Project": PROJECTS[1], "Pattern": PATTERNS[1]}
    for type_, (start, end, _) in EDGES.items():
        keys = ("2026-10-01", "2026-10-02") if type_ in SEVERAL else ("",)
        world.put(*(edge(type_, first[start], second[end], key) for key in keys))
    return world


def _is_asked(edge: Edge, nodes: set[ObjectId]) -> bool:
    """All edges at memories and patterns; of users and projects those between the two."""
    own = {end for end in _ends(edge) if end[0] in ("Memory", "Pattern")}
    return bool(own & nodes) or (edge.type == "OWNS" and bool(_ends(edge) & nodes))


def _ends(edge: Edge) -> set[ObjectId]:
    return {(edge.start_label, edge.start), (edge.end_label, edge.end)}


def _named(edge: Edge) -> tuple[list[ObjectId], list[str]]:
    """How the outbox names a change of an edge: the relationship's row, else the object that brings it along."""
    if edge.id:
        return [], [edge.id]
    for label in ("Memory", "Pattern", "Project"):
        for end in sorted(_ends(edge)):
            if end[0] == label:
                return [end], []
    raise AssertionError(edge)
