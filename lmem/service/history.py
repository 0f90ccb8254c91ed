"""What happened to memories, and going back: versions, undo, restoring a version.

Not the writing of versions (lmem.service.recording).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.domain.filters import Filter
from lmem.domain.history import Version
from lmem.domain.memories import Memory
from lmem.domain.replay import replayed
from lmem.errors import NotFound
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import names, recording, undo, versionpages
from lmem.service.lifecycle import Changed
from lmem.service.versionpages import ExportPage


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
            return found, versionpages.shown(tx, actor, tx.versions.of(found.id))

        return await self._storage.read(work)

    async def page(self, actor: Actor, memory_id: str, after: int) -> tuple[Memory, list[Version], int | None]:
        """A memory and its versions with a number above `after`, as many as an answer holds; then the number to go on
        after. Raises NotFound."""

        def work(tx: UnitOfWork) -> tuple[Memory, list[Version], int | None]:
            found = names.memory(tx, actor, memory_id)
            return found, *versionpages.of(tx, actor, found, after)

        return await self._storage.read(work)

    async def exported(self, actor: Actor, wanted: Filter, after: int, limit: int) -> ExportPage:
        """Memories with a row number above `after`, archived ones too, oldest first, and their versions; at most
        `limit` of them, and as many as an answer holds."""
        return await self._storage.read(lambda tx: versionpages.exported(tx, actor, wanted, after, limit))

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
            versions = versionpages.shown(tx, actor, tx.past.histories([current.id])[0][1])
            known = {version.number: version for version in versions}
            to = last or versions[-1].number
            start = first or (to - 1 if to - 1 in known else to)
            for number in (start, to):
                if number not in known:
                    raise _no_version(current, number)
            numbers = (start, to)
            texts = {
                number: (title, content, summary)
                for _, number, title, content, summary in tx.past.texts([(current.id, number) for number in numbers])
            }
            before, after = (replayed(current, versions, number, texts[number]) for number in numbers)
            return before, after, numbers

        return await self._storage.read(work)

    async def restore(self, actor: Actor, memory_id: str, number: int, reason: str | None) -> Changed:
        """Make a memory what it was at a version, as a new version; one that is private now stays so.

        Raises NotFound for a version that is not there.
        """

        def work(tx: UnitOfWork) -> Changed:
            current = names.memory(tx, actor, memory_id)
            versions = versionpages.shown(tx, actor, tx.versions.of(current.id))
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
