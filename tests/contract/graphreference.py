"""The answers that the contract of the graph asks for, by the plainest means.

Not a test, and not the store's code: edges, order and ways are worked out here once more, one node at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lmem.domain.graph import Edge, Hop, Neighbour, Path, Sight, Value
from tests.contract.graph import BETWEEN, MADE, WALKED, Item, Spot, Truth, name_of


def edges_of(made: Truth) -> list[Edge]:
    """Every edge of the truth, also at what is private or archived."""
    found = [*_ordered(made), *made.links]  # what has a row is told by its row
    for item in made.memories:
        found.append(Edge("CREATED", "User", item.user, "Memory", item.id, {}))
        if item.project:
            found.append(Edge("BELONGS_TO", "Memory", item.id, "Project", item.project, {}))
    found += [Edge("OWNS", "User", owner, "Project", id_, {}) for id_, owner in made.projects.items()]
    found += [
        Edge("APPLIES_TO", "Memory", memory, "Project", project, {"relevance": relevance})
        for memory, project, relevance in made.applies
    ]
    for memory, pattern, kind, outcome, reason in made.evidence:
        said = {"outcome": outcome} if kind == "validates" else {"reason": reason}
        properties: dict[str, Value] = {}
        if kind != "demonstrates":
            properties |= {name: value for name, value in said.items() if value is not None}
        found.append(Edge(kind.upper(), "Memory", memory, "Pattern", pattern, properties))
    for pattern, project, at, success, reason, finder in made.uses:
        used: dict[str, Value] = {"success": True, "date": at[:10]}
        failed: dict[str, Value] = {"reason": reason} if reason else {}
        type_ = "USED_IN" if success else "FAILED_IN"
        found.append(Edge(type_, "Pattern", pattern, "Project", project, used if success else failed, at))
        if finder:
            found.append(Edge("DISCOVERED", "User", finder, "Pattern", pattern, {}))
    return list({(edge.type, edge.start, edge.end, edge.key): edge for edge in found}.values())


def _ordered(made: Truth) -> Iterator[Edge]:
    """TEMPORAL_BEFORE from each to the next, SAME_CONTEXT from each to the five before it within the hour."""
    places: dict[str, list[Item]] = {}
    for item in made.memories:
        if item.shown and item.place:
            places.setdefault(item.place, []).append(item)
    for items in places.values():
        items.sort(key=lambda item: item.created_at)  # those of one moment stay in the order in which they were stored
        for number, item in enumerate(items):
            if number:
                yield Edge("TEMPORAL_BEFORE", "Memory", items[number - 1].id, "Memory", item.id, {})
            for other in items[max(0, number - 5) : number]:
                apart = datetime.fromisoformat(item.created_at) - datetime.fromisoformat(other.created_at)
                if apart <= timedelta(hours=1):
                    yield Edge("SAME_CONTEXT", "Memory", item.id, "Memory", other.id, {"time_window": "1 hour"})


class Reference:
    """Answers a reader's questions by looking at every edge."""

    def __init__(self, made: Truth, sight: Sight) -> None:
        own = (item for item in made.memories if item.user == sight.user_id and not item.archived)
        shown = [item.id for item in own if not (sight.shared and item.private)]
        labels = {"Project": made.projects, "Pattern": made.patterns, "User": {sight.user_id: sight.user_id}}
        self.names: dict[Spot, str] = {("Memory", id_): name_of(id_) for id_ in shown}
        for label, owned in labels.items():
            self.names |= {(label, id_): name_of(id_) for id_, owner in owned.items() if owner == sight.user_id}
        self.names[("User", sight.user_id)] = f"user {sight.user_id[:4]}"
        self._edges = [edge for edge in edges_of(made) if all(end in self.names for end in _ends(edge))]

    def neighbours(self, start: Spot, types: Sequence[str], depth: int, limit: int) -> list[Neighbour]:
        distances = self._distances(start, types)
        found = [(distance, spot) for spot, distance in distances.items() if 0 < distance <= depth]
        return [
            Neighbour(*spot, self.names[spot], distance, min(self._steps(
                [other for other, nearer in distances.items() if nearer == distance - 1], spot, types))[-1].hop)
            for distance, spot in sorted(found)[:limit]
        ]  # fmt: skip

    def path(self, start: Spot, end: Spot, types: Sequence[str], longest: int) -> Path | None:
        left = self._distances(end, types)
        if start not in left or left[start] > longest:
            return None
        spots, hops = [start], list[Hop]()
        while spots[-1] != end:
            here = spots[-1]
            nearer = [spot for spot, distance in left.items() if distance == left[here] - 1]
            steps = {spot: self._steps([here], spot, types) for spot in nearer}
            spot = min((spot for spot in nearer if steps[spot]), key=lambda item: (item[1], item[0]))
            hops.append(min(steps[spot])[-1].hop)
            spots.append(spot)
        return Path(tuple((*spot, self.names[spot]) for spot in spots), tuple(hops))

    def edges(self, types: Sequence[str], after: str, limit: int) -> list[Edge]:
        wanted = set(types or MADE) & set(BETWEEN)
        found = {f"{edge.start}/{edge.type}/{edge.end}": edge for edge in self._edges if edge.type in wanted}
        return [found[place] for place in sorted(found) if place > after][:limit]

    def projects_of_pattern(self, pattern: str, failed: bool) -> list[tuple[str, str]]:
        return self._used(("Pattern", pattern), "Project", failed)

    def patterns_of_project(self, project: str, failed: bool) -> list[tuple[str, str]]:
        return self._used(("Project", project), "Pattern", failed)

    def _used(self, spot: Spot, label: str, failed: bool) -> list[tuple[str, str]]:
        type_ = "FAILED_IN" if failed else "USED_IN"
        ends = [_ends(edge) for edge in self._edges if edge.type == type_ and spot in _ends(edge)]
        others = {end for pair in ends for end in pair if end[0] == label}
        return sorted(((id_, self.names[(label, id_)]) for label, id_ in others), key=lambda item: item[::-1])

    def _distances(self, start: Spot, types: Sequence[str]) -> dict[Spot, int]:
        """How far every node is that can be reached."""
        if start not in self.names:
            return {}
        found, wanted = {start: 0}, set(types or WALKED)
        pairs = [_ends(edge) for edge in self._edges if edge.type in wanted]
        while True:
            more: dict[Spot, int] = {}
            for pair in pairs:
                for near, far in (pair, pair[::-1]):
                    if near in found and far not in found:
                        more[far] = min(more.get(far, 99), found[near] + 1)
            if not more:
                return found
            least = min(more.values())
            found |= {spot: distance for spot, distance in more.items() if distance == least}

    def _steps(self, before: Sequence[Spot], spot: Spot, types: Sequence[str]) -> list[_Way]:
        """Every edge from one of `before` to a node, in either direction."""
        known, wanted = set(before), set(types or WALKED)
        found = []
        for edge in self._edges:
            if edge.type in wanted and spot in _ends(edge):
                start, end = _ends(edge)
                if end == spot and start in known:
                    found.append(_Way(edge.type, start[1], False, edge.key, edge))
                if start == spot and end in known:
                    found.append(_Way(edge.type, end[1], True, edge.key, edge))
        return found


class _Way(tuple[str, str, bool, str, "_Walked"]):
    """(type, where from, whether against the edge, key, the edge as it was walked)."""

    def __new__(cls, type_: str, start: str, against: bool, key: str, edge: Edge) -> _Way:
        return super().__new__(cls, (type_, start, against, key, _Walked(edge, against)))


@dataclass(frozen=True)
class _Walked:
    edge: Edge
    against: bool

    def __lt__(self, other: object) -> bool:
        raise AssertionError("two edges of one name")

    @property
    def hop(self) -> Hop:
        ends = (self.edge.start, self.edge.end)
        return Hop(self.edge.type, not self.against, *(ends[::-1] if self.against else ends), self.edge.properties)


def _ends(edge: Edge) -> tuple[Spot, Spot]:
    return (edge.start_label, edge.start), (edge.end_label, edge.end)
