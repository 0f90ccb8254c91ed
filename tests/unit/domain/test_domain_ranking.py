"""The mix of scores: its formula, its order, and what it does not depend on."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.domain.ranking import (
    DENSE_SHARE,
    LENGTH_BOOST,
    LITERAL_BOOST,
    LITERAL_FIRST,
    NAME_BOOST,
    POWER,
    SESSION_BOOST,
    Evidence,
    boosted,
    fuse,
    length_boost,
    session_boosts,
)
from tests.unit.properties import PROPERTY

SHARE = st.floats(0, 1, width=32)
SCORE = st.floats(0, 60, width=32)
COSINE = st.floats(-1, 1, width=32)
# Every field is given: for a tuple's class Hypothesis makes up those that are not.
INDEXED = st.builds(Evidence, id=st.just(""), cosine=COSINE, bm25=SCORE, fulltext=st.none(), literal=SHARE)
FRESH = st.builds(
    Evidence, id=st.just(""), cosine=st.just(0.0), bm25=st.just(0.0), fulltext=st.tuples(SCORE, SHARE), literal=SHARE
)
FOUND = st.lists(INDEXED | FRESH, max_size=12).map(
    lambda items: [item._replace(id=f"{number:02}") for number, item in enumerate(items)]
)


def test_nothing_found_is_no_order() -> None:
    assert fuse([]) == []


def test_the_formula() -> None:
    best, half, against = fuse([Evidence("a", 0.4, 10), Evidence("b", 0.8, 20), Evidence("c", -0.5, 0.0)])
    assert (best.id, half.id, against.id) == ("b", "a", "c")
    assert best.score == pytest.approx(1.0)
    assert half.parts == pytest.approx({"dense": DENSE_SHARE * 0.5**POWER, "sparse": (1 - DENSE_SHARE) * 0.5})
    assert against.score == 0.0


def test_one_index_alone_gives_an_order() -> None:
    assert [item.id for item in fuse([Evidence("a", bm25=1), Evidence("b", bm25=2)])] == ["b", "a"]
    assert [item.id for item in fuse([Evidence("a", cosine=0.1), Evidence("b", cosine=0.2)])] == ["b", "a"]
    assert [item.id for item in fuse([Evidence("a", cosine=-0.1), Evidence("b", cosine=-0.2)])] == ["a", "b"]


def test_a_row_that_waits_for_the_vectors_is_weighed_by_its_words() -> None:
    order = fuse([Evidence("old", 0.5, 5), Evidence("all", fulltext=(8, 1.0)), Evidence("few", fulltext=(8, 0.5))])
    scores = {item.id: item.score for item in order}
    assert scores["old"] == scores["all"] == pytest.approx(1.0)
    assert scores["few"] == pytest.approx(DENSE_SHARE * 0.25 + (1 - DENSE_SHARE) * 0.5)


def test_what_is_met_as_written_is_boosted_and_leads_where_nothing_else_is_asked() -> None:
    found = [Evidence("near", 0.9, 9), Evidence("written", 0.1, 0.1, literal=1.0)]
    mixed = {item.id: item.parts for item in fuse(found)}
    assert mixed["written"]["literal"] == LITERAL_BOOST and "literal" not in mixed["near"]
    assert fuse(found, literal_only=True)[0].parts["literal"] == LITERAL_FIRST


def test_boosts_are_parts_and_those_of_zero_are_none() -> None:
    item = boosted(boosted(fuse([Evidence("a", 0.5, 5)])[0], {"importance": 0.03, "date": 0.0}), {"name": NAME_BOOST})
    assert item.parts["importance"] == 0.03 and item.parts["name"] == NAME_BOOST and "date" not in item.parts
    assert item.score == pytest.approx(sum(item.parts.values())) and item.evidence == Evidence("a", 0.5, 5)


def test_length_counts_up_to_forty_words() -> None:
    assert length_boost(0) == 0.0
    assert length_boost(1) < length_boost(10) < length_boost(39) == pytest.approx(LENGTH_BOOST)
    assert length_boost(500) == pytest.approx(LENGTH_BOOST)


def test_a_session_is_lifted_by_its_best_three() -> None:
    scores = {"much": [0.9, 0.8, 0.7, 0.0], "some": [0.6, 0.0], "none": [0.1]}
    lifted = session_boosts(scores)
    assert lifted["much"] == pytest.approx(SESSION_BOOST) and lifted["none"] == 0.0
    assert lifted["some"] == pytest.approx(SESSION_BOOST * (0.3 - 0.1) / (0.8 - 0.1))
    assert session_boosts({"alone": [0.5]}) == {"alone": 0.0}


@given(found=FOUND, literal_only=st.booleans(), seed=st.randoms())
@PROPERTY
def test_the_order_does_not_depend_on_the_order_given(found: list[Evidence], literal_only: bool, seed: object) -> None:
    shuffled = sorted(found, key=lambda item: hash((str(seed), item.id)))
    assert fuse(found, literal_only) == fuse(shuffled, literal_only)


@given(found=FOUND, literal_only=st.booleans())
@PROPERTY
def test_parts_add_up_and_scores_fall(found: list[Evidence], literal_only: bool) -> None:
    order = fuse(found, literal_only)
    assert sorted(item.id for item in order) == [item.id for item in found]
    for item in order:
        assert item.score == sum(item.parts.values())
        assert all(0 <= item.parts[name] <= 0.5 for name in ("dense", "sparse")) and item.parts.get("literal", 0) >= 0
    assert all((-one.score, one.id) < (-other.score, other.id) for one, other in pairwise(order))


@given(found=FOUND)
@PROPERTY
def test_what_meets_a_literal_question_wholly_leads_what_does_not_at_all(found: list[Evidence]) -> None:
    met = [item.evidence.literal for item in fuse(found, literal_only=True) if item.evidence.literal in (0, 1)]
    assert met == sorted(met, reverse=True)


@given(found=FOUND, scale=st.integers(-10, 10).map(lambda power: 2.0**power))
@PROPERTY
def test_the_scale_of_bm25_does_not_matter(found: list[Evidence], scale: float) -> None:
    scaled = [
        item._replace(bm25=item.bm25 * scale, fulltext=item.fulltext and (item.fulltext[0] * scale, item.fulltext[1]))
        for item in found
    ]
    before, after = fuse(found), fuse(scaled)
    assert [(item.id, item.score) for item in before] == [(item.id, item.score) for item in after]
