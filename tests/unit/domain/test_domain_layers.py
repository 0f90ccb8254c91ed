"""Layers: their order, their flags, and names that are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.domain.layers import LAYERS, layers
from lmem.errors import InvalidInput
from tests.unit.properties import PROPERTY


@pytest.mark.parametrize(
    ("names", "primary"),
    [
        (["temporal", "global"], "global"),
        (["global", "project"], "project"),
        (["project", " Session "], "session"),
        (["temporal"], "temporal"),
        ([], "temporal"),
    ],
)
def test_the_primary_layer_is_the_first_in_the_order_of_precedence(names: list[str], primary: str) -> None:
    assert layers(names).primary == primary


@given(names=st.lists(st.sampled_from(LAYERS)))
@PROPERTY
def test_flags_say_what_is_set(names: list[str]) -> None:
    found = layers(names)
    assert found.flags() == {f"layer_{layer}": int(layer in names) for layer in LAYERS}
    assert layers(found.names) == found and all((layer in found) == (layer in names) for layer in LAYERS)


@pytest.mark.parametrize("name", ["", "globl", "project,global", "\ud800", "x" * 500])
def test_an_unknown_layer_is_named_with_those_that_exist(name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        layers(["global", name])
    assert f"'{name[:60]}'" in caught.value.message and len(caught.value.message) < 100
    assert all(layer in caught.value.hint for layer in LAYERS)
