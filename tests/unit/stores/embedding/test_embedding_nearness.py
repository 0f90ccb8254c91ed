"""Cosines of many vectors with many others."""

from __future__ import annotations

import struct

import pytest

from lmem.stores.embedding.nearness import cosines


def _vector(*values: float) -> bytes:
    return struct.pack(f"<{len(values)}f", *values)


def test_a_row_for_each_vector_with_one_for_each_of_the_others() -> None:
    vectors = [_vector(1.0, 0.0), _vector(0.6, 0.8)]
    others = [_vector(0.0, 1.0), _vector(1.0, 0.0), _vector(0.8, 0.6)]
    assert cosines(vectors, others) == [pytest.approx([0.0, 1.0, 0.8]), pytest.approx([0.8, 0.6, 0.96])]


def test_nothing_has_no_cosines() -> None:
    assert cosines([], [_vector(1.0)]) == []
    assert cosines([_vector(1.0), _vector(1.0)], []) == [[], []]
