"""Words for relations and the values of their properties: what is taken, in which form, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lmem.domain.relations import EDGES, RELATIONS
from lmem.domain.relationwords import KINDS, clean_context, clean_properties, edge_types, relation_type
from lmem.errors import InvalidInput

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "name", "turned"),
    [
        ("resolves", "resolves", False),
        ("resolved_by", "resolves", True),
        ("Superseded-By", "supersedes", True),
        ("RELATES_TO", "relates_to", False),
        ("temporal after", "temporal_before", True),
        ("same_context", "same_context", False),
    ],
)
def test_a_type_has_a_word_for_each_end(word: str, name: str, turned: bool) -> None:
    relation, inverse = relation_type(word)
    assert (relation.name, inverse) == (name, turned)


def test_an_unknown_type_names_the_nearest() -> None:
    with pytest.raises(InvalidInput, match="no relation 'suprsedes'") as caught:
        relation_type("suprsedes")
    assert caught.value.hint == "Did you mean supersedes or superseded_by?"
    with pytest.raises(InvalidInput) as caught:
        relation_type("x")
    assert "relates_to, contradicts" in caught.value.hint
    with pytest.raises(InvalidInput):
        relation_type("belongs_to")  # that is no relation between memories


def test_edges_are_named_by_either_end_and_once() -> None:
    assert edge_types(["resolved_by", "RESOLVES", "uses", "belongs-to"]) == ("RESOLVES", "USED_IN", "BELONGS_TO")
    with pytest.raises(InvalidInput, match="no relation 'ownz'") as caught:
        edge_types(["ownz"])
    assert "owns" in caught.value.hint


def test_words_of_all_edges_mean_one_thing_each() -> None:
    words = [word for item in EDGES for word in {item.name, item.inverse}]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("kind", "name", "given", "stored"),
    [
        ("contradicts", "discovered_at", "2026-11-22T09:30:00Z", "2026-11-22T09:30:00.000Z"),
        ("builds_on", "sequence", 3, 3),
        ("builds_on", "sequence", "3", 3),
        ("resolves", "resolution_date", "2026-11-22", "2026-11-22"),
        ("resolves", "outcome", " failed \n badly ", "failed badly"),
        ("supersedes", "reason", "Updated approach", "Updated approach"),
        ("same_context", "time_window", "2  Days", "2 days"),
    ],
)
def test_a_property_is_stored_in_one_form(kind: str, name: str, given: object, stored: object) -> None:
    relation, _ = relation_type(kind)
    found = clean_properties(relation, {name: given}, NOW)
    assert found == {name: stored}
    assert type(found[name]) is type(stored)


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("contradicts", "discovered_at", "soonish"),
        ("contradicts", "discovered_at", 5),
        ("builds_on", "sequence", -1),
        ("builds_on", "sequence", True),
        ("builds_on", "sequence", 1.5),
        ("builds_on", "sequence", "9" * 40),
        ("resolves", "resolution_date", "22.11.2026"),
        ("resolves", "resolution_date", "2026-02-30"),
        ("resolves", "resolution_date", None),
        ("supersedes", "reason", ""),
        ("supersedes", "reason", "x" * 1001),
        ("supersedes", "reason", ["a"]),
        ("same_context", "time_window", "an hour"),
        ("same_context", "time_window", "0 hours"),
        ("relates_to", "sequence", 1),
        ("relates_to", "strength", 1),
    ],
)
def test_what_a_property_cannot_hold_is_refused_with_a_sentence(kind: str, name: str, value: object) -> None:
    relation, _ = relation_type(kind)
    with pytest.raises(InvalidInput) as caught:
        clean_properties(relation, {name: value}, NOW)
    assert caught.value.message.endswith(".")


def test_every_property_that_people_may_give_has_a_check() -> None:
    assert {item.kind for relation in RELATIONS for item in relation.properties} <= set(KINDS)


def test_a_context_is_one_line() -> None:
    assert clean_context("both\nabout  time") == "both about time"
    with pytest.raises(InvalidInput):
        clean_context("  ")
