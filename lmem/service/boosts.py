"""What lifts a candidate beside its words: importance, a name or a date that the question has, its session.

Not the weights (lmem.domain.ranking), and not what a question names (lmem.domain.cues).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from lmem.domain.cues import Cues
from lmem.domain.decay import effective_importance
from lmem.domain.memories import Memory
from lmem.domain.ranking import (
    DATE_BOOST,
    IMPORTANCE_BOOST,
    NAME_BOOST,
    TIME_WORD_BOOST,
    Ranked,
    boosted,
    length_boost,
    session_boosts,
)
from lmem.ports.storage import UnitOfWork


def apply(
    tx: UnitOfWork,
    found: Sequence[tuple[Ranked, Memory]],
    named: Cues,
    user_id: str,
    now: datetime,
    fades: bool,
    limit: int,
) -> list[tuple[Ranked, Memory]]:
    """The candidates with their boosts, best first; without `fades` importance counts as it is stored.

    What cannot come among the first `limit` any more is not searched for a word of time.
    """
    projects = tx.directory.project_names(user_id) if any(memory.project_id for _, memory in found) else {}
    members = defaultdict[str, list[float]](list)
    for item, memory in found:
        if memory.session_id is not None:
            members[memory.session_id].append(item.dense + item.sparse)
    sessions = session_boosts(members) if members else {}
    lifted = []
    for item, memory in found:
        rate = memory.decay_rate if fades else 0.0
        weight = effective_importance(memory.importance_score, rate, memory.access_count, memory.last_access, now)
        parts = {"importance": IMPORTANCE_BOOST * weight}
        if named.names(memory, projects):
            parts["name"] = NAME_BOOST
        if named.dated:
            parts["date"] = DATE_BOOST * named.in_span(memory)
        if memory.session_id is not None:
            parts["length"] = length_boost(len(memory.content.split()))
            parts["session"] = sessions[memory.session_id]
        lifted.append((boosted(item, parts), memory))
    lifted.sort(key=_order)
    if named.asks_when:
        least = lifted[limit - 1][0].score - TIME_WORD_BOOST if len(lifted) >= limit else 0.0
        lifted = [(_told(item, memory, named) if item.score >= least else item, memory) for item, memory in lifted]
        lifted.sort(key=_order)
    return lifted


def _told(item: Ranked, memory: Memory, named: Cues) -> Ranked:
    return boosted(item, {"time_word": TIME_WORD_BOOST}) if named.tells_when(memory) else item


def _order(pair: tuple[Ranked, Memory]) -> tuple[float, str]:
    return -pair[0].score, pair[0].id


def most_of_time(named: Cues) -> float:
    """What a time that the question names or asks for may add at most to a memory."""
    return DATE_BOOST * (named.span is not None) + TIME_WORD_BOOST * named.asks_when
