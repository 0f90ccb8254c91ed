"""Nouns in sentences: one is singular, a vowel has 'an'."""

from __future__ import annotations

import pytest

from lmem.domain.nouns import count, with_article


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 rows wait"), (1, "1 row waits"), (2, "2 rows wait"), (1234, "1,234 rows wait")]
)
def test_a_number_and_its_noun_agree(number: int, said: str) -> None:
    assert count(number, "row waits", "rows wait") == said
    assert count(number, "row") == said.rpartition(" ")[0]


@pytest.mark.parametrize("said", ["a task", "an error", "an insight", "a note", "an Idea", "a ", "a 9"])
def test_a_noun_and_its_article_agree(said: str) -> None:
    assert with_article(said.partition(" ")[2]) == said
