"""Communities: groups that are plain to see, weights, ties, and the same answer whatever the order."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from lmem.domain.communities import Tie, communities


def clique(names: str, weight: float = 1.0) -> list[Tie]:
    return [Tie(one, other, weight) for one, other in combinations(names, 2)]


def test_two_cliques_with_a_bridge_are_two_groups() -> None:
    assert communities([*clique("abcd"), *clique("wxyz"), Tie("d", "w", 1.0)]) == [list("abcd"), list("wxyz")]


def test_the_largest_group_comes_first_then_the_least_id() -> None:
    assert communities([*clique("xyz"), *clique("ab"), *clique("cd")]) == [list("xyz"), list("ab"), list("cd")]


def test_weights_decide_where_a_node_belongs() -> None:
    ties = [*clique("abc"), *clique("xyz")]
    assert communities([*ties, Tie("m", "a", 0.9), Tie("m", "x", 0.1)]) == [list("abcm"), list("xyz")]
    assert communities([*ties, Tie("m", "a", 0.1), Tie("m", "x", 0.9)]) == [list("mxyz"), list("abc")]


def test_a_group_of_groups_is_found() -> None:
    """Six cliques in a ring stay six: merging neighbours would gain nothing."""
    cliques = ["abcde", "fghij", "klmno", "pqrst", "uvwxy", "01234"]
    ring = [Tie(one[-1], other[0], 0.5) for one, other in zip(cliques, [*cliques[1:], cliques[0]], strict=True)]
    found = communities([tie for names in cliques for tie in clique(names)] + ring)
    assert sorted("".join(group) for group in found) == sorted("".join(sorted(names)) for names in cliques)


@pytest.mark.parametrize("ties", [[], [Tie("a", "a", 1.0)], [Tie("a", "b", 0.0)]])
def test_what_binds_nothing_makes_no_group(ties: list[Tie]) -> None:
    assert communities(ties) == []


def test_ties_between_the_same_two_add_up() -> None:
    many = [Tie("m", "x", 0.3), Tie("x", "m", 0.3), Tie("m", "x", 0.3)]
    assert communities([*clique("abc"), *clique("xyz"), Tie("m", "a", 0.8), *many]) == [list("mxyz"), list("abc")]


def test_the_order_and_the_direction_of_ties_make_no_difference() -> None:
    chance = random.Random(7)
    names = [f"{chance.getrandbits(64):016x}" for _ in range(120)]
    pairs = [chance.sample(names, 2) for _ in range(400)]
    ties = [Tie(one, other, chance.choice((0.1, 0.25, 0.8, 1.0))) for one, other in pairs]
    first = communities(ties)
    for _ in range(5):
        chance.shuffle(ties)
        assert communities([Tie(tie.other, tie.one, tie.weight) for tie in ties]) == first


def test_groups_are_denser_inside_than_chance_makes_them() -> None:
    """Planted groups of 20 with one tie in ten going out: nearly every node is found with its own."""
    chance = random.Random(11)
    planted = [[f"{group}{number:02}" for number in range(20)] for group in "abcdefgh"]
    ties = []
    for group in planted:
        for node in group:
            ties += [Tie(node, chance.choice([other for other in group if other != node]), 1.0) for _ in range(5)]
            if chance.random() < 0.5:
                elsewhere = chance.choice([other for other in planted if other is not group])
                ties.append(Tie(node, chance.choice(elsewhere), 1.0))
    found = communities(ties)
    together = sum(max(len(set(group) & set(one)) for one in planted) for group in found)
    assert len(found) == len(planted)
    assert together >= 155
