"""Search: candidates from both indexes and full text, fused, checked against the truth, ranked, with reasons.

Not an index; it asks the ports and mixes what they say (design section 7).
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from lmem.domain.cues import Cues, cues
from lmem.domain.filters import Filter
from lmem.domain.memories import Memory
from lmem.domain.query import Question, any_of, matching_line, parse_question
from lmem.domain.ranking import Evidence, Ranked, fuse
from lmem.domain.room import Room
from lmem.domain.timewords import TimeRange
from lmem.errors import StoreUnavailable
from lmem.ports.clock import Clock
from lmem.ports.finder import AsyncFinder
from lmem.ports.storage import Storage, UnitOfWork
from lmem.ports.vectors import MEMORIES, Candidates
from lmem.service import boosts, briefreads
from lmem.service.conditions import conditions
from lmem.service.evidence import FullText, fulltext
from lmem.service.indexes import Indexes

CANDIDATES = 40
"""Of each index. 32 to 100 have the same recall@10 on the data there is, .805 and .828; of 1,500 questions in 10,000
memories 1 in 75 has another answer than with 64, 1 in 14 with 32 (measured). Each costs some 10 us."""

CANDIDATES_OF_SESSIONS = 64
"""The same where sessions may lift any of them."""

MOST = 1000
"""Candidates at most, when the truth refused so many that too few are left: the vectors do not know what is private."""

PATIENCE = 1.0
"""Seconds that the first question after a start waits for the index worker; full text answers after that."""

NEAR = 0.3
"""The cosine above which a memory is to the point without a common word; random pairs of notes have 0.0 to 0.2."""

HEAD = 10
"""Rows read beyond the limit before importance is weighed in."""


BRIEF_MS = 2.0
"""What full text took of a plain read from which on the next one goes to a reader's thread at once."""


@dataclass(frozen=True, slots=True)
class Found:
    """One result: the row, its score with parts, and the line that matches best."""

    memory: Memory
    ranked: Ranked
    line: tuple[int, str] | None


@dataclass(frozen=True, slots=True)
class Empty:
    """Why nothing was found."""

    reason: str
    corpus: int
    unknown_terms: tuple[str, ...]
    near: tuple[Found, ...]
    elsewhere: int = 0
    """Memories of other projects, counted when none is seen from here."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search found, which indexes answered, which did not and why, and where the time went (ms).

    `encode` is the engine's own time, `dense` and `sparse` the index's; the way to the index worker is in none.
    """

    found: tuple[Found, ...]
    served_by: tuple[str, ...]
    degraded: tuple[StoreUnavailable, ...]
    timings: Mapping[str, float]
    empty: Empty | None = None
    too_little: bool = False
    """Fewer than were asked for, or none to the point, while there are temporal memories that the filter left out."""


@dataclass(frozen=True, slots=True)
class _Beside:
    """What is read before the vectors are asked: full text, and whether there are sessions to weigh."""

    fulltext: FullText | None
    in_session: bool
    ms: float


@dataclass(frozen=True, slots=True)
class Rules:
    """What settings decide of a search: whether importance fades with time, and the least cosine of a result."""

    fades: bool = True
    least: float | None = None


PLAIN = Rules()

_NO_TIME = dict.fromkeys(("encode", "dense", "sparse", "fts", "rows", "rank"), 0.0)

_evidence = partial(tuple.__new__, Evidence)
"""Evidence of all its fields, in a third of the time of its own call: a search makes one of each candidate."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one search is asked."""

    question: Question
    wanted: Filter
    limit: int
    rules: Rules
    named: Cues


