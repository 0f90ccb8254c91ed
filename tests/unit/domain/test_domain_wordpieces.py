"""Tokens are counted with word pieces and never too few: measured against the tokenizer itself.

Not the reading of a vocabulary (test_embedding_vocabulary.py).
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from lmem.domain.wordpieces import count_bytes, counter
from tests.unit.properties import PROPERTY

WORDS = [
    "the",
    "cache",
    "token",
    "über",
    "für",
    "cafe",
    "naive",
    *"abc10",
    "¬",
    "中",
    "文",
    "the_",
    "\u03c3",
]
PIECES = [
    *WORDS,
    "##s",
    "##ize",
    "##r",
    "##a",
    "##b",
    "##c",
    "##0",
    "##1",
    "##e",
    "##t",
    "##\u03c3",
    ".",
    "_",
    "-",
    "#",
    "`",
]


def _tokenizer(lowercase: bool) -> Tokenizer:
    vocabulary = {piece: number for number, piece in enumerate(["[UNK]", *PIECES])}
    made = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    made.normalizer = BertNormalizer(lowercase=lowercase)
    made.pre_tokenizer = BertPreTokenizer()
    return made


TOKENIZERS = {lowercase: _tokenizer(lowercase) for lowercase in (True, False)}
COUNTERS = {lowercase: counter(frozenset(PIECES), lowercase) for lowercase in (True, False)}


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("the cache", 2),
        ("The caches", 3),
        ("tokenizers", 4),
        ("naïve café", 2),
        ("中文", 2),
        ("the\ncache\n", 4),  # line ends are tokens elsewhere
        ("", 0),
    ],
)
def test_known_words_are_counted_as_they_are(text: str, tokens: int) -> None:
    assert COUNTERS[True](text) == tokens


@pytest.mark.parametrize("lowercase", [True, False])
@PROPERTY
@given(
    st.one_of(st.text(max_size=60), st.lists(st.sampled_from([*WORDS, " ", "\n", "\x0c", "…", "\u200b"])).map("".join))
)
def test_never_fewer_than_the_tokenizer(lowercase: bool, text: str) -> None:
    real = len(TOKENIZERS[lowercase].encode(text, add_special_tokens=False).ids)
    assert real <= COUNTERS[lowercase](text)
    assert real <= count_bytes(text)


@given(st.text(max_size=40), st.text(max_size=40))
def test_counts_of_lines_add_up(one: str, other: str) -> None:
    count = COUNTERS[True]
    assert count(f"{one}\n{other}") == count(one) + 1 + count(other)


def test_a_word_without_an_end_is_not_one_unknown_token() -> None:
    assert len(TOKENIZERS[True].encode("x" * 500, add_special_tokens=False).ids) == 1
    assert COUNTERS[True]("x" * 500) == 500
