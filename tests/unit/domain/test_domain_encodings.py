"""Encodings as bytes and numbers: what a store refuses, and the bytes it was given come back."""

from __future__ import annotations

import math
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.domain.encodings import floats, packed, sparse_vector, unit_vector
from lmem.errors import InvalidInput


@given(st.lists(st.floats(width=32, allow_nan=False)))
def test_packing_and_unpacking_are_inverse(values: list[float]) -> None:
    assert floats(packed(values)) == values


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=50).filter(lambda values: math.hypot(*values) > 0.1))
def test_a_scaled_vector_is_accepted_and_twice_its_length_is_not(values: list[float]) -> None:
    norm = math.hypot(*values)
    unit = [value / norm for value in values]
    assert unit_vector("x", packed(unit), len(values)) == pytest.approx(unit, abs=1e-6)
    with pytest.raises(InvalidInput, match="The vector of x has norm 2"):
        unit_vector("x", packed([2 * value for value in unit]), len(values))


def test_a_vector_of_other_dimensions_is_refused() -> None:
    with pytest.raises(InvalidInput, match="has 2 dimensions, not 3"):
        unit_vector("x", packed([1.0, 0.0]), 3)


def test_terms_and_weights_come_as_numbers() -> None:
    terms = array("I", [7, 4_000_000_000]).tobytes()
    assert sparse_vector("x", terms, packed([0.5, 1.5])) == ([7, 4_000_000_000], [0.5, 1.5])


@pytest.mark.parametrize("weight", [0.0, -1.0, math.nan, math.inf])
def test_a_weight_is_a_positive_number(weight: float) -> None:
    with pytest.raises(InvalidInput, match="positive"):
        sparse_vector("x", array("I", [1]).tobytes(), packed([weight]))