class Search:
    """Ranked answers to questions."""

    def __init__(self, storage: Storage, indexes: Indexes, finder: AsyncFinder, clock: Clock) -> None:
        self._storage = storage
        self._indexes = indexes
        self._finder = finder
        self._clock = clock
        self._brief = True  # whether full text answered at once lately: few rows wait for the relay

    async def search(
        self,
        query: str,
        wanted: Filter,
        limit: int,
        only: str | None = None,
        may_join: bool = False,
        rules: Rules = PLAIN,
        span: TimeRange | None = None,
    ) -> Answer:
        """The best `limit` memories for a question. `only` is 'fts', 'sparse' or 'dense' to ask one index.

        Never fails because of what the question holds, nor because an index is down: full text answers then, and
        `degraded` says so. Every hit has passed the filter in SQLite. With `may_join` what only the temporal layer
        holds is asked too when the filter leaves it out and gives too little; `too_little` says so. What is of the time
        `span`, a date that the question mentions, is lifted; nothing is left out for it.
        """
        asked = _Asked(parse_question(query), wanted, limit, rules, cues(query, span))
        answer = await self._search(asked, only)
        if not (may_join and answer.too_little):
            return answer
        return replace(await self._search(replace(asked, wanted=replace(wanted, temporal=True)), only), too_little=True)

    async def _search(self, asked: _Asked, only: str | None, most: int = 0) -> Answer:
        question, wanted = asked.question, asked.wanted
        # The vectors have no archived memories and do not know which are private: others would hide those.
        by_words = only == "fts" or wanted.archived or wanted.private_only or question.is_symbols
        plain = not (by_words or question.literal or question.unspaced)
        with_fulltext, brief = only in (None, "fts"), plain and self._brief
        # Full text first: what the relay takes from there to the vectors meanwhile would be in neither answer.
        beside = await briefreads.read(
            self._storage, lambda tx, room: _beside(tx, room, asked, with_fulltext, by_words), brief
        )
        if plain:
            self._brief = beside.ms < BRIEF_MS
        most = most or max(asked.limit + HEAD, CANDIDATES_OF_SESSIONS if beside.in_session else CANDIDATES)
        found = None if by_words else await self._ask_vectors(question, wanted, only, most)
        if isinstance(found, StoreUnavailable):
            beside = await self._storage.read(lambda tx: _beside(tx, Room(), asked, with_fulltext, True))
        brief = brief and isinstance(found, Candidates) and most <= CANDIDATES_OF_SESSIONS
        answer, refused = await briefreads.read(
            self._storage, lambda tx, room: self._finish(tx, room, asked, beside, found, only), brief
        )
        if refused and isinstance(found, Candidates) and len(found.found) >= most and most < MOST:
            return await self._search(asked, only, min(MOST, 5 * most))
        return answer

    async def _ask_vectors(
        self, question: Question, wanted: Filter, only: str | None, most: int
    ) -> Candidates | StoreUnavailable:
        try:
            await self._indexes.settled(PATIENCE)
            return await self._finder.find(
                self._indexes.serving(), MEMORIES, question.text, conditions(wanted), most, only
            )
        except StoreUnavailable as err:
            return err

    def _finish(
        self, tx: UnitOfWork, room: Room, asked: _Asked, beside: _Beside,
        found: Candidates | StoreUnavailable | None, only: str | None,
    ) -> tuple[Answer, bool]:  # fmt: skip
        """The answer, and whether it has too few because the truth refused what an index found."""
        wanted, least = asked.wanted, asked.rules.least
        timings = {**_NO_TIME, "fts": beside.ms}
        gathered: dict[str, Evidence] = {}
        served_by: list[str] = []
        if isinstance(found, Candidates):
            timings |= {"encode": found.encode_ms, "dense": found.dense_ms, "sparse": found.sparse_ms}
            served_by += [only] if only else ["dense", "sparse"]
            gathered = {item[0]: _evidence((*item, None, 0.0)) for item in found.found}
        pool: Collection[Evidence] = gathered.values()
        if beside.fulltext is not None:
            served_by.append("fts")
            beside.fulltext.add_to(gathered)
            if (required := beside.fulltext.required) is not None:
                pool = [item for item in pool if item.id in required]
        if least is not None:
            pool = [item for item in pool if item.cosine >= least]
        best, refused = self._rank(tx, room, asked, pool, beside.in_session, timings)
        too_little = not wanted.temporal and _is_little(best, asked.limit) and tx.memories.any_temporal(wanted)
        empty = None if best else self._empty(tx, asked, list(gathered.values()))
        degraded = (found,) if isinstance(found, StoreUnavailable) else ()
        return Answer(tuple(best), tuple(served_by), degraded, timings, empty, too_little), refused

    def _rank(
        self, tx: UnitOfWork, room: Room, asked: _Asked, pool: Collection[Evidence], in_session: bool,
        timings: dict[str, float],
    ) -> tuple[list[Found], bool]:  # fmt: skip
        """The best of a pool, and whether the truth refused some while there are too few."""
        started = time.perf_counter()
        order = fuse(pool, asked.question.is_literal)
        timings["rank"] = _since(started)
        started = time.perf_counter()
        # Boosts of sessions may lift any candidate, those of dates by so much; importance alone moves a few places.
        step = max(1, len(order)) if in_session else asked.limit + HEAD
        lift = boosts.most_of_time(asked.named)
        kept: list[tuple[Ranked, Memory]] = []
        at = 0
        # For hits that the truth refuses come the next ones, and what a date may still lift among the first.
        while at < len(order) and (
            len(kept) < asked.limit or (lift and order[at].score + lift >= kept[asked.limit - 1][0].score)
        ):
            head = order[at : at + step]
            rows = tx.memories.visible([item.id for item in head], asked.wanted, room)
            kept += [(item, rows[item.id]) for item in head if item.id in rows]
            at += len(head)
        refused = len(kept) < min(at, asked.limit) and not room.ended
        user_id, now = asked.wanted.user_id, self._clock.now()
        kept = boosts.apply(tx, kept, asked.named, user_id, now, asked.rules.fades, asked.limit)
        timings["rows"] = _since(started)
        shown = kept[: asked.limit]
        return [Found(memory, item, _line(tx, memory, asked.question)) for item, memory in shown], refused

    def _empty(self, tx: UnitOfWork, asked: _Asked, pool: Sequence[Evidence]) -> Empty:
        question, wanted, least = asked.question, asked.wanted, asked.rules.least
        anywhere = wanted.widest()
        corpus, matching = tx.memories.count(anywhere), tx.memories.count(wanted)
        known = tx.fulltext.known(question.words[:16], anywhere)
        unknown = tuple(word for word in question.words[:16] if word not in known)
        if corpus == 0:
            elsewhere = tx.memories.count(Filter(wanted.user_id, shared=wanted.shared))
            return Empty(_nothing_here(elsewhere), corpus, (), (), elsewhere)
        if not pool:
            expression = any_of(question.words)
            pool = [Evidence(hit, fulltext=(score, 0.5)) for hit, score in tx.fulltext.match(expression, anywhere, 5)]
        in_session = tx.memories.any_in_session(asked.wanted.user_id)
        near = tuple(self._rank(tx, Room(), replace(asked, wanted=anywhere, limit=3), pool, in_session, {})[0])
        if matching == 0:
            return Empty("No memory passes the filters.", corpus, unknown, near)
        if least is not None:
            return Empty(f"No memory is as near as {least:g} in meaning.", corpus, unknown, near)
        if question.phrases or question.prefixes:
            return Empty("No memory has what you quoted, as written.", corpus, unknown, near)
        return Empty("No memory matches.", corpus, unknown, near)


def _beside(tx: UnitOfWork, room: Room, asked: _Asked, with_fulltext: bool, everything: bool) -> _Beside:
    started = time.perf_counter()
    found = fulltext(tx, room, asked.question, asked.wanted, everything) if with_fulltext else None
    in_session = tx.memories.any_in_session(asked.wanted.user_id)
    return _Beside(found, in_session, _since(started))


def _line(tx: UnitOfWork, memory: Memory, question: Question) -> tuple[int, str] | None:
    """The line of a memory that matches best; of one that is cut, in the whole text, which goes again at once."""
    whole = tx.memories.find(memory.id) if memory.whole_length is not None else None
    return matching_line((whole or memory).content, question)


def _is_little(found: Sequence[Found], limit: int) -> bool:
    """Whether there are fewer than `limit`, or none that shares a word with the question or is near it in meaning."""
    if len(found) < limit:
        return True
    hits = (item.ranked.evidence for item in found)
    return not any(hit.bm25 or hit.fulltext or hit.literal or hit.cosine >= NEAR for hit in hits)


def _nothing_here(elsewhere: int) -> str:
    if not elsewhere:
        return "No memory is stored yet."
    return f"No memory is seen from here; other projects have {elsewhere:,} (--all-projects shows them)."


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)
