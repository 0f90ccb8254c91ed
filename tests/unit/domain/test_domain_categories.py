"""Categories by neighbours and by prototypes: told clearly, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.domain.categories import LEAST_CONFIDENCE, NEAREST, PROTOTYPES, by_neighbours, by_prototypes
from lmem.domain.memories import clean_word


@pytest.mark.parametrize(
    ("neighbours", "category"),
    [
        ([("garden", 0.8), ("garden", 0.7), ("kitchen", 0.4)], "garden"),
        ([("garden", 0.8), ("kitchen", 0.79)], None),  # they do not agree
        ([("garden", 0.4), ("garden", 0.4)], None),  # none is near
        ([("garden", 0.8)], "garden"),
        ([], None),
    ],
)
def test_neighbours_vote(neighbours: list[tuple[str, float]], category: str | None) -> None:
    found = by_neighbours(neighbours)
    assert (found and found.category) == category
    assert found is None or found.by == "neighbours"


def test_only_the_nearest_vote() -> None:
    crowd = [("kitchen", 0.5)] * 50
    assert (found := by_neighbours([("garden", 0.9)] * NEAREST + crowd)) is not None and found.category == "garden"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(-1, 1))))
def test_confidence_is_a_share_and_the_order_of_neighbours_means_nothing(neighbours: list[tuple[str, float]]) -> None:
    found = by_neighbours(neighbours)
    assert found == by_neighbours(reversed(neighbours))
    assert found is None or round(LEAST_CONFIDENCE, 2) <= found.confidence <= 1


def test_a_prototype_has_to_be_near_and_alone() -> None:
    near = by_prototypes([("one", 0.9), ("two", 0.1), ("one", 0.88)])
    assert near is not None and (near.category, near.confidence, near.by) == ("one", 0.9, "prototypes")
    assert by_prototypes([("one", 0.5), ("two", 0.45)]) is None
    assert by_prototypes([("one", 0.2), ("two", 0.0)]) is None
    assert by_prototypes([]) is None


@pytest.mark.parametrize("category", PROTOTYPES)
def test_a_known_category_is_a_word_with_sentences(category: str) -> None:
    assert clean_word(category, "category") == category
    assert len(PROTOTYPES[category]) >= 3
