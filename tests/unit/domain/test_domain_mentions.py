"""Names of memories and commits in a text: what is one, and what only looks like one."""

from __future__ import annotations

import pytest

from lmem.domain.mentions import MOST, Mention, mentions

SHA = "3f2a9bc4d5e6f708192a3b4c5d6e7f8091a2b3c4"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (f"fixed in {SHA}.", [SHA]),
        ("see 3f2a9bc4, then (a1b2c3d)", ["3f2a9bc4", "a1b2c3d"]),
        ("3f2a9bc4 and 3f2a9bc4 again", ["3f2a9bc4"]),
        ("20261122 is a day, deadbeef a word, 3F2A9BC4 is upper case", []),
        ("a1b2c3 is too short; x3f2a9bc4 and 3f2a9bc4x are parts of words", []),
        (SHA + "0", []),
        ("", []),
    ],
)
def test_names_are_hex_digits_with_letters_and_numbers(text: str, names: list[str]) -> None:
    assert mentions(text) == [Mention(name, False) for name in names]


def test_a_reverted_commit_is_told_from_one_that_is_only_named() -> None:
    text = f'Revert "Cache the rows"\n\nThis reverts commit {SHA}.\nSee a1b2c3d.'
    assert mentions(text) == [Mention(SHA, True), Mention("a1b2c3d", False)]


def test_only_the_first_names_count() -> None:
    assert len(mentions(" ".join(f"a1b2c3d{number:02}" for number in range(40)))) == MOST
