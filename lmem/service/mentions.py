"""Relations that lmem detects by itself: a memory names another one by its id, or a commit, or reverts a commit.

Not a likeness: only what a text names exactly is linked, with `auto_detected`, in the change set of the annotations.
"""

from __future__ import annotations

from lmem.domain.actors import Actor
from lmem.domain.memories import Memory
from lmem.domain.mentions import Mention, mentions
from lmem.ports.storage import UnitOfWork
from lmem.service import relinking
from lmem.service.changesets import Together
from lmem.service.relinking import Place


def detect(tx: UnitOfWork, actor: Actor, memory: Memory, together: Together, at: str) -> int:
    """Link a memory to what its text names; answers how many links are new.

    A pair of which somebody has said how they are related is left alone.
    """
    made = 0
    for mention in mentions(memory.content):
        other_id = tx.relations.named(actor.user_id, mention.name)
        other = tx.memories.find(other_id) if other_id and other_id != memory.id else None
        if other is None or other.is_archived or tx.relations.between(memory.id, other.id):
            continue
        kind, state = _relation(mention, at)
        relinking.settle(tx, actor, Place(memory.id, other.id, kind), state, together.open(), at)
        made += 1
    return made


def _relation(mention: Mention, at: str) -> tuple[str, dict[str, object]]:
    kind, why = ("contradicts", "reverts it") if mention.reverts else ("relates_to", "names it")
    properties = {"discovered_at": at} if mention.reverts else {}
    return kind, {"strength": 1.0, "context": why, "auto_detected": True, "properties": properties}
