"""A regular expression that is compiled when it is first used."""

from __future__ import annotations

import re

import pytest

from lmem.domain.lazyregex import Later


def test_nothing_is_compiled_before_the_first_use() -> None:
    broken = Later("(")
    with pytest.raises(re.error):
        broken.search("x")


def test_it_answers_as_a_compiled_one_and_is_compiled_once() -> None:
    later, now = Later(r"a(b+)", re.IGNORECASE), re.compile(r"a(b+)", re.IGNORECASE)
    text = "xABBy ab"
    assert [hit.span(1) for hit in later.finditer(text)] == [hit.span(1) for hit in now.finditer(text)]
    assert later.findall(text) == now.findall(text)
    assert later.match(text) is None and later.fullmatch("abb") is not None
    assert later.compiled is later.compiled
