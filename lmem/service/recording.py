"""What every change of a memory writes, in one transaction: row, version, audit entry, outbox rows.

Not a decision about what changes; the services decide and call `create` or `change`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import TypeVar

from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.domain.automatic import is_automatic
from lmem.domain.history import TEXT_FIELDS, Diff, Version
from lmem.domain.memories import Memory, content_hash, to_json
from lmem.errors import Conflict, Forbidden
from lmem.ports.clock import Clock
from lmem.ports.storage import UnitOfWork
from lmem.ports.tables import Columns

T = TypeVar("T")

KEPT_FIELDS = (
    "project_id", "session_id", "memory_type", "category", "tags", "importance_score", "decay_rate", "context",
    "layers", "is_private", "is_archived", "valid_until",
)  # fmt: skip
"""Fields whose values a version keeps before and after; texts are kept by the version itself."""

HEARD_FIELDS = frozenset({"title", "content", "session_id", "is_private", "is_archived"})
"""Fields that change what the neighbours of an item of a session are found by."""

PLACE_FIELDS = frozenset({"session_id", "project_id", "is_private", "is_archived"})
"""Fields that change where a memory is in the order of its session or project."""

_COLUMNS = {"context": "context_json", "git_context": "git_context_json"}


def require_active(tx: UnitOfWork, actor: Actor) -> None:
    """Raise Forbidden for a user who is not active: `users.is_active = 0` leaves reading, and refuses writes."""
    if not tx.directory.is_active(actor.user_id):
        raise Forbidden(
            "This user is not active, so nothing is written.",
            hint="Reading goes on; 'lmem user set --active' lets you write again.",
        )


def by_active(actor: Actor, clock: Clock, work: Callable[[UnitOfWork, str], T]) -> Callable[[UnitOfWork], T]:
    """`work` as a transaction of an active user, told the time of it; raises Forbidden for another."""

    def active(tx: UnitOfWork) -> T:
        require_active(tx, actor)
        return work(tx, times.to_text(clock.now()))

    return active


def create(tx: UnitOfWork, actor: Actor, memory: Memory, at: str, change_set: int | None = None) -> None:
    """Store a new memory as version 1, of a change set when others change with it.

    Raises Forbidden for a user who is not active.
    """
    require_active(tx, actor)
    key = tx.memories.insert(memory)
    tx.versions.append(_version(memory, 1, "created", None, {}, change_set, at, actor))
    tx.outbox.enqueue("memory", memory.id, memory.rev, "upsert")
    if memory.session_id is not None:
        enqueue_neighbours(tx, replace(memory, key=key))
    enqueue_followers(tx, memory, key)
    tx.fulltext.add_unindexed(key)
    tx.audit.append(actor, "create", "memory", memory.id, {"source": memory.source_tool}, at)


def keep_secrets(tx: UnitOfWork, actor: Actor, memory_id: str, kinds: Sequence[str], at: str) -> None:
    """Log that a memory holds credentials of these kinds because its author allowed it; nothing for no kinds."""
    if kinds:
        tx.audit.append(actor, "allow_secret", "memory", memory_id, {"kinds": list(kinds)}, at)


def change(
    tx: UnitOfWork,
    actor: Actor,
    before: Memory,
    after: Memory,
    change_type: str,
    reason: str | None,
    change_set: int,
    at: str,
    extra: Diff | None = None,
) -> tuple[str, ...]:
    """Store `after` over `before` as the next version; answers the names of the changed fields.

    `extra` is what changed beside the columns (LINKS of lmem.domain.history). Does nothing when nothing changed.
    Raises Conflict when the row moved on since `before` was read, Forbidden for a user who is not active.
    """
    require_active(tx, actor)
    changed = differing(before, after)
    if not changed and not extra:
        return ()
    current = tx.memories.find(before.id)
    if current is None or current.rev != before.rev:
        raise Conflict(f"Memory {before.id[:8]} was changed by somebody else meanwhile.")
    after = replace(after, rev=before.rev + 1, updated_at=at, content_hash=content_hash(after.title, after.content))
    text_changed = bool(set(changed) & set(TEXT_FIELDS))
    if text_changed and not _is_extract(before, after, changed):
        tx.versions.keep_text(before.id, before.title, before.content, before.summary)
    tx.memories.update(before.id, _columns(changed, after))
    number = tx.versions.newest_number(before.id) + 1
    diff = {**_diff(before, after, changed), **(extra or {})}
    tx.versions.append(_version(after, number, change_type, reason, diff, change_set, at, actor))
    tx.outbox.enqueue("memory", after.id, after.rev, "upsert")
    if HEARD_FIELDS.intersection(changed):
        enqueue_neighbours(tx, before)
        if before.session_id != after.session_id:
            enqueue_neighbours(tx, after)
    if PLACE_FIELDS.intersection(changed):
        enqueue_followers(tx, before, before.key)
        enqueue_followers(tx, after, after.key)
    if text_changed or before.is_archived != after.is_archived:
        tx.fulltext.drop_pending([after.id])
        if not after.is_archived:
            tx.fulltext.add_pending(after.key, after.title, after.content, after.summary)
    tx.audit.append(actor, "update", "memory", after.id, {"fields": list(diff), "change_set": change_set}, at)
    return changed


def differing(before: Memory, after: Memory) -> tuple[str, ...]:
    """The names of the fields that a version keeps and that differ."""
    names = (item.name for item in fields(Memory) if item.name in (*TEXT_FIELDS, *KEPT_FIELDS))
    return tuple(name for name in names if getattr(before, name) != getattr(after, name))


def enqueue_neighbours(tx: UnitOfWork, memory: Memory) -> None:
    """What lies beside `memory` in its session is found by its words too (half their weight): index that again."""
    for beside in tx.memories.around(memory):
        tx.outbox.enqueue("memory", beside.id, beside.rev, "upsert")


def enqueue_followers(tx: UnitOfWork, memory: Memory, key: int) -> None:
    """What comes after `memory` in its session or project has other edges in a graph's copy with it than without it."""
    for copy in tx.outbox.projections("graph"):
        for follower, rev in tx.relations.following(replace(memory, key=key)):
            tx.outbox.enqueue("memory", follower, rev, "upsert", copy.id)


