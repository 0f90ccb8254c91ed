"""Relations that a change of a memory makes and its undo takes away: what resolved a task, what superseded a memory.

Not links that people make (lmem.service.relations); those are changes of no memory.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from lmem.domain.actors import Actor
from lmem.domain.history import LINKS
from lmem.domain.relations import Relation
from lmem.ports.storage import UnitOfWork


def link(tx: UnitOfWork, actor: Actor, name: str, from_id: str, to_id: str, why: str | None, at: str) -> None:
    """Store the relation that `name` of LINKS stands for; `why` is the outcome of a task or the reason to supersede."""
    kind = LINKS[name]
    properties: Mapping[str, object] = {"resolution_date": at[:10], "outcome": why} if kind == "resolves" else {}
    if kind == "supersedes" and why:
        properties = {"reason": why}
    relation = Relation(secrets.token_hex(16), from_id, to_id, kind, actor.user_id, at, properties=properties)
    if tx.relations.insert(relation):
        tx.outbox.enqueue("relationship", relation.id, relation.rev, "upsert")
        tx.audit.append(actor, "create", "relationship", relation.id, {"type": kind}, at)


def turn(
    tx: UnitOfWork, actor: Actor, memory_id: str, diff: Mapping[str, tuple[object, object]], why: str | None, at: str
) -> dict[str, tuple[object, object]]:
    """Make a memory's relations as they were before `diff`; answers the difference that this is, empty for none."""
    turned: dict[str, tuple[object, object]] = {}
    for name, (before, after) in diff.items():
        if name not in LINKS:
            continue
        turned[name] = (after, before)
        if not LINKS[name]:
            continue
        if isinstance(after, str):
            tx.relations.delete(after, memory_id, LINKS[name])
            tx.audit.append(actor, "delete", "relationship", after, {"type": LINKS[name]}, at)
        if isinstance(before, str) and tx.memories.find(before) is not None:  # it may have been purged since
            outcome = diff.get("outcome", (None, None))[0]
            link(tx, actor, name, before, memory_id, str(outcome) if outcome else why, at)
    return turned
