"""The end of a memory's life and the way back: forget, restore, purge, done, history, undo.

Not decay: nothing here happens by itself.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.domain.history import ChangeSet, Version
from lmem.domain.layers import layers
from lmem.domain.memories import Memory, content_hash
from lmem.domain.relations import Relation
from lmem.errors import Conflict, InvalidInput, NotFound
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import names, recording


@dataclass(frozen=True, slots=True)
class Changed:
    """The memories that one action changed, and the change set that `undo` takes."""

    memories: tuple[Memory, ...]
    change_set: int | None
    kind: str = ""


class Lifecycle:
    """Archive, restore, purge, resolve and undo. `wake` tells the relay that there is work."""

    def __init__(self, storage: Storage, clock: Clock, wake: Callable[[], None]) -> None:
        self._storage = storage
        self._clock = clock
        self._wake = wake

    async def forget(self, actor: Actor, ids: Sequence[str], reason: str | None, dry_run: bool) -> Changed:
        """Archive memories; they stay findable with --archived and come back with `restore`."""
        return await self._set_archived(actor, ids, True, reason, dry_run)

    async def restore(self, actor: Actor, ids: Sequence[str]) -> Changed:
        """Bring archived memories back."""
        return await self._set_archived(actor, ids, False, None, False)

    async def purge(self, actor: Actor, ids: Sequence[str], dry_run: bool) -> Changed:
        """Delete memories from the truth, with tombstones for every projection; this cannot be undone.

        The bytes are gone from the database's files when this returns.
        """

        def work(tx: UnitOfWork) -> Changed:
            found = _each_once(tx, actor, ids)
            if not dry_run:
                recording.require_active(tx, actor)
                at = times.to_text(self._clock.now())
                for memory in found:
                    tx.memories.delete(memory.id)
                    tx.audit.append(actor, "delete", "memory", memory.id, {"purged": True}, at)
            return Changed(found, None, "purge")

        purged = await (self._storage.read(work) if dry_run else self._storage.write(work))
        if not dry_run:
            self._wake()
            await self._storage.purge_residue()
        return purged

    async def done(
        self, actor: Actor, memory_id: str, failed: bool, by: str | None, reason: str | None
    ) -> tuple[Memory, Memory]:
        """Close a task: writes RESOLVES from `by`, or from a progress memory made for it. Answers (task, resolver).

        Raises InvalidInput for what is not a task, Conflict for one that is closed.
        """

        def work(tx: UnitOfWork) -> tuple[Memory, Memory]:
            recording.require_active(tx, actor)
            task = names.memory(tx, actor, memory_id)
            if task.memory_type != "task":
                raise InvalidInput(
                    f"Memory {task.id[:8]} is a {task.memory_type}, not a task.",
                    hint=f"Make it one with 'lmem edit {task.id[:8]} --type task'.",
                )
            if _is_resolved(tx, task):
                raise Conflict(f"Task {task.id[:8]} is closed already.")
            at = times.to_text(self._clock.now())
            resolver = names.memory(tx, actor, by) if by else self._progress(tx, actor, task, failed, reason, at)
            if resolver.id == task.id:
                raise InvalidInput("A task cannot resolve itself.", hint="Leave --by out, or name another memory.")
            outcome = "failed" if failed else "done"
            relation = Relation(
                secrets.token_hex(16), resolver.id, task.id, "resolves", actor.user_id, at,
                properties={"resolution_date": at[:10], "outcome": outcome},
            )  # fmt: skip
            tx.relations.insert(relation)
            tx.audit.append(actor, "create", "relationship", relation.id, {"type": "resolves", "outcome": outcome}, at)
            return task, resolver

        answer = await self._storage.write(work)
        self._wake()
        return answer

    async def history(self, actor: Actor, memory_id: str) -> tuple[Memory, list[Version]]:
        """A memory and its versions, oldest first; to others than the user only those since it was last private."""

        def work(tx: UnitOfWork) -> tuple[Memory, list[Version]]:
            found = names.memory(tx, actor, memory_id)
            return found, _shown(actor, tx.versions.of(found.id))

        return await self._storage.read(work)

    async def histories(self, actor: Actor, memories: Sequence[Memory]) -> dict[str, list[Version]]:
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

    async def _set_archived(
        self, actor: Actor, ids: Sequence[str], archived: bool, reason: str | None, dry_run: bool
    ) -> Changed:
        kind = "forget" if archived else "restore"

        def work(tx: UnitOfWork) -> Changed:
            wanted = tuple(memory for memory in _each_once(tx, actor, ids) if memory.is_archived != archived)
            if dry_run or not wanted:
                return Changed(wanted, None, kind)
            at = times.to_text(self._clock.now())
            number = tx.versions.open_change_set(kind, reason, actor.user_id, at)
            change_type = "archived" if archived else "updated"
            for memory in wanted:
                after = replace(memory, is_archived=archived)
                recording.change(tx, actor, memory, after, change_type, reason or kind, number, at)
            return Changed(wanted, number, kind)

        changed = await (self._storage.read(work) if dry_run else self._storage.write(work))
        self._wake()
        return changed

    def _progress(
        self, tx: UnitOfWork, actor: Actor, task: Memory, failed: bool, reason: str | None, at: str
    ) -> Memory:
        title = f"{'Gave up' if failed else 'Done'}: {task.title}"[:200]
        progress = replace(
            task, id=secrets.token_hex(16), title=title, content=reason or title, summary=None,
            memory_type="progress", access_count=0, last_accessed_at=at, created_at=at, updated_at=at,
            source_tool=f"{actor.client}.done", external_id=None, rev=1, is_archived=False, valid_until=None,
            context={}, git_context={},
            content_hash=content_hash(title, reason or title),
        )  # fmt: skip
        recording.create(tx, actor, progress, at)
        return progress


def _each_once(tx: UnitOfWork, actor: Actor, ids: Sequence[str]) -> tuple[Memory, ...]:
    """The memories of these ids or prefixes; two names of one are one."""
    found = [names.memory(tx, actor, memory_id) for memory_id in ids]
    return tuple({memory.id: memory for memory in found}.values())


def _is_resolved(tx: UnitOfWork, task: Memory) -> bool:
    """Whether something resolves a task that was not forgotten since (as `undo` does with what `done` made)."""
    resolvers = [link.other_id for link in tx.relations.of(task.id, shared=False) if link.type == "resolved_by"]
    return any((found := tx.memories.find(other)) is not None and not found.is_archived for other in resolvers)


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
