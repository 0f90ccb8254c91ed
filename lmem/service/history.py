"""What happened to memories, and taking it back: versions and undo.

Not the writing of versions (lmem.service.recording).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.domain.history import ChangeSet, Version
from lmem.domain.layers import layers
from lmem.domain.memories import Memory
from lmem.errors import Conflict, NotFound
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import names, recording
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
            return found, _shown(actor, tx.versions.of(found.id))

        return await self._storage.read(work)

    async def all_versions(self, actor: Actor, memories: Sequence[Memory]) -> dict[str, list[Version]]:
        """As `history`, for memories that were read before: id -> versions, none for one that is gone by now."""
        return await self._storage.read(
            lambda tx: {memory.id: _shown(actor, tx.versions.of(memory.id)) for memory in memories}
        )

    async def undo(self, actor: Actor, change_set: int | None) -> Changed:
        """Reverse a change set, by default the last change; undoing an `add` archives what was added.

        Raises NotFound when there is nothing to undo, Conflict when a memory changed again since.
        """

        def work(tx: UnitOfWork) -> Changed:
            at = times.to_text(self._clock.now())
            if change_set is None:
                last = tx.versions.last_change(actor.user_id, actor.shared)
                if last is None:
                    raise NotFound("There is no change to undo.")
                number, memory_id = last
                if number is None:
                    return self._undo_add(tx, actor, memory_id, at)
            else:
                number = change_set
            return self._undo(tx, actor, _undoable(tx, number), at)

        undone = await self._storage.write(work)
        self._wake()
        return undone

    def _undo(self, tx: UnitOfWork, actor: Actor, done: ChangeSet, at: str) -> Changed:
        reason = f"undo of change set {done.id}"
        number = tx.versions.open_change_set("undo", reason, actor.user_id, at)
        reversed_ = []
        for version in tx.versions.in_change_set(done.id):
            current = names.memory(tx, replace(actor, shared=False), version.memory_id)
            if actor.shared and (current.is_private or "is_private" in version.diff):
                raise _no_change_set(done.id)
            versions = tx.versions.of(current.id)
            if any(_stands(tx, later) for later in versions if later.number > version.number):
                raise Conflict(
                    f"Memory {current.id[:8]} changed again since.",
                    hint=f"See 'lmem history {current.id[:8]}'; undo the newer change first.",
                )
            before = _before(current, version, versions)
            kind = "archived" if before.is_archived and not current.is_archived else "updated"
            recording.change(tx, actor, current, before, kind, reason, number, at)
            reversed_.append(before)
        if not reversed_:
            raise Conflict(f"What change set {done.id} changed was purged since, so it cannot be undone.")
        tx.versions.mark_undone(done.id, number)
        return Changed(tuple(reversed_), done.id, done.kind)

    def _undo_add(self, tx: UnitOfWork, actor: Actor, memory_id: str, at: str) -> Changed:
        found = tx.memories.find(memory_id)
        if found is None:
            raise NotFound("There is no change to undo.")
        number = tx.versions.open_change_set("undo", "undo of add", actor.user_id, at)
        recording.change(tx, actor, found, replace(found, is_archived=True), "archived", "undo of add", number, at)
        tx.versions.mark_undone(number, number)
        return Changed((found,), number, "add")


def _undoable(tx: UnitOfWork, number: int) -> ChangeSet:
    found = tx.versions.change_set(number)
    if found is None:
        raise _no_change_set(number)
    if _is_reversed(tx, found):
        raise Conflict(f"Change set {number} was undone already.")
    return found


def _is_reversed(tx: UnitOfWork, done: ChangeSet) -> bool:
    """Whether an undo reversed a change set, and no undo reversed that one."""
    if done.undone_by is None or done.undone_by == done.id:
        return done.undone_by is not None
    undo = tx.versions.change_set(done.undone_by)
    return undo is not None and not _is_reversed(tx, undo)


def _stands(tx: UnitOfWork, version: Version) -> bool:
    """Whether a version changed something that no undo took back: undos only take back."""
    done = tx.versions.change_set(version.change_set) if version.change_set else None
    return done is not None and done.kind != "undo" and not _is_reversed(tx, done)


def _no_change_set(number: int) -> NotFound:
    return NotFound(f"There is no change set {number}.", hint="'lmem history ID' shows the change sets of a memory.")


def _shown(actor: Actor, versions: list[Version]) -> list[Version]:
    """Those of a memory's versions that this caller may read: nothing of a time when the memory was private."""
    switched = [at for at, version in enumerate(versions) if "is_private" in version.diff]
    if not actor.shared or not switched:
        return versions
    made_public = versions[switched[-1]]
    return [replace(made_public, diff={}), *versions[switched[-1] + 1 :]]


def _before(current: Memory, version: Version, versions: Sequence[Version]) -> Memory:
    fields: dict[str, object] = {}
    for name, (old, _) in version.diff.items():
        if name == "layers" and isinstance(old, list):
            fields[name] = layers(old)
        elif name == "tags" and isinstance(old, list):
            fields[name] = tuple(old)
        elif name not in recording.TEXT_FIELDS:
            fields[name] = old
    earlier = next(item for item in versions if item.number == version.number - 1)
    fields |= {name: getattr(earlier, name) for name in recording.TEXT_FIELDS if name in version.diff}
    return replace(current, **fields)  # type: ignore[arg-type]  # the diff holds values of these fields
