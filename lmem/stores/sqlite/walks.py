"""Walks over the graph in the truth, a set of nodes at a time: what lies around a node, the shortest way to another.

Not the port (answers.py). A step reads every edge at a whole set of nodes in a few statements.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from lmem.domain.graph import LABELS, Edge, Hop, Neighbour, Path, Sight
from lmem.domain.relations import MEMORY, PATTERN, PROJECT, USER
from lmem.stores.sqlite.edges import edges_at, least_at, name_of
from lmem.stores.sqlite.memories import readable
from lmem.stores.sqlite.nearness import derived_at

Spot = tuple[str, str]
"""A node as (label, id)."""

_KINDS = {label: kind for kind, label in LABELS.items()}
# By kind: where its rows are, as `v`, what they are called by, and which of them a user may see. CROSS JOIN and the
# plus signs keep the order: each id is looked up.
_SEEN = {
    MEMORY: ("{source}", "title", "+v.user_id = ? AND v.is_archived = 0"),
    PROJECT: ("projects", "name", "+v.user_id = ?"),
    PATTERN: ("patterns", "pattern_name", "+v.user_id = ?"),
    USER: ("users", "username", "+v.id = ?"),
}
_NAMES = "SELECT v.id, v.{name} FROM json_each(?) f CROSS JOIN {table} v ON v.id = f.value WHERE {seen}"


class Step(NamedTuple):
    """An edge walked from a node that was known to one that was not; in the order in which a Hop is the least."""

    type: str
    start: str
    against: bool
    key: str
    edge: Edge

    @property
    def hop(self) -> Hop:
        ends = (self.edge.end, self.edge.start) if self.against else (self.edge.start, self.edge.end)
        return Hop(self.type, not self.against, *ends, self.edge.properties)


class Walk:
    """What one reader may see of the graph along edges of some types, on one snapshot."""

    def __init__(self, db: sqlite3.Connection, sight: Sight, types: Sequence[str]) -> None:
        self._db = db
        self._sight = sight
        self._types = types
        self._source = readable(sight.shared)

    def names(self, spots: Iterable[Spot]) -> dict[Spot, str]:
        """The names of those nodes that are to be seen."""
        found: dict[Spot, str] = {}
        for label, ids in _by_label(spots).items():
            table, name, seen = _SEEN[_KINDS[label]]
            sql = _NAMES.format(table=table.format(source=self._source), name=name, seen=seen)
            rows = self._db.execute(sql, (json.dumps(ids), self._sight.user_id))
            found |= {(label, id_): name for id_, name in rows}
        return found

    def around(
        self, spots: Iterable[Spot], but: Collection[Spot], room: int | None = None
    ) -> tuple[dict[Spot, list[Step]], dict[Spot, str]]:
        """The nodes one edge from these, without `but`: for each the steps that lead there, and its name.

        With `room` the first so many in the order of label and id are enough, where there are more of them.
        """
        found: dict[Spot, list[Step]] = {}
        known = set(but)
        most = None if room is None else room + len(known)
        for label, ids in _by_label(spots).items():
            here = set(ids)
            for edge in self.edges(label, ids, most):
                for against in (False, True):
                    near, far = _ends(edge) if not against else _ends(edge)[::-1]
                    if near[0] == label and near[1] in here and far not in known:
                        found.setdefault(far, []).append(Step(edge.type, near[1], against, edge.key, edge))
        names = self.names(found)
        return {spot: steps for spot, steps in found.items() if spot in names}, names

    def edges(self, label: str, ids: Sequence[str], most: int | None = None) -> list[Edge]:
        """Every edge at these nodes, once, in no order, whether its ends are to be seen or not.

        Of projects, patterns and users, which may be at the end of most edges there are, at most those to the `most`
        first nodes that are to be seen.
        """
        if label != LABELS[MEMORY] and most is not None:
            far = {kind: (table.format(source=self._source), seen) for kind, (table, _, seen) in _SEEN.items()}
            least = (
                least_at(self._db, _KINDS[label], id_, self._types, far, self._sight.user_id, most) for id_ in ids
            )
            return list({name_of(edge): edge for edges in least for edge in edges}.values())
        stored = edges_at(self._db, _KINDS[label], ids, self._types)
        if label != LABELS[MEMORY]:
            return stored
        # What has a row of its own is told by its row.
        both = (*derived_at(self._db, ids, self._types), *stored)
        return list({name_of(edge): edge for edge in both}.values())


def neighbours(walk: Walk, start: Spot, depth: int, limit: int) -> list[Neighbour]:
    """See Graph.neighbours."""
    found: list[Neighbour] = []
    level: set[Spot] = set(walk.names([start]))
    seen = set(level)
    for distance in range(1, depth + 1):
        reached, names = walk.around(level, seen, limit - len(found))
        found += [
            Neighbour(*spot, names[spot], distance, _least(reached[spot]).hop) for spot in sorted(reached)
        ][: limit - len(found)]
        if len(found) >= limit or not reached:
            break
        level = set(reached)
        seen |= level
    return found


class _Side:
    """One end of a way, and all that was reached from it so far, level by level."""

    def __init__(self, walk: Walk, spot: Spot) -> None:
        self._walk = walk
        self.levels: list[set[Spot]] = [{spot}]
        self.seen = {spot}
        self.back: dict[Spot, list[Step]] = {}

    def grow(self) -> dict[Spot, str]:
        """Reach one edge further; answers the names of what is new."""
        reached, names = self._walk.around(self.levels[-1], self.seen)
        self.back |= reached
        self.levels.append(set(reached))
        self.seen |= reached.keys()
        return names

    def trimmed(self, meeting: set[Spot]) -> list[set[Spot]]:
        """Of each level what lies on a shortest way to `meeting`, its last level."""
        kept = [meeting]
        for level in reversed(self.levels[:-1]):
            ids = {step.start for spot in kept[-1] for step in self.back[spot]}
            kept.append({spot for spot in level if spot[1] in ids and _leads(spot, kept[-1], self.back)})
        return kept[::-1]


def path(walk: Walk, start: Spot, end: Spot, longest: int) -> Path | None:
    """See Graph.path. Grows from both ends, always at the smaller one, until they meet."""
    names = walk.names([start, end])
    if start not in names or end not in names:
        return None
    near, far = _Side(walk, start), _Side(walk, end)
    while not (meeting := near.seen & far.seen):
        if len(near.levels) + len(far.levels) - 2 >= longest or not near.levels[-1] or not far.levels[-1]:
            return None
        names |= (near if len(near.levels[-1]) <= len(far.levels[-1]) else far).grow()
    levels = [*near.trimmed(meeting), *far.trimmed(meeting)[-2::-1]]
    return _least_path(start, levels, near, far, names)


def _least_path(start: Spot, levels: list[set[Spot]], near: _Side, far: _Side, names: dict[Spot, str]) -> Path:
    """Go from level to level, each time to the least node that has an edge from here."""
    spots, hops = [start], list[Hop]()
    for number, level in enumerate(levels[1:], 1):
        here = spots[-1]
        forward = number < len(near.levels)
        ways = {spot: _steps(here, spot, near if forward else far, forward) for spot in level}
        spot = min((spot for spot in ways if ways[spot]), key=lambda item: (item[1], item[0]))
        hops.append(_least(ways[spot]).hop)
        spots.append(spot)
    return Path(tuple((*spot, names[spot]) for spot in spots), tuple(hops))


def _steps(here: Spot, there: Spot, side: _Side, forward: bool) -> list[Step]:
    """The steps from one node to the next, told from the side that walked them: the far one walked them backwards."""
    if forward:
        return [step for step in side.back.get(there, []) if _from(step) == here]
    walked = [step for step in side.back.get(here, []) if _from(step) == there]
    return [Step(step.type, here[1], not step.against, step.key, step.edge) for step in walked]


def _leads(spot: Spot, level: set[Spot], back: dict[Spot, list[Step]]) -> bool:
    return any(_from(step) == spot for other in level for step in back[other])


def _from(step: Step) -> Spot:
    """The node that a step begins at."""
    return _ends(step.edge)[1 if step.against else 0]


def _least(steps: list[Step]) -> Step:
    return min(steps, key=lambda step: step[:4])


def _ends(edge: Edge) -> tuple[Spot, Spot]:
    return (edge.start_label, edge.start), (edge.end_label, edge.end)


def _by_label(spots: Iterable[Spot]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for label, id_ in spots:
        found.setdefault(label, []).append(id_)
    return found
