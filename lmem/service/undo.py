"""Taking change sets back, and bringing them back again.

Not the writing of versions (lmem.service.recording). Each undo is a change set itself: of kind 'undo', or 'redo' when
it reverses an undo; a change set that was redone is undone by undoing that redo.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import replace

from lmem.domain.actors import Actor
from lmem.domain.automatic import KIND
from lmem.domain.history import BY_HAND, ChangeSet, Version
from lmem.domain.memories import Memory
from lmem.domain.replay import taken_back
from lmem.errors import Conflict, NotFound
from lmem.ports.storage import UnitOfWork
from lmem.service import endings, links, merging, names, recording, relinking
from lmem.service.changesets import UNDO_OF_ADD
from lmem.service.lifecycle import Changed


def undo_last(tx: UnitOfWork, actor: Actor, at: str) -> Changed:
    """Reverse the newest change of this user that stands. Raises NotFound when there is none."""
    last = tx.versions.last_change(actor.user_id, actor.shared)
    if last is None:
        raise NotFound(
            "There is no change to undo.",
            hint="'lmem changes' lists what was changed; 'lmem restore ID' brings an archived memory back.",
        )
    number, memory_id = last
    if number is None:
        return _undo_add(tx, actor, memory_id or "", at)
    done = _change_set(tx, number)
    if done.kind in BY_HAND:
        raise Conflict(
            f"The last change is not one that undo takes back: {done.reason}.",
            hint=f"{BY_HAND[done.kind]} 'lmem changes' lists what came before, with numbers for 'lmem undo'.",
        )
    return undo(tx, actor, number, at)


def undo(tx: UnitOfWork, actor: Actor, number: int, at: str) -> Changed:
    """Reverse a change set. Raises NotFound, or Conflict when it was undone or a memory of it changed again since."""
    done = _standing(tx, number)
    if done.kind in BY_HAND:
        raise Conflict(f"Undo does not take change {number} back: {done.reason}.", hint=BY_HAND[done.kind])
    kind, reason = "redo" if done.kind == "undo" else "undo", f"undo of change set {done.id}"
    undo_number = tx.versions.open_change_set(kind, reason, actor.user_id, at)
    reversed_: dict[str, Memory] = {}
    for version in tx.versions.in_change_set(done.id):
        current = names.memory(tx, replace(actor, shared=False), version.memory_id)
        if actor.shared and (current.is_private or "is_private" in version.diff):
            raise _no_change_set(number)
        versions = tx.versions.of(current.id)
        later = {item.change_set for item in versions if item.number > version.number}
        if _stands(tx, later - {done.id, undo_number}):
            raise Conflict(
                f"Memory {current.id[:8]} changed again since.",
                hint=f"See 'lmem history {current.id[:8]}'; undo the newer change first.",
            )
        reversed_[current.id] = _reverse(tx, actor, current, version, versions, reason, undo_number, at)
    moved_back = merging.reverse(tx, actor, done.id, undo_number, at)
    _check_links(tx, actor, done.id, {done.id, undo_number}, number)
    for memory in relinking.reverse(tx, actor, done.id, undo_number, at):
        reversed_.setdefault(memory.id, memory)
    ended = _ended(tx, done, reversed_.values())
    if not reversed_ and not moved_back and not ended:
        raise Conflict(
            f"Change set {number} changed nothing, or what it changed was purged since: there is nothing to undo.",
            hint="'lmem changes' shows the others.",
        )
    tx.versions.mark_undone(done.id, undo_number)
    reopened = [endings.reopen(tx, actor, session_id, at) for session_id in ended]
    return Changed(tuple(reversed_.values()), done.id, done.kind, undo_number, tuple(filter(None, reopened)))


def _ended(tx: UnitOfWork, done: ChangeSet, memories: Iterable[Memory]) -> list[str]:
    """The session that a change set ended: that of its memories, else the one that ended at its moment; [] for none."""
    if done.kind != endings.KIND:
        return []
    found = {memory.session_id for memory in memories if memory.session_id is not None}
    return sorted(found) or tx.sessions.ended_at(done.created_by, done.created_at)


def _check_links(tx: UnitOfWork, actor: Actor, done: int, own: Set[int], number: int) -> None:
    """Raise Conflict when a link of a change set changed again since, NotFound for a reader who may not see an end."""
    changes = tx.relations.changes(done)
    if actor.shared and any(memory.is_private for memory in relinking.ends(tx, changes)):
        raise _no_change_set(number)
    for change in changes:
        if _stands(tx, tx.relations.changed_since(change, done) - own):
            raise Conflict(
                f"A link of memory {change.from_id[:8]} changed again since.",
                hint=f"See 'lmem related {change.from_id[:8]}' and 'lmem changes'; undo the newer change first.",
            )


def _reverse(
    tx: UnitOfWork,
    actor: Actor,
    current: Memory,
    version: Version,
    versions: Sequence[Version],
    reason: str,
    number: int,
    at: str,
) -> Memory:
    before = present(tx, actor, taken_back(current, version, versions))
    kind = "archived" if before.is_archived and not current.is_archived else "updated"
    turned = links.turn(tx, actor, current.id, version.diff, reason, at)
    recording.change(tx, actor, current, before, kind, reason, number, at, turned)
    return before


def present(tx: UnitOfWork, actor: Actor, memory: Memory) -> Memory:
    """A memory without the project or session that was purged since."""
    if memory.project_id is not None and memory.project_id not in tx.directory.project_names(actor.user_id):
        memory = replace(memory, project_id=None)
    if memory.session_id is not None and tx.sessions.find(memory.session_id) is None:
        memory = replace(memory, session_id=None)
    return memory


def _undo_add(tx: UnitOfWork, actor: Actor, memory_id: str, at: str) -> Changed:
    found = names.memory(tx, actor, memory_id)
    number = tx.versions.open_change_set("undo", UNDO_OF_ADD, actor.user_id, at)
    recording.change(tx, actor, found, replace(found, is_archived=True), "archived", UNDO_OF_ADD, number, at)
    return Changed((found,), None, "add", number)


def _standing(tx: UnitOfWork, number: int) -> ChangeSet:
    """The change set, or the redo that stands for it. Raises NotFound, Conflict when it is undone."""
    found = _change_set(tx, number)
    while found.undone_by is not None:
        redone_by = _change_set(tx, found.undone_by).undone_by
        if redone_by is None:
            raise Conflict(f"Change set {number} was undone already.")
        found = _change_set(tx, redone_by)
    return found


def _change_set(tx: UnitOfWork, number: int) -> ChangeSet:
    found = tx.versions.change_set(number)
    if found is None:
        raise _no_change_set(number)
    return found


def _stands(tx: UnitOfWork, numbers: Set[int | None]) -> bool:
    """Whether something of these change sets of one memory is still so. What was undone among them cancels out, and so
    does an undo that was redone; an undo of what came before them does not."""
    found = {number: _change_set(tx, number) for number in numbers if number is not None}
    found = {number: change for number, change in found.items() if change.kind != KIND}  # they only fill what is empty
    reversing = {change.undone_by for change in found.values()}
    for number in found.keys() - reversing:
        length, at = 0, found.get(number)
        while at is not None:
            length, at = length + 1, found.get(at.undone_by or 0)
        if length % 2:
            return True
    return False


def _no_change_set(number: int) -> NotFound:
    return NotFound(f"There is no change set {number}.", hint="'lmem changes' shows them.")
