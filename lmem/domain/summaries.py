"""A summary by extraction: the sentences of a text that lie nearest the middle of what all of them say.

Not a writer: every sentence stands in the text as it is. No model is asked.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from lmem.domain.query import STOPWORDS, UNSPACED

LONG = 1200
"""Characters from which on a text is long: about what a brief quotes of one, and the model reads of it."""
LENGTH = 320
"""Characters of a summary, about three sentences."""
FEWEST = 5
"""Sentences below which a text is its own summary."""
MOST = 400
"""Sentences that are compared; a book is summed up by its beginning."""
CENTRAL = 0.4
"""Of the nearest sentence's nearness: what is further away is beside the point."""
ALIKE = 0.6
"""Cosine above which two sentences say the same."""

_FENCED = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.DOTALL | re.MULTILINE)
_ENDS = re.compile(
    r"""(?<=[.!?])["')\]]*\s+(?=["'(\[]*[^\Wa-z])  # before a capital or a number
      | (?<=[\u3002\uff01\uff1f])                 # the full stop, exclamation and question mark of Chinese
      | \n\s*\n | \n(?=\s*(?:[-*+•\#>|]|\d+[.)]\s))  # a paragraph, an item
    """,
    re.VERBOSE,
)
_MARKUP = re.compile(r"^\s*(?:[-*+•#>|]+\s+|\d+[.)]\s+)+")
_WORD = re.compile(rf"[{UNSPACED}]|[^\W_{UNSPACED}]+")


@dataclass(frozen=True, slots=True)
class Summary:
    """The chosen sentences as one text, and which of how many they are, from 1."""

    text: str
    chosen: tuple[int, ...]
    of: int

    @property
    def facts(self) -> dict[str, object]:
        """How it was made, as its mark says it."""
        return {"by": "extraction", "sentences": list(self.chosen), "of": self.of}


def extract(content: str) -> Summary | None:
    """The summary of a long text; None for one that is short, or that is no prose."""
    if len(content) < LONG:
        return None
    sentences = _sentences(content)
    if len(sentences) < FEWEST:
        return None
    vectors = [_vector(sentence) for sentence in sentences]
    centre: Counter[str] = Counter()
    for vector in vectors:
        centre.update(vector)
    nearness = [_dot(vector, centre) for vector in vectors]
    order = sorted(range(len(sentences)), key=lambda at: (-nearness[at], at))
    chosen: list[int] = []
    room = LENGTH
    for at in order:
        if nearness[at] < CENTRAL * nearness[order[0]]:
            break
        new = all(_dot(vectors[at], vectors[other]) < ALIKE for other in chosen)
        if new and len(sentences[at]) <= room:
            chosen.append(at)
            room -= len(sentences[at]) + 1
    if not chosen:
        return None
    chosen.sort()
    return Summary(" ".join(sentences[at] for at in chosen), tuple(at + 1 for at in chosen), len(sentences))


def _sentences(content: str) -> list[str]:
    """The sentences of a text's prose: not code, not tables, not what is too short or too long to stand alone."""
    found = []
    for piece in _ENDS.split(_FENCED.sub("\n\n", content[: 100 * LONG])):
        sentence = " ".join(_MARKUP.sub("", piece).split())
        letters = sum(char.isalpha() or char == " " for char in sentence)
        if 20 <= len(sentence) <= LENGTH and letters >= 0.7 * len(sentence):
            found.append(sentence)
    return found[:MOST]


def _vector(sentence: str) -> Mapping[str, float]:
    """The words that mean something, with weights of norm 1."""
    words = Counter(word for word in _WORD.findall(sentence.lower()) if word not in STOPWORDS)
    norm = math.sqrt(sum(count * count for count in words.values())) or 1.0
    return {word: count / norm for word, count in words.items()}


def _dot(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    return sum(weight * other.get(word, 0.0) for word, weight in one.items())
