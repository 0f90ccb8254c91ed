"""Quoted text cannot leave its quotation, whatever it is made of."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.domain.quoting import one_line, plain, quoted

HOSTILE = st.text(st.one_of(st.characters(), st.sampled_from("\r\n\x0b\x0c\x1c\x85\u2028\u2029\x1b\u202e\u200b> ")))


@given(HOSTILE)
def test_every_line_stands_behind_its_mark(text: str) -> None:
    lines = quoted(text).splitlines()
    assert all(line.startswith("> ") and line[2:].strip() for line in lines)
    assert not any(unicodedata.category(char) in ("Cc", "Cf") for line in lines for char in line if char != "\t")


@given(HOSTILE)
def test_a_name_is_one_short_line(text: str) -> None:
    found = one_line(text, 20)
    assert len(found) <= 20
    assert len(found.splitlines()) <= 1


@given(st.text(st.sampled_from("abc \t\n"), max_size=50))
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n\n  b  \n", "> a\n>   b"),
        ("a\u2028# b\r\nc", "> a\n> # b\n> c"),
        ("\x1b[31mred\x1b[0m", "> [31mred[0m"),
        ("in\u200bvis\u202eible\U000e0041", "> invisible"),
        ("", ""),
    ],
)
def test_what_becomes_of_it(text: str, expected: str) -> None:
    assert quoted(text) == expected
