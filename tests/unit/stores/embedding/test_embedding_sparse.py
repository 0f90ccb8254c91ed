"""Terms: counts, the BM25 weight and the neighbours' half share, against the formula written out."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.ports.embedder import Document
from lmem.stores.embedding.sparse import Terms

TERMS = Terms()


def weights(text: str, near: tuple[str, ...] = (), average: float = 4.0) -> dict[int, float]:
    ids, values = TERMS.document(Document(text, near), average)
    count = len(ids) // 4
    return dict(zip(struct.unpack(f"<{count}I", ids), struct.unpack(f"<{count}f", values), strict=True))


def term(word: str) -> int:
    (found,) = TERMS.count(word)
    return found


def formula(frequency: float, length: float, average: float) -> float:
    return frequency * 2.2 / (frequency + 1.2 * (0.25 + 0.75 * length / average))


def test_counts_are_whole_even_when_large() -> None:
    assert TERMS.count("cat " * 5000 + "dog") == {term("cat"): 5000.0, term("dog"): 1.0}


def test_a_weight_is_the_formula() -> None:
    found = weights("cache cache relay")
    assert found == {
        term("cache"): pytest.approx(formula(2, 3, 4.0)),
        term("relay"): pytest.approx(formula(1, 3, 4.0)),
    }


def test_neighbours_words_count_half_and_lengthen() -> None:
    found = weights("cache relay", near=("relay outbox", "outbox"))
    assert found == {
        term("cache"): pytest.approx(formula(1, 5, 4.0)),
        term("relay"): pytest.approx(formula(1.5, 5, 4.0)),
        term("outbox"): pytest.approx(formula(1, 5, 4.0)),
    }


def test_inflections_are_one_term_and_stop_words_none() -> None:
    assert set(weights("connecting connections")) == {term("connect")}
    assert weights("the of and") == {}
    assert TERMS.query("the of and") == (b"", b"")


def test_identifiers_are_split_at_their_signs() -> None:
    assert set(weights("src/cache_key.py")) == {term(word) for word in ("src", "cache", "key", "py")}


@given(st.text(st.characters(), max_size=200), st.lists(st.text(max_size=50), max_size=2))
def test_any_text_has_sorted_terms_with_positive_weights(text: str, near: list[str]) -> None:
    found = weights(text, tuple(near))
    assert list(found) == sorted(found)
    assert all(0 < weight < 2.2 for weight in found.values())
