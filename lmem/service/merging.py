"""One project instead of two: everything of one moves to the other as one change set, and `undo` moves it back.

Not a guess that two projects are one: a user says so, or their first commit is the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lmem.domain.actors import Actor
from lmem.domain.memories import Memory
from lmem.domain.projects import Move, Project
from lmem.ports.storage import UnitOfWork
from lmem.service import enrolment, patternrecords, recording, relinking

KIND = "merge projects"


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge moved; `left` are memories that the other project has too, from the same source: now archived."""

    source: Project
    target: Project
    moved: int
    left: int
    sessions: int
    change_set: int | None


def preview(tx: UnitOfWork, actor: Actor, source_id: str, target_id: str) -> Merged:
    """What `merge` would do."""
    memories = [memory for memory in _memories(tx, source_id) if _counts(actor, memory)]
    return _merged(tx, source_id, target_id, len([item for item in memories if not _twin(tx, item, target_id)]),
                   len([item for item in memories if _twin(tx, item, target_id)]), None)  # fmt: skip


def merge(tx: UnitOfWork, actor: Actor, source_id: str, target_id: str, reason: str | None, at: str) -> Merged:
    """Move all memories, sessions, links and names of a project to another, and archive it.

    A memory that the other project has from the same source stays behind, archived. Raises Forbidden for a user who is
    not active.
    """
    recording.require_active(tx, actor)
    source, target = enrolment.existing(tx, source_id), enrolment.existing(tx, target_id)
    said = reason or f"{source.name} is merged into {target.name}"
    number = tx.versions.open_change_set(KIND, said, actor.user_id, at)
    moved = left = 0
    for memory in _memories(tx, source_id):
        if _twin(tx, memory, target_id):
            recording.change(tx, actor, memory, replace(memory, is_archived=True), "archived", said, number, at)
            left += _counts(actor, memory)
        else:
            recording.change(tx, actor, memory, replace(memory, project_id=target_id), "updated", said, number, at)
            moved += _counts(actor, memory)
    for move in tx.projects.belongings(source_id, target_id):
        tx.projects.apply(number, move)
    tx.projects.apply(number, Move("identity", source.name, None, target_id))
    _touch(tx, actor, (source_id, target_id), number, at)
    return _merged(tx, source_id, target_id, moved, left, number)


def reverse(tx: UnitOfWork, actor: Actor, done: int, by: int, at: str) -> int:
    """Take back what a change set moved besides memories, as part of the change set `by`; answers how many things."""
    moves = tx.projects.moves(done)
    for move in moves:
        tx.projects.apply(by, move.reversed)
    concerned = {item for move in moves if move.kind != "active" for item in (move.before, move.after) if item}
    concerned |= {move.object_id for move in moves if move.kind == "active"}
    _touch(tx, actor, tuple(sorted(concerned)), by, at)
    return len(moves)


def _memories(tx: UnitOfWork, project_id: str) -> list[Memory]:
    found = (tx.memories.find(memory_id) for memory_id in tx.projects.memories(project_id))
    return [memory for memory in found if memory is not None]


def _counts(actor: Actor, memory: Memory) -> bool:
    """Whether a caller is told of a memory: private ones move too, but only their user learns how many."""
    return not (actor.shared and memory.is_private)


def _twin(tx: UnitOfWork, memory: Memory, project_id: str) -> bool:
    """Whether a project has this memory from the same source already: it can be there only once."""
    if memory.external_id is None:
        return False
    return tx.memories.external(memory.source_tool, memory.external_id, project_id) is not None


def _touch(tx: UnitOfWork, actor: Actor, ids: tuple[str, ...], number: int, at: str) -> None:
    """A new revision of projects whose row or identities changed, and of the patterns and links that moved."""
    moves = tx.projects.moves(number)
    patternrecords.moved(tx, [move.object_id for move in moves if move.kind == "pattern"], at)
    for move in moves:
        if move.kind == "link":
            relinking.enqueue_applied(tx, move.object_id)
    for project_id in ids:
        project = tx.projects.find(project_id)
        if project is not None:
            tx.projects.update(project_id, {"rev": project.rev + 1, "updated_at": at})
            tx.outbox.enqueue("project", project_id, project.rev + 1, "upsert")
            tx.audit.append(actor, "update", "project", project_id, {"change_set": number}, at)


def _merged(tx: UnitOfWork, source_id: str, target_id: str, moved: int, left: int, change_set: int | None) -> Merged:
    source, target = enrolment.existing(tx, source_id), enrolment.existing(tx, target_id)
    moves = tx.projects.belongings(source_id, target_id) if change_set is None else tx.projects.moves(change_set)
    sessions = sum(move.kind == "session" for move in moves)
    return Merged(source, target, moved, left, sessions, change_set)
