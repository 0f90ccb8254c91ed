"""Near-duplicates of a new memory: named to the person who added it, never merged or dropped.

Not a similarity search: embeddings are blind to digits, so words decide, and numbers that differ veto.
"""

from __future__ import annotations

from lmem.domain.filters import Filter
from lmem.domain.memories import Memory
from lmem.domain.query import STOPWORDS, all_of, words_of
from lmem.ports.storage import Storage, UnitOfWork

SIMILAR = 0.8
"""Share of distinct words that two texts must have in common (Jaccard)."""

LONGEST = 400
"""Words above which only an equal text is looked for: two long texts are seldom near each other by chance."""

_RARE = 8
_HITS = 5


async def near_duplicate(storage: Storage, memory: Memory, wanted: Filter) -> tuple[Memory, float] | None:
    """The stored memory that says nearly the same, with its similarity in [0, 1], or None.

    A near-duplicate shares nearly all words, so it holds all of either half of the longest ones: two conjunctions
    find it where one changed word would hide it, and each costs only its rarest term.
    """
    words = [word for word in dict.fromkeys(words_of(memory.text)) if word not in STOPWORDS]
    rare = sorted(words, key=lambda word: (-len(word), word))[:_RARE]

    def work(tx: UnitOfWork) -> tuple[Memory, float] | None:
        same = tx.memories.same_text(memory.content_hash, wanted)
        if same is not None and same.id != memory.id:
            return same, 1.0
        if not rare or len(words) > LONGEST:
            return None
        hits = [
            hit for half in (rare[::2], rare[1::2]) if half for hit in tx.fulltext.match(all_of(half), wanted, _HITS)
        ]
        rows = tx.memories.visible([memory_id for memory_id, _ in hits if memory_id != memory.id], wanted)
        scored = [(other, _similarity(memory, other)) for other in rows.values()]
        best = max(scored, key=lambda pair: (pair[1], pair[0].id), default=None)
        return best if best is not None and best[1] >= SIMILAR else None

    return await storage.read(work)


def _similarity(one: Memory, other: Memory) -> float:
    mine, theirs = set(words_of(one.text)), set(words_of(other.text))
    if _numbers(mine) != _numbers(theirs):
        return 0.0
    return len(mine & theirs) / max(1, len(mine | theirs))


def _numbers(words: set[str]) -> set[str]:
    return {word for word in words if any(char.isdigit() for char in word)} | (
        words & {"not", "no", "never", "without"}
    )
