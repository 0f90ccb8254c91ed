"""How candidates become an order: the measured recipe, in one configuration for all kinds of text.

Not a search: it sees scores, never text. Recipe and figures: lmem-design(7), "Ranking".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

DENSE_SHARE = SPARSE_SHARE = 0.5
POWER = 5
"""A cosine that stands out counts, a flat field of cosines does not; 4 to 8 are within .003 of each other."""
LITERAL_BOOST = 0.2
"""For what is met as written; .1 to .3 gain .001 to .005 recall@10 on commits, .5 gains nothing (measured)."""

LITERAL_FIRST = 2.0
"""The same for a question of nothing else: what meets it leads."""

IMPORTANCE_BOOST = 0.05


class Evidence(NamedTuple):
    """What the indexes say of one memory. `fulltext` is set where no vector answers: (score, coverage in [0, 1])."""

    id: str
    cosine: float = 0.0
    bm25: float = 0.0
    fulltext: tuple[float, float] | None = None
    literal: float = 0.0


class Ranked(NamedTuple):
    """A score and its parts, which add up to it. A tuple, because a search makes some two hundred of them."""

    id: str
    score: float
    evidence: Evidence
    dense: float
    sparse: float
    literal: float = 0.0
    importance: float = 0.0

    @property
    def parts(self) -> dict[str, float]:
        """The parts by name; a boost that this memory did not get is left out."""
        boosts = {name: part for name, part in (("literal", self.literal), ("importance", self.importance)) if part}
        return {"dense": self.dense, "sparse": self.sparse, **boosts}


def fuse(found: Sequence[Evidence], literal_only: bool = False) -> list[Ranked]:
    """Candidates, best first: .5 (cos / max cos)^5 + .5 bm25 / max bm25 + .2 of the literal terms met.

    With `literal_only` the question has nothing but literal terms, and they weigh more than all else.

    A row that only full text knows (the relay has not reached it) has neither: .5 coverage^2 + .5 coverage * score /
    max score of its kind, coverage being the share of the question's words it has. Equal scores are ordered by id, so
    that answers repeat.
    """
    per_cosine = _inverse(max((item.cosine for item in found), default=0.0))
    per_bm25 = _inverse(max((item.bm25 for item in found), default=0.0))
    per_fulltext = _inverse(max((item.fulltext[0] for item in found if item.fulltext), default=0.0))
    boost = LITERAL_FIRST if literal_only else LITERAL_BOOST
    ranked = []
    for item in found:
        id_, cosine, bm25, fulltext, literal = item
        if fulltext and not (cosine or bm25):
            score, coverage = fulltext
            dense = DENSE_SHARE * coverage**2
            sparse = SPARSE_SHARE * coverage * score * per_fulltext
        else:
            dense = DENSE_SHARE * (cosine * per_cosine) ** POWER if cosine > 0 else 0.0
            sparse = SPARSE_SHARE * bm25 * per_bm25
        literal *= boost
        ranked.append(Ranked(id_, dense + sparse + literal, item, dense, sparse, literal))
    ranked.sort(key=_order)
    return ranked


def boosted(item: Ranked, effective_importance: float) -> Ranked:
    """The item with the share of its decayed importance added."""
    boost = IMPORTANCE_BOOST * effective_importance
    return item._replace(score=item.score + boost, importance=boost)


def _order(item: Ranked) -> tuple[float, str]:
    return -item.score, item.id


def _inverse(top: float) -> float:
    return 1 / top if top > 0 else 0.0
