"""Nodes of the graph by what people type: a memory's id, 'project:NAME', 'pattern:NAME', 'user:NAME'.

Not other names (lmem.service.names), which this asks.
"""

from __future__ import annotations

from lmem.domain.actors import Actor
from lmem.domain.graph import LABELS
from lmem.domain.relations import MEMORY, PATTERN, PROJECT, USER
from lmem.errors import NotFound
from lmem.ports.storage import UnitOfWork
from lmem.service import enrolment, names

Spot = tuple[str, str]
"""A node as (label, id)."""


def find(tx: UnitOfWork, actor: Actor, text: str) -> tuple[Spot, str]:
    """A node and its name. Raises NotFound, AmbiguousId, InvalidInput for what cannot be an id."""
    kind, colon, name = text.strip().partition(":")
    if not colon or kind.lower() not in LABELS:
        memory = names.memory(tx, actor, text)
        return _live(memory.id, memory.title, memory.is_archived)
    kind, name = kind.lower(), name.strip()
    if kind == PROJECT:
        project = enrolment.existing(tx, names.project(tx, actor, name))
        return (LABELS[PROJECT], project.id), project.name
    if kind == PATTERN:
        pattern = names.pattern(tx, actor, name)
        return (LABELS[PATTERN], pattern.id), pattern.name
    if kind == USER:
        return _user(tx, actor, name)
    memory = names.memory(tx, actor, name)
    return _live(memory.id, memory.title, memory.is_archived)


def _live(memory_id: str, title: str, archived: bool) -> tuple[Spot, str]:
    if archived:
        raise NotFound(
            f"Memory {memory_id[:8]} is archived, so it is not in the graph.",
            hint=f"Bring it back with 'lmem restore {memory_id[:8]}'.",
        )
    return (LABELS[MEMORY], memory_id), title


def _user(tx: UnitOfWork, actor: Actor, name: str) -> tuple[Spot, str]:
    user = tx.users.find(actor.user_id)
    if user is None or name not in ("me", user.username, user.id):
        raise NotFound(f"There is no user '{name[:60]}' whose graph you may see.", hint="Write user:me.")
    return (LABELS[USER], user.id), user.username
