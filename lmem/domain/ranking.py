"""How candidates become an order: the measured recipe, in one configuration for all kinds of text.

Not a search: it sees scores, never text. Recipe and figures: lmem-design(7), "Ranking".
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

DENSE_SHARE = SPARSE_SHARE = 0.5
POWER = 5
"""A cosine that stands out counts, a flat field of cosines does not; 4 to 8 are within .003 of each other."""
LITERAL_BOOST = 0.2
"""For what is met as written; .1 to .3 gain .001 to .005 recall@10 on commits, .5 gains nothing (measured)."""

LITERAL_FIRST = 2.0
"""The same for a question of nothing else: what meets it leads."""

IMPORTANCE_BOOST = 0.05
NAME_BOOST = 0.1
DATE_BOOST = 0.3
TIME_WORD_BOOST = 0.05
LENGTH_BOOST = 0.2
"""Of an item of a session; 'yes' and 'thanks' answer no question. On memories that stand alone it costs .01."""

FULL_LENGTH = 40
"""Words from which an item of a session has all of it."""

SESSION_BOOST = 0.1
SESSION_BEST = 3
"""Items of a session that tell how much it is about the question."""

_NO_BOOSTS: Mapping[str, float] = MappingProxyType({})


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
    boosts: Mapping[str, float] = _NO_BOOSTS

    @property
    def parts(self) -> dict[str, float]:
        """The parts by name; a boost that this memory did not get is left out."""
        literal = {"literal": self.literal} if self.literal else {}
        return {"dense": self.dense, "sparse": self.sparse, **literal, **self.boosts}


_ranked = partial(tuple.__new__, Ranked)
"""A Ranked of all its fields, in a third of the time of its own call: a search makes one of each candidate."""


def fuse(found: Collection[Evidence], literal_only: bool = False) -> list[Ranked]:
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
    ranked: list[tuple[float, str, Ranked]] = []
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
        score = dense + sparse + literal
        ranked.append((-score, id_, _ranked((id_, score, item, dense, sparse, literal, _NO_BOOSTS))))
    ranked.sort()  # no two have one id, so the items themselves are never compared
    return [item for _, _, item in ranked]


def boosted(item: Ranked, boosts: Mapping[str, float]) -> Ranked:
    """The item with boosts added, those of zero left out."""
    given = {name: part for name, part in boosts.items() if part}
    score = item.score + sum(given.values())
    return Ranked(item.id, score, item.evidence, item.dense, item.sparse, item.literal, {**item.boosts, **given})


def length_boost(words: int) -> float:
    """.2 min(1, log(1 + words) / log 40), for an item of a session."""
    return LENGTH_BOOST * min(1.0, math.log1p(words) / math.log(FULL_LENGTH))


def session_boosts(scores: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """.1 of each session's place between the worst and the best, by the mean score of its best three items."""
    means = {id: sum(best) / len(best) for id, all_ in scores.items() if (best := sorted(all_)[-SESSION_BEST:])}
    low, high = min(means.values(), default=0.0), max(means.values(), default=0.0)
    span = high - low
    return {id: SESSION_BOOST * (mean - low) / span if span else 0.0 for id, mean in means.items()}


def _inverse(top: float) -> float:
    return 1 / top if top > 0 else 0.0
