"""Communities: which memories belong together by their links, found the same way each time.

Not a store's: it takes edges and answers groups. Modularity is what makes a group (Newman's, for weighted edges without
a direction); nodes move to the neighbouring group that gains most, then groups do, until nothing gains (Louvain).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

MOST_ROUNDS = 100
"""Passes over all nodes of one level; it settles in a few."""
GAIN = 1e-12
"""What counts as gaining: below it lies the noise of floating point."""

_Weights = Mapping[str, Mapping[str, float]]


class Tie(NamedTuple):
    """An edge as it counts here: two different ends, and a weight of 0 or more."""

    one: str
    other: str
    weight: float


def communities(ties: Iterable[Tie]) -> list[list[str]]:
    """Groups of two ids or more, the largest first, then by their least id; each in the order of ids.

    Ties between the same two add up; those without weight bind nothing. The order of `ties` makes no difference.
    """
    weights = _weights(ties)
    groups = {node: [node] for node in sorted(weights)}  # by the least id of each
    loops: dict[str, float] = dict.fromkeys(groups, 0.0)
    while True:
        chosen = _settle(weights, loops)
        if len(set(chosen.values())) == len(weights):
            break
        weights, loops, groups = _merged(weights, loops, groups, chosen)
    found = [sorted(members) for members in groups.values() if len(members) > 1]
    return sorted(found, key=lambda members: (-len(members), members[0]))


def _weights(ties: Iterable[Tie]) -> _Weights:
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for one, other, weight in sorted(ties):  # sums of floats depend on their order
        if one != other and weight > 0:
            found[one][other] += weight
            found[other][one] += weight
    return {node: dict(sorted(found[node].items())) for node in sorted(found)}


def _settle(weights: _Weights, loops: Mapping[str, float]) -> dict[str, str]:
    """Node -> the group that it is in when no node gains by another one. Of equal gains the least group counts."""
    degree = {node: sum(near.values()) + 2 * loops[node] for node, near in weights.items()}
    whole = sum(degree.values())
    chosen = {node: node for node in weights}
    total = dict(degree)
    for _ in range(MOST_ROUNDS):
        moved = False
        for node, near in weights.items():
            own = chosen[node]
            total[own] -= degree[node]
            into: dict[str, float] = defaultdict(float)
            into[own] += 0.0
            for other, weight in near.items():
                into[chosen[other]] += weight
            gains = {group: weight - total[group] * degree[node] / whole for group, weight in into.items()}
            best = min(gains, key=lambda group: (-gains[group], group))
            if gains[best] <= gains[own] + GAIN:
                best = own
            chosen[node] = best
            total[best] += degree[node]
            moved |= best != own
        if not moved:
            break
    return chosen


def _merged(
    weights: _Weights, loops: Mapping[str, float], groups: Mapping[str, Sequence[str]], chosen: Mapping[str, str]
) -> tuple[_Weights, dict[str, float], dict[str, list[str]]]:
    """Every group as one node, called after the least id in it."""
    members: dict[str, list[str]] = defaultdict(list)
    for node, group in chosen.items():
        members[group] += groups[node]
    names = {group: min(ids) for group, ids in members.items()}
    within: dict[str, float] = dict.fromkeys(sorted(names.values()), 0.0)
    between: dict[str, dict[str, float]] = {name: defaultdict(float) for name in within}
    for node, near in weights.items():
        here = names[chosen[node]]
        within[here] += loops[node]
        for other, weight in near.items():
            there = names[chosen[other]]
            if there == here:
                within[here] += weight / 2  # it is seen from both of its ends
            else:
                between[here][there] += weight
    shown = {name: dict(sorted(between[name].items())) for name in within}
    return shown, within, {names[group]: sorted(ids) for group, ids in members.items()}
