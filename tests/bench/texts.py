"""Texts to measure with: sentences drawn from a chain of real words, so that word frequencies are natural.

Not random letters: term frequencies decide what an index costs. The words come from the docstrings of the standard
library, so every machine with the same Python makes the same texts from the same seed; `more` adds texts of one's own.
"""

from __future__ import annotations

import ast
import os
import random
import re
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import accumulate, pairwise
from pathlib import Path

WORD = re.compile(r"[A-Za-z][A-Za-z']+")
WORDS_PER_ITEM = 65
"""About 100 word pieces of the default model's tokenizer."""

OPENINGS = ("how do we", "why does the", "what happens when", "where is the", "which setting makes the", "when did the")


class Texts:
    """A seeded source of items, questions, phrases and prefixes."""

    def __init__(self, seed: int = 7, more: Iterable[str] = ()) -> None:
        self._random = random.Random(seed)
        following: dict[str, Counter[str]] = defaultdict(Counter)
        for text in (*_docstrings(), *more):
            for word, after in pairwise(WORD.findall(text)):
                following[word][after] += 1
        self._next = {word: (list(seen), list(accumulate(seen.values()))) for word, seen in sorted(following.items())}
        self._starts = [word for word in self._next if word[0].isupper() and word[1:].islower()]

    def item(self, words: int = WORDS_PER_ITEM) -> str:
        """A text of about `words` words in sentences, with one made-up identifier, as notes of developers have."""
        parts: list[str] = []
        while sum(len(part.split()) for part in parts) < words:
            parts.append(" ".join(self._walk(self._random.randint(8, 16))) + ".")
        return f"{' '.join(parts)} See {self.identifier()}."

    def items(self, count: int, words: int = WORDS_PER_ITEM) -> Iterator[str]:
        return (self.item(words) for _ in range(count))

    def identifier(self) -> str:
        first, second = (self._random.choice(self._starts).lower() for _ in range(2))
        return f"{first}_{second}_{self._random.randint(1, 999)}"

    def question(self) -> str:
        """A question in plain words, about twenty word pieces."""
        return f"{self._random.choice(OPENINGS)} {' '.join(self._walk(11)).lower()}?"

    def phrase(self, text: str) -> str:
        """Three words in a row of `text`, quoted."""
        words = text.split(". ")[0].split()
        at = self._random.randrange(max(1, len(words) - 3))
        return '"' + " ".join(words[at : at + 3]).strip(".") + '"'

    def prefix(self) -> str:
        word = self._random.choice([word for word in self._starts if len(word) > 6])
        return word[:5].lower() + "*"

    def _walk(self, words: int) -> list[str]:
        word = self._random.choice(self._starts)
        walked = [word]
        while len(walked) < words:
            if word not in self._next:
                word = self._random.choice(self._starts)
            else:
                choices, totals = self._next[word]
                word = choices[bisect(totals, self._random.random() * totals[-1])]
            walked.append(word)
        return walked


def _docstrings() -> Iterator[str]:
    """The docstrings of the standard library's modules, in order of file."""
    for file in sorted(Path(os.__file__).parent.glob("[a-z]*.py")):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield ast.get_docstring(node) or ""
