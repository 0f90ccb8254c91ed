"""The name of a new project.

Not its storing (test_service_projects.py).
"""

from __future__ import annotations

import pytest

from lmem.domain.projects import Move, clean_name, free_name, names_for
from lmem.domain.scope import Place
from lmem.errors import InvalidInput


@pytest.mark.parametrize(
    ("taken", "free"),
    [
        (set(), "api"),
        ({"api"}, "ada-api"),
        ({"api", "ada-api"}, "api-2"),
        ({"api", "ada-api", "api-2", "api-3"}, "api-4"),
    ],
)
def test_a_taken_name_gets_its_owner_then_a_number(taken: set[str], free: str) -> None:
    assert free_name("api", "ada", taken.__contains__) == free
    assert free_name("api", None, {"api"}.__contains__) == "api-2"


@pytest.mark.parametrize(
    ("place", "names"),
    [
        (Place("/src/x", "/src/x", "/src/x/.git", "github.com/ada/Api"), ("Api", "ada")),
        (Place("/wt/deep", "/wt", "/src/api/.git"), ("api", "src")),
        (Place("/src/clone", "/src/clone", "/src/clone/.git", "/home/ada/api/.git"), ("api", "ada")),
        (Place("/home/ada/notes"), ("notes", "ada")),
    ],
)
def test_a_place_names_its_project(place: Place, names: tuple[str, str]) -> None:
    assert names_for(place) == names


def test_a_name_is_on_one_line_and_seen() -> None:
    assert clean_name("  my\n api ") == "my api"
    for bad in ("", "a\x1b[31m", "x" * 600):
        with pytest.raises(InvalidInput):
            clean_name(bad)


def test_identities_are_compared_without_case() -> None:
    place = Place("/x", "/x", "/x/.git", "github.com/Ada/Api", root_commit="c" * 40)
    assert place.identities == (
        ("common_dir", "/x/.git"), ("remote", "github.com/ada/api"), ("root_commit", "c" * 40),
    )  # fmt: skip
    assert Place("/x", "/x", "/x/.git", "/Src/Api/.git").identities[1] == ("remote", "/Src/Api/.git")


def test_a_move_turns_round() -> None:
    move = Move("session", "s", "a", None)
    assert move.reversed == Move("session", "s", None, "a")
    assert move.reversed.reversed == move
