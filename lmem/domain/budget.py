"""A text within a budget of tokens: parts with a share each, filled in order, and what is left given to the first.

Not a tokenizer (lmem.domain.wordpieces) and not the words of the text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Count = Callable[[str], int]
SMALLEST = 12
"""Tokens below which nothing worth saying fits."""
MISSES = 8
"""Entries of a part that may turn out too long before no further one is tried."""
CUT = "[...]"


@dataclass(frozen=True, slots=True)
class Counting:
    """How tokens are counted, and by whose words: a model's name, or 'bytes' when there is no vocabulary."""

    count: Count
    by: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the text: its heading, its entries in order, and the share of the budget that is its own.

    `entry` makes the text of one entry; it is asked only for those that are tried.
    """

    heading: str
    size: int
    entry: Callable[[int], str]
    share: float


class Filling:
    """The entries that fit: first of each part within its share, then in order into what the others left.

    An entry too long for the room is passed over for the next. The first entry of a part pays its heading.
    """

    def __init__(self, parts: Sequence[Part], budget: int, count: Count) -> None:
        self._parts = parts
        self._left = budget
        self._count = count
        self._known: dict[tuple[int, int], tuple[str, int]] = {}
        self._taken: list[set[int]] = [set() for _ in parts]
        for number, part in enumerate(parts):
            self._fill(number, min(self._left, int(budget * part.share)))
        for number in range(len(parts)):
            self._fill(number, self._left)

    def taken(self, number: int) -> list[tuple[int, str]]:
        """The entries of a part that fit, in its order, each with its number."""
        return [(at, self._known[number, at][0]) for at in sorted(self._taken[number])]

    def _fill(self, number: int, room: int) -> None:
        part, taken, missed = self._parts[number], self._taken[number], 0
        for at in range(part.size):
            if room < SMALLEST or missed == MISSES:
                return
            if at in taken:
                continue
            cost = self._cost(number, at) + (0 if taken else self._count(part.heading + "\n"))
            if cost > room:
                missed += 1
                continue
            taken.add(at)
            room -= cost
            self._left -= cost

    def _cost(self, number: int, at: int) -> int:
        if (number, at) not in self._known:
            text = self._parts[number].entry(at)
            self._known[number, at] = text, self._count(text + "\n")
        return self._known[number, at][1]


def shortened(text: str, limit: int, count: Count) -> str:
    """`text`, or as many of its first lines or words as `limit` tokens hold, with a mark where it was cut."""
    head = text[: 64 * limit]  # far more than fits, and a megabyte is not counted for a paragraph
    if len(head) == len(text) and count(text) <= limit:
        return text
    limit -= count(CUT) + 1
    kept: list[str] = []
    for line in head.splitlines():
        cost = count(line) + 1
        if cost > limit:
            words = _words_within(line, limit, count)
            return "\n".join([*kept, f"{words} {CUT}".strip()])
        kept.append(line)
        limit -= cost
    return "\n".join([*kept, CUT])


def _words_within(line: str, limit: int, count: Count) -> str:
    """The longest beginning of a line, cut at a word, that has at most `limit` tokens."""
    words = line.split()
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        if count(" ".join(words[:middle])) <= limit:
            low = middle
        else:
            high = middle - 1
    return " ".join(words[:low])
