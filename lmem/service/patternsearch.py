"""Patterns by meaning: those that are like a text, and one that a new pattern may repeat.

Not the search of memories: patterns are few, so their own words are compared in the truth itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lmem.domain.patterns import Listed, Pattern, PatternFilter
from lmem.domain.query import MAX_QUERY, STOPWORDS, words_of
from lmem.errors import StoreUnavailable
from lmem.ports.finder import AsyncFinder
from lmem.ports.storage import Storage, UnitOfWork
from lmem.ports.vectors import PATTERNS, Condition
from lmem.service.indexes import Indexes

CANDIDATES = 64
PATIENCE = 1.0
"""Seconds that the first question after a start waits for the index worker; words answer after that."""
NEAR = 0.1
"""The least cosine of what has no word in common with the question: these texts are short, and right answers were seen
from 0.15 on."""
SAME = 0.65
"""The cosine from which on another pattern is named beside a new one. Tried with the default model on 19 patterns: of
the five pairs that say the same in other words three are above it, of all others one (two ways to use a cache)."""
BY_WORDS = 1000
"""Patterns whose words are compared, the most used ones: some milliseconds."""
WORDS_COUNT = 0.5
"""What a question's words that a pattern holds count beside its cosine."""


@dataclass(frozen=True, slots=True)
class Alike:
    """A pattern that is like a text: its cosine (0 when the index did not have it) and its share of the words."""

    listed: Listed
    cosine: float
    words: float

    @property
    def score(self) -> float:
        """What the order is by."""
        return self.cosine + WORDS_COUNT * self.words


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found, which indexes answered, and why one did not."""

    found: tuple[Alike, ...]
    served_by: tuple[str, ...]
    degraded: tuple[StoreUnavailable, ...] = ()


class PatternSearch:
    """Asks the vectors' collection of patterns, and the words of the truth."""

    def __init__(self, storage: Storage, indexes: Indexes, finder: AsyncFinder) -> None:
        self._storage = storage
        self._indexes = indexes
        self._finder = finder

    async def like(self, text: str, wanted: PatternFilter, limit: int) -> Answer:
        """The patterns of the filter that are most like a text, best first.

        What the relay has not applied yet is found by its words. Never fails because the index is down.
        """
        text = text[:MAX_QUERY]
        cosines: dict[str, float] = {}
        degraded: tuple[StoreUnavailable, ...] = ()
        try:
            await self._indexes.settled(PATIENCE)
            cosines = await self._cosines(text, wanted)
        except StoreUnavailable as err:
            degraded = (err,)
        asked = _stems(text)

        def work(tx: UnitOfWork) -> list[Alike]:
            ids = tuple(dict.fromkeys((*cosines, *tx.patterns.most_used(wanted.user_id, BY_WORDS))))
            rows = tx.patterns.page(replace(wanted, ids=ids), "usage", len(ids))
            return [Alike(row, cosines.get(row.pattern.id, 0.0), _share(asked, row.pattern)) for row in rows]

        found = [item for item in await self._storage.read(work) if item.words or item.cosine >= NEAR]
        found.sort(key=lambda item: -item.score)  # of equal ones the more used is first
        return Answer(tuple(found[:limit]), ("words",) if degraded else ("dense", "words"), degraded)

    async def near(self, pattern: Pattern) -> tuple[Pattern, float] | None:
        """Another pattern of the same user that says much the same, with its cosine; None when the index is down."""
        wanted = PatternFilter(pattern.user_id)
        try:
            cosines = await self._cosines(pattern.text, wanted)
        except StoreUnavailable:
            return None
        cosines.pop(pattern.id, None)
        wanted = replace(wanted, ids=tuple(cosines))
        rows = await self._storage.read(lambda tx: tx.patterns.page(wanted, "usage", CANDIDATES))
        best = max((row.pattern for row in rows), key=lambda item: cosines[item.id], default=None)
        return (best, cosines[best.id]) if best is not None and cosines[best.id] >= SAME else None

    async def _cosines(self, text: str, wanted: PatternFilter) -> dict[str, float]:
        """The nearest points by id. Raises StoreUnavailable."""
        conditions = [Condition("project_ids", any=(wanted.project_id,))] if wanted.project_id else []
        conditions += [Condition("pattern_type", any=(wanted.type,))] if wanted.type else []
        found = await self._finder.find(self._indexes.serving(), PATTERNS, text, conditions, CANDIDATES, "dense")
        return {item.id: item.cosine for item in found.found}


def _stems(text: str) -> set[str]:
    return {word[:5] for word in words_of(text) if word not in STOPWORDS}


def _share(asked: set[str], pattern: Pattern) -> float:
    return len(asked & _stems(f"{pattern.type} {pattern.text}")) / len(asked) if asked else 0.0
