"""What happened to memories, and going back: versions, undo, restoring a version.

Not the writing of versions (lmem.service.recording).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.domain.history import LINKS, Version
from lmem.domain.memories import Memory
from lmem.domain.replay import replayed
from lmem.errors import NotFound
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import names, recording, undo
from lmem.service.lifecycle import Changed


class History:
    """Versions and undo. `wake` tells the relay that there is work."""

    def __init__(self, storage: Storage, clock: Clock, wake: Callable[[], None]) -> None:
        self._storage = storage
        self._clock = clock
        self._wake = wake

    async def versions(self, actor: Actor, memory_id: str) -> tuple[Memory, list[Version]]:
        """A memory and its versions, oldest first; to others than the user only those since it was last private."""

        def work(tx: UnitOfWork) -> tuple[Memory, list[Version]]:
            found = names.memory(tx, actor, memory_id)
            return found, _shown(tx, actor, tx.versions.of(found.id))

        return await self._storage.read(work)

    async def all_versions(self, actor: Actor, memories: Sequence[Memory]) -> dict[str, list[Version]]:
        """As `history`, for memories that were read before: id -> versions, none for one that is gone by now."""
        return await self._storage.read(
            lambda tx: {memory.id: _shown(tx, actor, tx.versions.of(memory.id)) for memory in memories}
        )

    async def undo(self, actor: Actor, change_set: int | None) -> Changed:
        """Reverse a change set, by default the last change; undoing an `add` archives what was added.

        Raises NotFound when there is nothing to undo, Conflict when a memory changed again since.
        """

        def work(tx: UnitOfWork) -> Changed:
            at = times.to_text(self._clock.now())
            return undo.undo_last(tx, actor, at) if change_set is None else undo.undo(tx, actor, change_set, at)

        undone = await self._storage.write(work, large=True)
        self._wake()
        return undone

    async def diff(
        self, actor: Actor, memory_id: str, first: int | None, last: int | None
    ) -> tuple[Memory, Memory, tuple[int, int]]:
        """A memory at two versions, and their numbers; by default the newest, and the one before the later of the two.

        Raises NotFound for a version that is not there.
        """

        def work(tx: UnitOfWork) -> tuple[Memory, Memory, tuple[int, int]]:
            current = names.memory(tx, actor, memory_id)
            versions = _shown(tx, actor, tx.versions.of(current.id))
            known = {version.number: version for version in versions}
            to = last or versions[-1].number
            start = first or (to - 1 if to - 1 in known else to)
            for number in (start, to):
                if number not in known:
                    raise _no_version(current, number)
            return replayed(current, versions, start), replayed(current, versions, to), (start, to)

        return await self._storage.read(work)

    async def restore(self, actor: Actor, memory_id: str, number: int, reason: str | None) -> Changed:
        """Make a memory what it was at a version, as a new version; one that is private now stays so.

        Raises NotFound for a version that is not there.
        """

        def work(tx: UnitOfWork) -> Changed:
            current = names.memory(tx, actor, memory_id)
            versions = _shown(tx, actor, tx.versions.of(current.id))
            if number not in [version.number for version in versions]:
                raise _no_version(current, number)
            at = times.to_text(self._clock.now())
            then = undo.present(tx, actor, replayed(current, versions, number))
            then = replace(then, is_private=then.is_private or current.is_private)
            kind = "archived" if then.is_archived and not current.is_archived else "updated"
            recording.require_active(tx, actor)
            if not recording.differing(current, then):
                return Changed((), None, "restore")
            change_set = tx.versions.open_change_set("restore", reason, actor.user_id, at)
            why = reason or f"restore of version {number}"
            recording.change(tx, actor, current, then, kind, why, change_set, at)
            return Changed((then,), change_set, "restore")

        restored = await self._storage.write(work)
        self._wake()
        return restored


def _no_version(memory: Memory, number: int) -> NotFound:
    return NotFound(
        f"Memory {memory.id[:8]} has no version {number}.", hint=f"'lmem history {memory.id[:8]}' shows its versions."
    )


def _shown(tx: UnitOfWork, actor: Actor, versions: list[Version]) -> list[Version]:
    """Those of a memory's versions that this caller may read: nothing of a time when the memory was private, and to
    others than the user no private memory as the other end of a relation."""
    if not actor.shared:
        return versions
    switched = [at for at, version in enumerate(versions) if "is_private" in version.diff]
    if switched:
        versions = [replace(versions[switched[-1]], diff={}), *versions[switched[-1] + 1 :]]
    return [_without_private(tx, version) for version in versions]


def _without_private(tx: UnitOfWork, version: Version) -> Version:
    def names_private(name: str, pair: tuple[object, object]) -> bool:
        others = [str(end) for end in pair if end is not None] if LINKS.get(name) else []
        found = [tx.memories.find(other) for other in others]
        return any(other is None or other.is_private for other in found)

    diff = {name: pair for name, pair in version.diff.items() if not names_private(name, pair)}
    return version if len(diff) == len(version.diff) else replace(version, diff=diff)
