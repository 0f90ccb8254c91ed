"""The write side of the router: the table of design section 8, row by row."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.domain.layers import LAYERS
from lmem.domain.memories import KNOWN_TYPES
from lmem.domain.routing import route
from lmem.errors import InvalidInput
from tests.unit.properties import PROPERTY

FIXED = {  # (in a project, in a session): layers
    "decision pattern insight error solution": {
        (True, True): ["project"], (True, False): ["project"], (False, True): ["global"], (False, False): ["global"],
    },
    "preference": {
        (True, True): ["global"], (True, False): ["global"], (False, True): ["global"], (False, False): ["global"],
    },
    "task progress": {
        (True, True): ["session", "project"], (True, False): ["project"],
        (False, True): ["session"], (False, False): ["global"],
    },
    "note some-other-type": {
        (True, True): ["session"], (True, False): ["project"], (False, True): ["session"], (False, False): ["global"],
    },
}  # fmt: skip
ROWS = [
    (kind, in_project, in_session, tuple(expected))
    for kinds, places in FIXED.items()
    for kind in kinds.split()
    for (in_project, in_session), expected in places.items()
]


@pytest.mark.parametrize(("kind", "in_project", "in_session", "expected"), ROWS)
def test_type_and_context_choose(kind: str, in_project: bool, in_session: bool, expected: tuple[str, ...]) -> None:
    found = route(kind, (), (), in_project, in_session)
    assert found.layers.names == expected and found.because


@given(
    kind=st.sampled_from(KNOWN_TYPES),
    tags=st.lists(st.sampled_from([*LAYERS, "api"])).map(tuple),
    explicit=st.lists(st.sampled_from(LAYERS), min_size=1).map(tuple),
    in_project=st.booleans(),
    in_session=st.booleans(),
)
@PROPERTY
def test_an_explicit_layer_wins_then_a_tag_that_names_one(
    kind: str, tags: tuple[str, ...], explicit: tuple[str, ...], in_project: bool, in_session: bool
) -> None:
    assert set(route(kind, tags, explicit, in_project, in_session).layers.names) == set(explicit)
    tagged = set(tags) & set(LAYERS)
    chosen = route(kind, tags, (), in_project, in_session)
    if tagged:
        assert set(chosen.layers.names) == tagged and "tag" in chosen.because
    else:
        assert chosen == route(kind, (), (), in_project, in_session)


@given(kind=st.text(), in_project=st.booleans(), in_session=st.booleans())
@PROPERTY
def test_every_memory_has_a_layer_and_none_of_a_place_it_is_not_in(
    kind: str, in_project: bool, in_session: bool
) -> None:
    found = route(kind, (), (), in_project, in_session).layers
    assert found.names and "temporal" not in found
    assert in_project or "project" not in found
    assert in_session or "session" not in found


def test_an_unknown_explicit_layer_is_an_error() -> None:
    with pytest.raises(InvalidInput, match="no layer 'team'"):
        route("note", (), ("team",), True, True)
