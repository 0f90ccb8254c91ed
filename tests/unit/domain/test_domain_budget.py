"""Filling a budget: shares first, then what is left, never more than there is.

Not the words of a brief (test_service_context.py).
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lmem.domain.budget import CUT, Filling, Part, shortened


def count(text: str) -> int:
    return len(text.split()) + text.count("\n")


def part(heading: str, sizes: list[int], share: float) -> Part:
    return Part(heading, len(sizes), lambda at: " ".join(["w"] * sizes[at]), share)


def test_each_part_has_its_share_before_the_first_takes_the_rest() -> None:
    parts = [part("one", [19] * 9, 0.5), part("two", [19] * 9, 0.5)]
    filling = Filling(parts, 100, count)
    assert [len(filling.taken(number)) for number in (0, 1)] == [2, 2]


def test_what_the_others_leave_goes_to_the_first() -> None:
    filling = Filling([part("one", [18] * 9, 0.2), part("two", [18], 0.8)], 100, count)
    assert [len(filling.taken(number)) for number in (0, 1)] == [4, 1]
    assert [at for at, _ in filling.taken(0)] == [0, 1, 2, 3]


def test_one_too_long_is_passed_over() -> None:
    filling = Filling([part("one", [500, 20], 1.0)], 60, count)
    assert [at for at, _ in filling.taken(0)] == [1]


def test_an_entry_is_made_only_when_it_is_tried() -> None:
    made: list[int] = []

    def entry(at: int) -> str:
        made.append(at)
        return "w " * 30

    Filling([Part("one", 1000, entry, 1.0)], 65, count)
    assert made == [0, 1, 2][: len(made)] and len(made) <= 3


@given(st.lists(st.tuples(st.lists(st.integers(1, 80), max_size=12), st.floats(0, 1)), max_size=5), st.integers(0, 400))
def test_never_over_the_budget(given_parts: list[tuple[list[int], float]], budget: int) -> None:
    parts = [part("head", sizes, share) for sizes, share in given_parts]
    filling = Filling(parts, budget, count)
    taken = [[text for _, text in filling.taken(number)] for number in range(len(parts))]
    whole = "".join("".join(f"{line}\n" for line in ("head", *texts)) for texts in taken if texts)
    assert count(whole) <= budget


@given(st.text("ab \n", max_size=300) | st.text("ab \n", min_size=150, max_size=300), st.integers(8, 60))
def test_a_shortened_text_fits_and_begins_as_it_did(text: str, limit: int) -> None:
    found = shortened(text, limit, count)
    assert count(found) <= limit
    if count(text) <= limit:
        assert found == text
    else:
        assert found.endswith(CUT)
        assert text.split()[: len(found.split()) - 1] == found.split()[:-1]
