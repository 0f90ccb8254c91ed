"""What every change of a link writes, in one transaction: row, what it was, outbox row, audit entry; and its undo.

Not a decision about what changes; lmem.service.relations decides and calls these.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace

from lmem.domain.actors import Actor
from lmem.domain.memories import Memory
from lmem.domain.related import APPLIES_TO, RelationChange, State, state_of
from lmem.domain.relations import Relation
from lmem.ports.storage import UnitOfWork


@dataclass(frozen=True, slots=True)
class Place:
    """Which link is meant: of a memory to a memory by a type, or to a project by APPLIES_TO."""

    from_id: str
    to_id: str
    type: str


def held(tx: UnitOfWork, place: Place) -> State | None:
    """What a link holds now; None when there is none."""
    if place.type == APPLIES_TO:
        found = (item for item in tx.relations.applied(place.from_id) if item.project_id == place.to_id)
        return next(({"relevance": item.relevance} for item in found), None)
    relation = tx.relations.find(place.from_id, place.to_id, place.type)
    return state_of(relation) if relation else None


def settle(tx: UnitOfWork, actor: Actor, place: Place, state: State | None, change_set: int, at: str) -> str:
    """Let a link hold `state`, or not be there for None, as part of a change set; answers its row's id, '' for none."""
    before = held(tx, place)
    if place.type == APPLIES_TO:
        _settle_project(tx, actor, place, state, change_set, at)
        id_ = ""
    else:
        id_ = _settle_memory(tx, actor, place, state, change_set, at)
    tx.relations.keep(change_set, RelationChange(place.from_id, place.to_id, place.type, before))
    return id_


def reverse(tx: UnitOfWork, actor: Actor, done: int, by: int, at: str) -> list[Memory]:
    """Take back what a change set did to links, as part of the change set `by`; answers the memories at their ends.

    Nothing else may have changed those since.
    """
    changes = list(reversed(tx.relations.changes(done)))
    for change in changes:
        settle(tx, actor, Place(change.from_id, change.to_id, change.type), change.before, by, at)
    return ends(tx, changes)


def ends(tx: UnitOfWork, changes: Iterable[RelationChange]) -> list[Memory]:
    """The memories at the ends of changed links, each once."""
    ids: dict[str, None] = {}
    for change in changes:
        ids |= dict.fromkeys([change.from_id, *([] if change.type == APPLIES_TO else [change.to_id])])
    return [memory for memory in map(tx.memories.find, ids) if memory is not None]


def enqueue_applied(tx: UnitOfWork, memory_id: str) -> None:
    """What a memory applies to is told with the memory."""
    memory = tx.memories.find(memory_id)
    if memory is not None:
        tx.outbox.enqueue("memory", memory.id, memory.rev, "upsert")


def _settle_memory(
    tx: UnitOfWork, actor: Actor, place: Place, state: State | None, change_set: int, at: str
) -> str:
    known = tx.relations.find(place.from_id, place.to_id, place.type)
    if state is None:
        if known is not None:
            tx.relations.delete(place.from_id, place.to_id, place.type)  # a trigger tells the projections
            _log(tx, actor, "delete", known, change_set, at)
        return ""
    relation = _with(known or _new(actor, place, at), state)
    if known is None:
        tx.relations.insert(relation)
    else:
        relation = replace(relation, rev=known.rev + 1)
        tx.relations.update(relation)
    tx.outbox.enqueue("relationship", relation.id, relation.rev, "upsert")
    _log(tx, actor, "update" if known else "create", relation, change_set, at)
    return relation.id


def _settle_project(
    tx: UnitOfWork, actor: Actor, place: Place, state: State | None, change_set: int, at: str
) -> None:
    relevance = None if state is None else float(str(state["relevance"]))
    tx.relations.apply(place.from_id, place.to_id, relevance, actor.user_id, at)
    enqueue_applied(tx, place.from_id)
    details = {"fields": [APPLIES_TO], "project": place.to_id, "change_set": change_set}
    tx.audit.append(actor, "update", "memory", place.from_id, details, at)


def _new(actor: Actor, place: Place, at: str) -> Relation:
    return Relation(secrets.token_hex(16), place.from_id, place.to_id, place.type, actor.user_id, at)


def _with(relation: Relation, state: State) -> Relation:
    """A relation that holds what a change set kept."""
    properties, context = state["properties"], state["context"]
    return replace(
        relation,
        strength=float(str(state["strength"])),
        context=None if context is None else str(context),
        auto_detected=bool(state["auto_detected"]),
        properties=dict(properties) if isinstance(properties, dict) else {},
    )


def _log(tx: UnitOfWork, actor: Actor, action: str, relation: Relation, change_set: int, at: str) -> None:
    details = {"type": relation.type, "change_set": change_set}
    tx.audit.append(actor, action, "relationship", relation.id, details, at)
