"""Communities: which memories belong together by their links, found the same way each time.

Not a store's: it takes edges and answers groups. Modularity is what makes a group (Newman's, for weighted edges without
a direction); nodes move to the neighbouring group that gains most, then groups do, until nothing gains (Louvain).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

MOST_ROUNDS = 100
"""Passes over all nodes of one level; it settles in a few."""
GAIN = 1e-12
"""What counts as gaining: below it lies the noise of floating point."""

_Near = list[dict[int, float]]
"""By node: what it is tied to, and how strongly from both sides together."""


class Tie(NamedTuple):
    """An edge as it counts here: two different ends, and a weight of 0 or more."""

    one: str
    other: str
    weight: float


def communities(ties: Iterable[Tie]) -> list[list[str]]:
    """Groups of two ids or more, the largest first, then by their least id; each in the order of ids.

    Ties between the same two add up; those without weight bind nothing. The order of `ties` makes no difference.
    """
    counted = sorted(tie for tie in ties if tie.one != tie.other and tie.weight > 0)  # sums depend on their order
    names = sorted({name for tie in counted for name in (tie.one, tie.other)})
    near = _near(counted, {name: number for number, name in enumerate(names)})
    loops = [0.0] * len(names)
    members = [[number] for number in range(len(names))]  # of each node of this level, which is called by its least
    while len(near) > len(set(chosen := _settle(near, loops))):
        near, loops, members = _merged(near, loops, members, chosen)
    found = [[names[number] for number in sorted(group)] for group in members if len(group) > 1]
    return sorted(found, key=lambda group: (-len(group), group[0]))


def _near(ties: Sequence[Tie], numbers: dict[str, int]) -> _Near:
    near: _Near = [{} for _ in numbers]
    for tie in ties:
        one, other = numbers[tie.one], numbers[tie.other]
        near[one][other] = near[one].get(other, 0.0) + tie.weight
        near[other][one] = near[other].get(one, 0.0) + tie.weight
    return near


def _settle(near: _Near, loops: Sequence[float]) -> list[int]:
    """By node: the group that it is in when no node gains by another one. Of equal gains the least group counts."""
    degree = [sum(ties.values()) + 2 * loop for ties, loop in zip(near, loops, strict=True)]
    whole = sum(degree) or 1.0
    chosen = list(range(len(near)))
    total = degree.copy()
    for _ in range(MOST_ROUNDS):
        moved = False
        for node, ties in enumerate(near):
            own = chosen[node]
            total[own] -= degree[node]
            into = {own: 0.0}
            for other, weight in ties.items():
                group = chosen[other]
                into[group] = into.get(group, 0.0) + weight
            share = degree[node] / whole
            best, gain = own, into[own] - total[own] * share + GAIN
            for group in sorted(into):
                here = into[group] - total[group] * share
                if here > gain:
                    best, gain = group, here
            chosen[node] = best
            total[best] += degree[node]
            moved = moved or best != own
        if not moved:
            break
    return chosen


def _merged(
    near: _Near, loops: Sequence[float], members: Sequence[Sequence[int]], chosen: Sequence[int]
) -> tuple[_Near, list[float], list[list[int]]]:
    """Every group as one node, in the order of the least that is in each."""
    groups: dict[int, list[int]] = {}
    for node, group in enumerate(chosen):
        groups.setdefault(group, []).extend(members[node])
    order = sorted(groups, key=lambda group: min(groups[group]))
    number = {group: at for at, group in enumerate(order)}
    within, between = [0.0] * len(order), list[dict[int, float]]({} for _ in order)
    for node, ties in enumerate(near):
        here = number[chosen[node]]
        within[here] += loops[node]
        for other, weight in ties.items():
            there = number[chosen[other]]
            if there == here:
                within[here] += weight / 2  # it is seen from both of its ends
            else:
                between[here][there] = between[here].get(there, 0.0) + weight
    return between, within, [groups[group] for group in order]
