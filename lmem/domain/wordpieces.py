"""How many tokens a text has, counted with a model's own word pieces and never too few.

Not the tokenizer (that runs in the index worker): no ids, only a count, so that the daemon can keep a budget while the
worker is away.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable, Set
from functools import lru_cache

CONTINUED = "##"
_CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002ebef\U0002f800-\U0002fa1f"
_SIGNS = re.escape(string.punctuation)
_PARTS = re.compile(rf"[{_SIGNS}{_CJK}]|\n|[^\s{_SIGNS}{_CJK}]+")
"""A sign, a Chinese character, a line end, a word: what a BERT tokenizer takes apart before it looks anything up."""
_DROPPED = dict.fromkeys([code for code in (*range(32), 127, 0xFFFD) if chr(code) not in "\t\n\r"])


def count_bytes(text: str) -> int:
    """The bytes of UTF-8: no tokenizer in use makes more tokens than that."""
    return len(text.encode(errors="replace"))


def counter(pieces: Set[str], lowercase: bool) -> Callable[[str], int]:
    """A function that counts the tokens of a text by `pieces`, a WordPiece vocabulary.

    The count is at least the tokenizer's own: a word that it gives up on counts letter by letter, what it does not
    know by its bytes, and each line end counts (it is a token elsewhere). Counts of texts that are joined by white
    space add up.
    """
    longest = max(map(len, pieces), default=1)

    @lru_cache(maxsize=20_000)
    def of_word(word: str) -> int:
        if word in pieces:
            return 1
        total, start = 0, 0
        while start < len(word):
            prefix = CONTINUED if start else ""
            for end in range(min(len(word), start + longest), start, -1):
                if prefix + word[start:end] in pieces:
                    total, start = total + 1, end
                    break
            else:
                total, start = total + len(word[start].encode(errors="replace")), start + 1
        return total

    def count(text: str) -> int:
        return sum(map(of_word, _PARTS.findall(_normal(text, lowercase))))

    return count


def _normal(text: str, lowercase: bool) -> str:
    """`text` as a BERT tokenizer sees it: no control characters, signs apart; uncased without accents and capitals."""
    if not text.isascii():
        if lowercase:
            text = unicodedata.normalize("NFD", text)
        text = "".join(_seen(char, lowercase) for char in text)
    text = text.translate(_DROPPED)
    return text.lower() if lowercase else text


def _seen(char: str, lowercase: bool) -> str:
    if char.isascii():
        return char
    category = unicodedata.category(char)
    if category in ("Cc", "Cf") or (lowercase and category == "Mn"):
        return ""
    return f" {char} " if category.startswith("P") else char