def _version(
    memory: Memory,
    number: int,
    kind: str,
    reason: str | None,
    diff: Diff,
    change_set: int | None,
    at: str,
    actor: Actor,
) -> Version:
    valid_from = memory.created_at if number == 1 else at
    return Version(
        memory.id, number, "", "", None, kind, reason, diff, change_set, valid_from, at, actor.user_id
    )  # fmt: skip


def _is_extract(before: Memory, after: Memory, changed: Sequence[str]) -> bool:
    """Whether of the texts only a summary changed that lmem made of the text's own sentences, or its absence: then the
    difference holds it, and no copy of the text is kept for it. Full text finds nothing by it that it does not find."""
    return (
        "title" not in changed
        and "content" not in changed
        and all(memory.summary is None or is_automatic(memory.context, "summary") for memory in (before, after))
    )


def _diff(before: Memory, after: Memory, changed: tuple[str, ...]) -> Diff:
    diff: dict[str, tuple[object, object]] = {}
    extract = _is_extract(before, after, changed)
    for name in changed:
        old, new = getattr(before, name), getattr(after, name)
        if name in TEXT_FIELDS and not extract:  # the texts are in the versions; a reader is told their sizes
            diff[name] = (len(old or ""), len(new or ""))
        elif name == "layers":
            diff[name] = (list(old.names), list(new.names))
        elif name == "tags":
            diff[name] = (list(old), list(new))
        else:
            diff[name] = (old, new)
    return diff


def _columns(changed: tuple[str, ...], after: Memory) -> Columns:
    columns: dict[str, str | int | float | None] = {
        "rev": after.rev, "updated_at": after.updated_at, "content_hash": after.content_hash
    }  # fmt: skip
    for name in changed:
        value = getattr(after, name)
        if name == "layers":
            columns |= after.layers.flags()
        elif name == "tags":
            columns["tags"] = to_json(list(value))
        elif name in _COLUMNS:
            columns[_COLUMNS[name]] = to_json(dict(value))
        else:
            columns[name] = int(value) if isinstance(value, bool) else value
    return columns
