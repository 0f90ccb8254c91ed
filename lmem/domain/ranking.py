"""How candidates become an order: the measured recipe, in one configuration for all kinds of text.

Not a search: it sees scores, never text. Recipe and figures: lmem-design(7), "Ranking".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

DENSE_SHARE = 0.5
POWER = 5
"""A cosine that stands out counts, a flat field of cosines does not; 4 to 8 are within .003 of each other."""
LITERAL_BOOST = 0.2
"""For what is met as written; .1 to .3 gain .001 to .005 recall@10 on commits, .5 gains nothing (measured)."""

LITERAL_FIRST = 2.0
"""The same for a question of nothing else: what meets it leads."""

IMPORTANCE_BOOST = 0.05


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the indexes say of one memory. `fulltext` is set where no vector answers: (score, coverage in [0, 1])."""

    id: str
    cosine: float = 0.0
    bm25: float = 0.0
    fulltext: tuple[float, float] | None = None
    literal: float = 0.0


@dataclass(frozen=True, slots=True)
class Ranked:
    """A score and its parts, which add up to it."""

    id: str
    score: float
    evidence: Evidence
    parts: Mapping[str, float] = field(default_factory=dict)


def fuse(found: Sequence[Evidence], literal_only: bool = False) -> list[Ranked]:
    """Candidates, best first: .5 (cos / max cos)^5 + .5 bm25 / max bm25 + .2 of the literal terms met.

    With `literal_only` the question has nothing but literal terms, and they weigh more than all else.

    A row that only full text knows (the relay has not reached it) has neither: .5 coverage^2 + .5 coverage * score /
    max score of its kind, coverage being the share of the question's words it has. Equal scores are ordered by id, so
    that answers repeat.
    """
    top_cosine = max((item.cosine for item in found), default=0.0)
    top_bm25 = max((item.bm25 for item in found), default=0.0)
    top_fulltext = max((item.fulltext[0] for item in found if item.fulltext), default=0.0)
    boost = LITERAL_FIRST if literal_only else LITERAL_BOOST
    scored = _scored(found, top_cosine, top_bm25, top_fulltext, boost)
    ranked = [Ranked(item.id, sum(parts.values()), item, parts) for item, parts in scored]
    return sorted(ranked, key=lambda item: (-item.score, item.id))


def boosted(item: Ranked, effective_importance: float) -> Ranked:
    """The item with the share of its decayed importance added."""
    boost = IMPORTANCE_BOOST * effective_importance
    return Ranked(item.id, item.score + boost, item.evidence, {**item.parts, "importance": boost})


def _scored(
    found: Sequence[Evidence], top_cosine: float, top_bm25: float, top_fulltext: float, literal_boost: float
) -> list[tuple[Evidence, dict[str, float]]]:
    per_cosine, per_bm25, per_fulltext = (1 / top if top > 0 else 0.0 for top in (top_cosine, top_bm25, top_fulltext))
    sparse_share = 1 - DENSE_SHARE
    scored = []
    for item in found:
        cosine, bm25 = item.cosine, item.bm25
        if item.fulltext and not (cosine or bm25):
            score, coverage = item.fulltext
            dense = DENSE_SHARE * coverage**2
            sparse = sparse_share * coverage * score * per_fulltext
        else:
            dense = DENSE_SHARE * (cosine * per_cosine) ** POWER if cosine > 0 else 0.0
            sparse = sparse_share * bm25 * per_bm25
        parts = {"dense": dense, "sparse": sparse}
        if item.literal:
            parts["literal"] = literal_boost * item.literal
        scored.append((item, parts))
    return scored
