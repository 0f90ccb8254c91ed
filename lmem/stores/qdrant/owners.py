"""What the points of a collection have in common, so that a filter which every point passes costs nothing.

Not the filter (lmem.stores.qdrant.conditions). A condition that every point meets is the dearest of all: at 10,000
points 1 to 5 ms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from qdrant_edge import CountRequest, EdgeShard, FacetRequest, FieldCondition, Filter, MatchValue

from lmem.ports.vectors import Condition, Payload

if TYPE_CHECKING:
    from qdrant_edge import ConditionType  # an alias of the stubs alone

_OWNER, _PROJECT, _LAYERS = "user_id", "project_id", "layer_assignments"
_OWNERS_KEPT = 16
_KINDS_KEPT = 256
"""Kinds above which nothing is known: looking through them costs what it saves (0.05 ms)."""
_REMEMBERED = 64


class _Kind(NamedTuple):
    """A project (None for none) and layers that some point has together."""

    project: str | None
    layers: frozenset[str]


class Owners:
    """The users, projects and layers that a collection's points have. Deleted and changed points stay counted: that
    only keeps a condition that could have gone."""

    def __init__(self, shard: EdgeShard) -> None:
        owners = _facet(shard, _OWNER, _OWNERS_KEPT)
        points = shard.count(CountRequest(exact=True))
        self._owners = set(owners)
        self._owned = sum(owners.values()) == points
        self._kinds: set[_Kind] | None = _kinds(shard, points)
        self._answers: dict[tuple[Condition, ...], list[Condition]] = {}

    def add(self, payloads: Iterable[Payload]) -> None:
        """Points with these payloads are about to be written."""
        for payload in payloads:
            owner, project, layers = payload.get(_OWNER), payload.get(_PROJECT), payload.get(_LAYERS)
            kind = _Kind(str(project) if project is not None else None, _words(layers))
            if isinstance(owner, str) and owner in self._owners and (self._kinds is None or kind in self._kinds):
                continue
            self._owned = self._owned and isinstance(owner, str)
            self._owners.add(str(owner))
            if self._kinds is not None:
                self._kinds = self._kinds | {kind} if len(self._kinds) < _KINDS_KEPT else None
            self._answers = {}  # a new one: a search on another thread may still read the old

    def needed(self, conditions: Sequence[Condition]) -> list[Condition]:
        """The conditions without those, and without those alternatives, that the points make pointless."""
        asked, answers = tuple(conditions), self._answers
        found = answers.get(asked)
        if found is None:
            kinds = self._kinds
            found = [self._narrowed(item, kinds) for item in asked if not self._implied(item, kinds)]
            if len(answers) < _REMEMBERED:
                answers[asked] = found
        return found

    def _implied(self, condition: Condition, kinds: set[_Kind] | None) -> bool:
        if _plain(condition) and condition.key == _OWNER:
            return self._owned and self._owners <= set(condition.any)
        return bool(kinds) and all(_meets(kind, condition) for kind in kinds or ())

    def _narrowed(self, condition: Condition, kinds: set[_Kind] | None) -> Condition:
        """The condition without alternatives that no point meets; the last one stays."""
        if kinds is None or not condition.either:
            return condition
        possible = [part for part in condition.either if not _known(part) or any(_meets(kind, part) for kind in kinds)]
        kept = tuple(possible or condition.either[:1])
        alone = len(kept) == 1 and not condition.negate
        return kept[0] if alone else replace(condition, either=kept)


def _plain(condition: Condition) -> bool:
    return not (condition.negate or condition.either) and condition.gte is None and condition.lt is None


def _known(condition: Condition) -> bool:
    """Whether a kind says everything that a condition asks."""
    return _plain(condition) and condition.key in (_PROJECT, _LAYERS)


def _meets(kind: _Kind, condition: Condition) -> bool:
    """Whether every point of a kind is known to meet a condition."""
    if condition.either:
        return not condition.negate and any(_meets(kind, part) for part in condition.either)
    if not _known(condition):
        return False
    values = kind.layers if condition.key == _LAYERS else frozenset([kind.project] if kind.project else [])
    return not values if condition.absent else not values.isdisjoint(condition.any)


def _kinds(shard: EdgeShard, points: int) -> set[_Kind] | None:
    """The kinds of a shard's points: one count for each set of layers; None when there are too many."""
    found: set[_Kind] = set()
    layers = sorted(_facet(shard, _LAYERS, _OWNERS_KEPT))
    for chosen in _subsets(layers):
        if points == 0:
            break
        must: list[ConditionType] = [FieldCondition(key=_LAYERS, match=MatchValue(layer)) for layer in chosen]
        must_not: list[ConditionType] = [
            FieldCondition(key=_LAYERS, match=MatchValue(layer)) for layer in layers if layer not in chosen
        ]
        wanted = Filter(must=must or None, must_not=must_not or None) if layers else None
        here = shard.count(CountRequest(filter=wanted, exact=True))
        projects = _facet(shard, _PROJECT, _KINDS_KEPT, wanted) if here else {}
        found |= {_Kind(project, frozenset(chosen)) for project in projects}
        if sum(projects.values()) < here:
            found.add(_Kind(None, frozenset(chosen)))
        points -= here
        if len(projects) == _KINDS_KEPT or len(found) > _KINDS_KEPT:
            return None
    return found


def _subsets(layers: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Every set of layers, small ones first: most points have one or two."""
    for size in (1, 2, 0, *range(3, len(layers) + 1)):
        yield from combinations(layers, size)


def _facet(shard: EdgeShard, key: str, limit: int, wanted: Filter | None = None) -> dict[str, int]:
    hits = shard.facet(FacetRequest(key, limit=limit, exact=True, filter=wanted)).hits
    return {str(hit.value): hit.count for hit in hits}


def _words(value: object) -> frozenset[str]:
    return frozenset(map(str, value)) if isinstance(value, list | tuple) else frozenset()
