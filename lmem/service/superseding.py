"""Merging memories that say the same: the first keeps on, the others are superseded by it.

Not a search for duplicates: nothing is merged because it is alike, only because somebody says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.domain.memories import MAX_TAGS, Memory, clean_text
from lmem.errors import Conflict, InvalidInput
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import links, names, recording


@dataclass(frozen=True, slots=True)
class Joined:
    """The memory that keeps on, as it is then, those it supersedes, and the change set (None for a dry run)."""

    memory: Memory
    superseded: tuple[Memory, ...]
    change_set: int | None


class Superseding:
    """Merges memories. `wake` tells the relay that there is work."""

    def __init__(self, storage: Storage, clock: Clock, wake: Callable[[], None]) -> None:
        self._storage = storage
        self._clock = clock
        self._wake = wake

    async def merge(
        self, actor: Actor, ids: Sequence[str], reason: str | None, max_bytes: int, dry_run: bool
    ) -> Joined:
        """Merge memories into the first: its text is followed by what the others say beyond it.

        It takes their tags and the highest importance; they stay findable, with the end of their validity and a
        SUPERSEDES link from it. Raises InvalidInput for less than two memories or too long a text, Conflict for one
        that is archived or superseded, or that is private when the first is not.
        """

        def work(tx: UnitOfWork) -> Joined:
            found = tuple({memory.id: memory for memory in (names.memory(tx, actor, name) for name in ids)}.values())
            if len(found) < 2:
                raise InvalidInput("A merge takes two memories or more.", hint="lmem merge ID ID")
            for memory in found:
                _check(found[0], memory)
            after = merged(found, max_bytes)
            if dry_run:
                return Joined(after, found[1:], None)
            at = times.to_text(self._clock.now())
            number = tx.versions.open_change_set("merge", reason, actor.user_id, at)
            for other in found[1:]:
                links.link(tx, actor, "superseded_by", found[0].id, other.id, reason or "merged", at)
                ended = replace(other, valid_until=at)
                extra = {"superseded_by": (None, found[0].id)}
                recording.change(tx, actor, other, ended, "merged", reason or "merge", number, at, extra)
            why = reason or f"merge of {', '.join(other.id[:8] for other in found[1:])}"
            recording.change(tx, actor, found[0], after, "merged", why, number, at)
            return Joined(tx.memories.find(found[0].id) or after, found[1:], number)

        done = await (self._storage.read(work) if dry_run else self._storage.write(work))
        self._wake()
        return done


def merged(memories: Sequence[Memory], max_bytes: int) -> Memory:
    """The first memory with what the others say beyond it. Raises InvalidInput when that is too long."""
    first, content = memories[0], memories[0].content
    for other in memories[1:]:
        if _words(other.content) not in _words(content):
            content = f"{content}\n\n{other.text}"
    return replace(
        first,
        content=clean_text(content, max_bytes, "merged text", remembered=True),
        tags=tuple(dict.fromkeys(tag for memory in memories for tag in memory.tags))[:MAX_TAGS],
        importance_score=max(memory.importance_score for memory in memories),
        decay_rate=min(memory.decay_rate for memory in memories),
        summary=next((memory.summary for memory in memories if memory.summary), None),
    )


def _check(first: Memory, memory: Memory) -> None:
    if memory.is_archived:
        raise Conflict(
            f"Memory {memory.id[:8]} is archived.", hint=f"Bring it back with 'lmem restore {memory.id[:8]}'."
        )
    if memory.valid_until is not None:
        raise Conflict(f"Memory {memory.id[:8]} is superseded already.", hint=f"See 'lmem history {memory.id[:8]}'.")
    if memory.is_private and not first.is_private:
        raise Conflict(
            f"Memory {memory.id[:8]} is private, and {first.id[:8]} is not.",
            hint=f"Make it private first: lmem edit {first.id[:8]} --private",
        )


def _words(text: str) -> str:
    return " ".join(text.lower().split())
