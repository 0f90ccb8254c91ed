"""The end of a memory's life and the way back: forget, restore, purge, done.

Not decay: nothing here happens by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.domain.memories import Memory, content_hash
from lmem.domain.nouns import with_article
from lmem.domain.sessions import Session
from lmem.errors import Conflict, InvalidInput
from lmem.ids import new_id
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import links, names, recording
from lmem.service.changesets import Together
from lmem.service.purging import Purged, Purging


@dataclass(frozen=True, slots=True)
class Changed:
    """The memories that one action changed, and the change set that `undo` takes; of an undo, the one it reversed,
    None for a single add, which has none.

    `undone_by` is the undo's own change set, which brings back what it reversed when it is undone. `reopened` are the
    sessions whose end was undone.
    """

    memories: tuple[Memory, ...]
    change_set: int | None
    kind: str = ""
    undone_by: int | None = None
    reopened: tuple[Session, ...] = ()


class Lifecycle:
    """Archive, restore, purge and resolve. `wake` tells the relay that there is work."""

    def __init__(self, storage: Storage, clock: Clock, wake: Callable[[], None]) -> None:
        self._storage = storage
        self._clock = clock
        self._wake = wake
        self.purging = Purging(storage, clock, wake)

    async def forget(self, actor: Actor, ids: Sequence[str], reason: str | None, dry_run: bool) -> Changed:
        """Archive memories; they stay findable with --archived and come back with `restore`."""
        return await self._set_archived(actor, ids, True, reason, dry_run)

    async def restore(self, actor: Actor, ids: Sequence[str]) -> Changed:
        """Bring archived memories back."""
        return await self._set_archived(actor, ids, False, None, False)

    async def purge(self, actor: Actor, ids: Sequence[str], dry_run: bool) -> Purged:
        """Delete memories for ever (see Purging.purge)."""
        return await self.purging.purge(actor, ids, dry_run)

    async def done(
        self, actor: Actor, memory_id: str, failed: bool, by: str | None, reason: str | None
    ) -> tuple[Memory, Memory]:
        """Close a task: writes RESOLVES from `by`, or from a progress memory made for it. Answers (task, resolver).

        Raises InvalidInput for what is not a task, Conflict for one that is closed or a resolver that is archived.
        """

        def work(tx: UnitOfWork) -> tuple[Memory, Memory]:
            recording.require_active(tx, actor)
            task = names.memory(tx, actor, memory_id)
            if task.memory_type != "task":
                raise InvalidInput(
                    f"Memory {task.id[:8]} is {with_article(task.memory_type)}, not a task.",
                    hint=f"Make it one with 'lmem edit {task.id[:8]} --type task'.",
                )
            if (closed_by := resolver_of(tx, task)) is not None:
                raise _closed(actor, task, closed_by)
            at = times.to_text(self._clock.now())
            named = names.memory(tx, actor, by) if by else None
            if named is not None and named.id == task.id:
                raise InvalidInput("A task cannot resolve itself.", hint="Leave --by out, or name another memory.")
            if named is not None and named.is_archived:
                raise Conflict(
                    f"Memory {named.id[:8]} is archived, so it resolves nothing.",
                    hint=f"Bring it back with 'lmem restore {named.id[:8]}'.",
                )
            outcome = "failed" if failed else "done"
            number = tx.versions.open_change_set("done", reason, actor.user_id, at)
            resolver = named or self._progress(tx, actor, task, failed, reason, at, number)
            links.link(tx, actor, "resolved_by", resolver.id, task.id, outcome, at)
            diff = {"resolved_by": (None, resolver.id), "outcome": (None, outcome)}
            recording.change(tx, actor, task, task, "updated", reason or outcome, number, at, diff)
            return task, resolver

        answer = await self._storage.write(work)
        self._wake()
        return answer

    def archive(
        self,
        tx: UnitOfWork,
        actor: Actor,
        ids: Sequence[str],
        archived: bool,
        reason: str | None,
        together: Together | None = None,
    ) -> Changed:
        """As `forget`, or `restore` when not `archived`, inside a unit of work; of the change set of others that it is
        done `together` with."""
        wanted, kind = _others(tx, actor, ids, archived), "forget" if archived else "restore"
        if not wanted:
            return Changed((), None, kind)
        at = times.to_text(self._clock.now())
        number = (together or Together(tx, actor, kind, reason, at)).open()
        change_type = "archived" if archived else "updated"
        for memory in wanted:
            after = replace(memory, is_archived=archived)
            recording.change(tx, actor, memory, after, change_type, reason or kind, number, at)
        return Changed(wanted, number, kind)

    async def _set_archived(
        self, actor: Actor, ids: Sequence[str], archived: bool, reason: str | None, dry_run: bool
    ) -> Changed:
        if dry_run:
            return Changed(await self._storage.read(lambda tx: _others(tx, actor, ids, archived)), None)
        changed = await self._storage.write(lambda tx: self.archive(tx, actor, ids, archived, reason))
        self._wake()
        return changed

    def _progress(
        self, tx: UnitOfWork, actor: Actor, task: Memory, failed: bool, reason: str | None, at: str, change_set: int
    ) -> Memory:
        title = f"{'Gave up' if failed else 'Done'}: {task.title}"[:200]
        progress = replace(
            task, id=new_id(), title=title, content=reason or title, summary=None,
            memory_type="progress", access_count=0, last_accessed_at=at, created_at=at, updated_at=at,
            source_tool=f"{actor.client}.done", external_id=None, rev=1, is_archived=False, valid_until=None,
            context={}, git_context={},
            content_hash=content_hash(title, reason or title),
        )  # fmt: skip
        recording.create(tx, actor, progress, at, change_set)
        return progress


def _each_once(tx: UnitOfWork, actor: Actor, ids: Sequence[str]) -> tuple[Memory, ...]:
    """The memories of these ids or prefixes; two names of one are one."""
    found = [names.memory(tx, actor, memory_id) for memory_id in ids]
    return tuple({memory.id: memory for memory in found}.values())


def _others(tx: UnitOfWork, actor: Actor, ids: Sequence[str], archived: bool) -> tuple[Memory, ...]:
    """Those of the memories that are not archived, or not unarchived, yet."""
    return tuple(memory for memory in _each_once(tx, actor, ids) if memory.is_archived != archived)


def resolver_of(tx: UnitOfWork, task: Memory) -> Memory | None:
    """What resolves a task and was not forgotten since (as `undo` does with what `done` made)."""
    resolvers = [link.other_id for link in tx.relations.of(task.id, shared=False) if link.type == "resolved_by"]
    found = (tx.memories.find(other) for other in resolvers)
    return next((memory for memory in found if memory is not None and not memory.is_archived), None)


def _closed(actor: Actor, task: Memory, by: Memory) -> Conflict:
    """What keeps a task from being closed again; a memory that this actor may not see is not named."""
    if actor.shared and by.is_private:
        return Conflict(f"Task {task.id[:8]} is closed already.", hint=f"See 'lmem history {task.id[:8]}'.")
    return Conflict(
        f"Task {task.id[:8]} is closed already, by {by.id[:8]}.",
        hint=f"See 'lmem show {by.id[:8]}'; 'lmem unlink {by.id[:8]} {task.id[:8]}' opens the task again.",
    )
