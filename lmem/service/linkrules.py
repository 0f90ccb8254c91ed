"""Rules of links: what a new one holds when nothing else is said, and what superseding asks and does.

Not their writing (lmem.service.relinking).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lmem.domain.actors import Actor
from lmem.domain.memories import Memory
from lmem.domain.related import State
from lmem.domain.relations import TIME_WINDOW, RelationType
from lmem.errors import Conflict
from lmem.ports.storage import UnitOfWork
from lmem.service import recording


@dataclass(frozen=True, slots=True)
class LinkDraft:
    """A link that somebody wants: ids or prefixes of both ends in the direction of the type, and what it is to hold.

    None leaves what is there, else what a new one has. `properties` are those that the type adds, checked.
    """

    from_id: str
    to_id: str
    type: RelationType
    strength: float | None = None
    context: str | None = None
    properties: Mapping[str, object] = field(default_factory=dict)


def settled(
    tx: UnitOfWork, draft: LinkDraft, reason: str | None, one: Memory, before: State | None, at: str
) -> dict[str, object]:
    """What a link holds after somebody asked for it: what they say, over what it held, over what a new one holds.

    What a person links is not detected any more.
    """
    held = before["properties"] if before else _properties(tx, draft, one, at)
    named = {"reason": reason} if draft.type.name == "supersedes" and reason else {}
    return {
        "strength": draft.strength if draft.strength is not None else before["strength"] if before else 1.0,
        "context": draft.context if draft.context is not None else before["context"] if before else None,
        "auto_detected": False,
        "properties": {**(held if isinstance(held, dict) else {}), **named, **draft.properties},
    }


def _properties(tx: UnitOfWork, draft: LinkDraft, one: Memory, at: str) -> dict[str, object]:
    """What a new link of a type holds when nothing is said."""
    kind = draft.type.name
    if kind == "builds_on":
        return {"sequence": tx.relations.newest_sequence(one.id) + 1}
    own = {
        "contradicts": ("discovered_at", at), "resolves": ("resolution_date", at[:10]),
        "same_context": ("time_window", TIME_WINDOW),
    }  # fmt: skip
    return dict([own[kind]]) if kind in own else {}


def check_supersedes(tx: UnitOfWork, kind: RelationType, one: Memory, other: Memory) -> None:
    """Raise Conflict for a circle of two, and for what is private over what is not."""
    if kind.name != "supersedes":
        return
    if tx.relations.find(other.id, one.id, kind.name) is not None:
        raise Conflict(
            f"Memory {one.id[:8]} is superseded by {other.id[:8]}.",
            hint=f"Take that away first: lmem unlink {other.id[:8]} {one.id[:8]} --type supersedes",
        )
    if one.is_private and not other.is_private:
        raise Conflict(
            f"Memory {one.id[:8]} is private, and {other.id[:8]} is not.",
            hint=f"Make it private first: lmem edit {other.id[:8]} --private",
        )


def revive(tx: UnitOfWork, actor: Actor, memory_id: str, reason: str | None, change_set: int, at: str) -> None:
    """What nothing supersedes any more holds again."""
    memory = tx.memories.find(memory_id)
    others = [link for link in tx.relations.of(memory_id, shared=False) if link.type == "superseded_by"]
    if memory is not None and memory.valid_until is not None and not others:
        said = reason or "no longer superseded"
        recording.change(tx, actor, memory, replace(memory, valid_until=None), "updated", said, change_set, at)
