"""Relationship types: both spellings, both directions."""

from __future__ import annotations

import pytest

from lmem.domain.relations import RELATIONS, word_for


@pytest.mark.parametrize(
    ("name", "direction", "word"),
    [
        ("resolves", "out", "resolves"),
        ("resolves", "in", "resolved_by"),
        ("supersedes", "in", "superseded_by"),
        ("builds_on", "in", "built_on_by"),
        ("temporal_before", "in", "temporal_after"),
        ("contradicts", "in", "contradicts"),
        ("relates_to", "in", "relates_to"),
        ("same_context", "in", "same_context"),
        ("of_a_newer_lmem", "in", "of_a_newer_lmem"),
    ],
)
def test_the_word_depends_on_the_end_it_is_seen_from(name: str, direction: str, word: str) -> None:
    assert word_for(name, direction) == word


def test_every_type_has_one_edge_and_no_word_means_two_things() -> None:
    assert [relation.edge for relation in RELATIONS] == [relation.name.upper() for relation in RELATIONS]
    words = [word for relation in RELATIONS for word in {relation.name, relation.inverse}]
    assert len(words) == len(set(words))
