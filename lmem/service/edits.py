"""One memory changed inside a unit of work: the fields it is to have, its revision, the version that this makes.

Not the wait for the unit of work (lmem.service.memories, lmem.service.transactions).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lmem.domain.actors import Actor
from lmem.domain.automatic import after_edit
from lmem.domain.memories import Memory, title_of
from lmem.errors import Conflict
from lmem.ports.storage import UnitOfWork
from lmem.service import names, recording
from lmem.service.changesets import Together


@dataclass(frozen=True, slots=True)
class Edited:
    """What `edit` did; `changed` names the fields, and is empty when everything was so already."""

    memory: Memory
    changed: tuple[str, ...]
    change_set: int | None


def edit(
    tx: UnitOfWork,
    actor: Actor,
    memory_id: str,
    changes: Mapping[str, object],
    reason: str | None,
    rev: int | None,
    kept_secrets: Sequence[str],
    at: str,
    together: Together | None = None,
) -> Edited:
    """As Memories.edit, at the moment `at`; of the change set of others that it is done `together` with."""
    before = names.memory(tx, actor, memory_id)
    if rev is not None and rev != before.rev and not tx.annotations.only_since(before.id, rev):
        raise Conflict(f"Memory {before.id[:8]} is at revision {before.rev}, not {rev}.")
    fields = dict(changes)
    add, remove = _tags(fields.pop("add_tags", ())), _tags(fields.pop("remove_tags", ()))
    if add or remove:
        tags = _tags(fields.get("tags", before.tags))
        fields["tags"] = tuple(tag for tag in dict.fromkeys((*tags, *add)) if tag not in remove)
    after = replace(before, **fields)  # type: ignore[arg-type]  # handlers parsed every value
    if "title" not in fields and before.title == title_of(before.content):
        after = replace(after, title=title_of(after.content))  # it was taken from the text, so it follows it
    after = after_edit(before, after, fields.keys())
    if after != before:
        recording.keep_secrets(tx, actor, before.id, kept_secrets, at)
    return replace_with(tx, actor, before, after, reason, at, together)


def replace_with(
    tx: UnitOfWork,
    actor: Actor,
    before: Memory,
    after: Memory,
    reason: str | None,
    at: str,
    together: Together | None,
) -> Edited:
    """`after` in the place of `before`; nothing when they are equal."""
    if after == before:
        return Edited(before, (), None)
    number = (together or Together(tx, actor, "edit", reason, at)).open()
    changed = recording.change(tx, actor, before, after, "updated", reason, number, at)
    current = tx.memories.find(before.id) or after
    return Edited(current, changed, number)


def _tags(value: object) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, list | tuple) else ()
