"""Both sides of the router: the table of design section 8, row by row."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.domain.filters import Sight
from lmem.domain.layers import LAYERS
from lmem.domain.memories import KNOWN_TYPES
from lmem.domain.routing import RULES, Asked, read_route, route
from lmem.domain.scope import Scope
from lmem.errors import InvalidInput
from tests.unit.properties import PROPERTY

A, B, C = "a" * 32, "b" * 32, "c" * 32
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


# The read side

PLACES = {
    "outside": Scope(because="no project was named, and /tmp is in no repository"),
    "project": Scope(A, "api", "the repository at /src/api"),
    "session": Scope(A, "api", "the repository at /src/api", B, (B,)),
    "child": Scope(A, "api", "the repository at /src/api", B, (B, C)),
    "session alone": Scope(None, None, "it is no repository", B, (B,)),
}
ASKED = st.builds(
    Asked,
    st.sampled_from([(), ("global",), ("project", "temporal"), ("temporal",)]),
    *[st.booleans()] * 5,
)


@pytest.mark.parametrize(
    ("place", "layers"),
    [
        ("outside", ("project", "global")),
        ("project", ("project", "global")),
        ("session", ("session", "project", "global")),
        ("session alone", ("session", "project", "global")),
    ],
)
def test_a_question_reads_what_is_current_and_what_is_global(place: str, layers: tuple[str, ...]) -> None:
    scope = PLACES[place]
    found = read_route(scope, Asked())
    assert found.layers == layers and found.may_join and found.temporal is None
    assert found.sight == Sight(scope.project_id, scope.lineage)


@pytest.mark.parametrize(
    ("place", "asked", "words"),
    [
        ("child", Asked(), "session bbbbbbbb and its parents; project api (the repository at /src/api); what is"),
        ("outside", Asked(), "no project (no project was named, and /tmp is in no repository); what is global"),
        ("project", Asked(project=True), "project api, which was named"),
        ("session", Asked(session=True), "the session that was named; temporal, as asked"),
        ("project", Asked(all_projects=True), "all projects, as asked; temporal if that is too little"),
        ("project", Asked(about_time=True), "temporal, since it is about time"),
        ("project", Asked(("global",), all_projects=True), "of these the global layer, as asked"),
    ],
)
def test_a_decision_says_why(place: str, asked: Asked, words: str) -> None:
    assert words in read_route(PLACES[place], asked).because


@given(place=st.sampled_from(list(PLACES)), asked=ASKED)
@PROPERTY
def test_only_what_is_asked_for_goes_beyond_a_place(place: str, asked: Asked) -> None:
    scope = PLACES[place]
    found = read_route(scope, asked)
    if asked.project or asked.session or asked.all_projects:
        assert found.sight is None
    else:
        assert found.sight == Sight(scope.project_id, scope.lineage)
    assert set(asked.layers) <= set(found.layers) and (not asked.layers or found.layers == asked.layers)
    assert (found.temporal is not None) == ("temporal" in found.layers)
    assert not (found.may_join and ("temporal" in found.layers or asked.layers))
    assert (found.temporal == "time") <= asked.about_time
    assert found == read_route(scope, asked)


def test_every_layer_has_its_rule() -> None:
    assert tuple(RULES) == LAYERS
    assert all(rule.writes and rule.reads and rule.leaves for rule in RULES.values())
