"""What was known at an earlier time: one memory, a list, a search (`--as-of`, `--recorded-as-of`).

Not the history of one memory (lmem.service.history). A memory shows as its last version in order that was valid (or
recorded) by then; the search is full text alone, because the vectors know the present.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from lmem.domain.actors import Actor
from lmem.domain.filters import Filter
from lmem.domain.history import AsOf, Version, keeps_text
from lmem.domain.memories import Memory
from lmem.domain.query import Question, all_of, any_of, matching_line, parse_question
from lmem.domain.ranking import Evidence, fuse
from lmem.domain.replay import replayed
from lmem.domain.room import Room, cut
from lmem.errors import NotFound
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import names
from lmem.service.search import Found

HITS = 1000
"""Texts of each kind that one search looks at."""

CHUNK = 500
SLICE = 2000
"""Memories that one snapshot replays, some 0.2 s; a snapshot lives at most 5 s."""


class Past:
    """Reads of an earlier time."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def get(self, actor: Actor, memory_id: str, moment: AsOf) -> tuple[Memory, Version]:
        """A memory as it was, and the version that it was. Raises NotFound for one that was not known yet."""

        def work(tx: UnitOfWork) -> tuple[Memory, Version]:
            found = names.memory(tx, actor, memory_id)
            state = _state(tx, Filter(actor.user_id, shared=actor.shared), found.id, moment)
            if state is None:
                verb = "known" if moment.recorded else "so"
                raise NotFound(
                    f"Memory {found.id[:8]} was not {verb} yet at {moment.at[:19]}Z.",
                    hint=f"'lmem history {found.id[:8]}' shows its versions.",
                )
            return state

        return await self._storage.read(work)

    async def page(
        self, wanted: Filter, moment: AsOf, order: str, limit: int, offset: int
    ) -> tuple[list[Memory], int, bool]:
        """Memories as they were, in the order of `list`, how many passed the filter in all, and whether there are fewer
        than were asked for because their texts took all the room of an answer."""

        def work(tx: UnitOfWork) -> tuple[list[Memory], int, list[str]]:
            return *tx.past.unchanged(wanted, moment, order, offset + limit), tx.past.changed(wanted, moment)

        merged, count, changed = await self._storage.read(work)
        for at in range(0, len(changed), SLICE):  # the past does not change, so it may be read in several snapshots
            ids = changed[at : at + SLICE]
            others = await self._storage.read(partial(_passing, wanted=wanted, ids=ids, moment=moment))
            merged, count = [*merged, *(state for state, _ in others)], count + len(others)
        merged.sort(key=_created if order == "created" else _rank, reverse=True)
        room, page = Room(), merged[offset : offset + limit]
        shown = await self._storage.read(lambda tx: room.fill(_whole(tx, wanted, state, moment) for state in page))
        return shown, count, room.ended

    async def search(self, query: str, wanted: Filter, moment: AsOf, limit: int) -> list[Found]:
        """The best memories by full text over what each said then."""
        question = parse_question(query)
        return await self._storage.read(lambda tx: _search(tx, question, wanted, moment, limit))


def _search(tx: UnitOfWork, question: Question, wanted: Filter, moment: AsOf, limit: int) -> list[Found]:
    terms = any_of((*question.words, *question.literal), question.prefixes)
    if question.is_literal and (question.phrases or question.prefixes):
        terms = all_of(question.phrases, question.prefixes)
    scores = dict(tx.past.match(terms, wanted, moment, HITS))
    states = tx.memories.beginnings(list(scores), wanted)
    now = dict(tx.past.match_changed(terms, wanted, moment, HITS))
    old = {(memory_id, number): score for memory_id, number, score in tx.past.match_old(terms, wanted, HITS)}
    changed = [*now, *(memory_id for memory_id, _ in old if memory_id not in now)]
    for state, said in _passing(tx, wanted, list(dict.fromkeys(changed)), moment):
        score = now.get(state.id) if said is None else old.get((state.id, said))
        if score is not None:
            scores[state.id], states[state.id] = score, state
    evidence = [Evidence(memory_id, fulltext=(scores[memory_id], 1.0)) for memory_id in states]
    ranked = fuse(evidence)
    found, room = list[Found](), Room()
    for item in ranked[:limit]:
        state = _whole(tx, wanted, states[item.id], moment)
        line = matching_line(state.content, question)
        if (fitted := room.fit(state)) is not None:
            found.append(Found(fitted, item, line))
    return found


def _passing(tx: UnitOfWork, wanted: Filter, ids: Sequence[str], moment: AsOf) -> list[tuple[Memory, int | None]]:
    """The states of these memories that pass the filter, and the version whose stored text each had, None for the
    text of now."""
    found: list[tuple[Memory, int | None]] = []
    for at in range(0, len(ids), CHUNK):
        states = [(cut(state), _said(versions, number)) for state, number, versions in
                  _replay(tx, wanted, ids[at : at + CHUNK], moment)]  # fmt: skip
        kept = tx.past.passing([state for state, _ in states], wanted)
        found += [item for item in states if item[0].id in kept]
    return found


def _state(tx: UnitOfWork, wanted: Filter, memory_id: str, moment: AsOf) -> tuple[Memory, Version] | None:
    """A memory as it was, with all of its text, and the version that it was."""
    found = next(_replay(tx, wanted, [memory_id], moment), None)
    return found and (found[0], found[2][found[1] - found[2][0].number])


def _whole(tx: UnitOfWork, wanted: Filter, state: Memory, moment: AsOf) -> Memory:
    """A state with all of its text."""
    found = None if state.whole_length is None else _state(tx, wanted, state.id, moment)
    return state if found is None else found[0]


def _replay(
    tx: UnitOfWork, wanted: Filter, ids: Sequence[str], moment: AsOf
) -> Iterator[tuple[Memory, int, list[Version]]]:
    """Each memory that was known then as it was, the number of that version, and all versions; one at a time, since its
    text may be long."""
    chosen = {}
    for current, versions in tx.past.histories(ids):
        known = [version.number for version in versions if moment.of(version) <= moment.at]
        if known and not (wanted.shared and _was_private(versions, known[-1])):
            chosen[current.id, known[-1]] = current, versions
    for memory_id, number, title, content, summary in tx.past.texts(list(chosen)):
        current, versions = chosen[memory_id, number]
        yield replayed(current, versions, number, (title, content, summary)), number, versions


def _was_private(versions: Sequence[Version], number: int) -> bool:
    """Whether it was private then or since: others are told nothing of the time before it was made public."""
    return any("is_private" in version.diff for version in versions if version.number > number)


def _said(versions: Sequence[Version], number: int) -> int | None:
    """The version that keeps the text of version `number`: the one before the text changed next."""
    later = (item.number for item in versions if item.number > number and keeps_text(item.diff))
    changed = next(later, None)
    return None if changed is None else changed - 1


def _rank(memory: Memory) -> tuple[float, str]:
    return memory.importance_score, memory.last_accessed_at


def _created(memory: Memory) -> tuple[str, int]:
    return memory.created_at, memory.key
