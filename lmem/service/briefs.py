"""A project's last brief, kept until something in it may have changed, and shown again while all of it may be seen.

Not the making of a brief (lmem.service.context).
"""

from __future__ import annotations

from dataclasses import dataclass

from lmem.domain import cachekeys
from lmem.domain.actors import Actor
from lmem.domain.filters import Filter
from lmem.domain.scope import Scope
from lmem.ports.cache import Value
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import cachejson
from lmem.service.caches import Caches
from lmem.service.context import Brief, Context, Item


@dataclass(frozen=True, slots=True)
class _Kept:
    """A brief as it is cached: its items by id, each with its part."""

    text: str
    tokens: int
    items: tuple[tuple[str, str], ...]
    left_out: int
    counted_by: str


class Briefs:
    """Briefs through the cache. A brief with private memories is kept nowhere but in this process."""

    def __init__(self, storage: Storage, context: Context, caches: Caches) -> None:
        self._storage = storage
        self._context = context
        self._caches = caches

    async def brief(self, actor: Actor, scope: Scope, budget: int) -> Brief:
        """See Context.brief."""
        caches, at, project_id = self._caches, self._caches.number, scope.project_id
        if project_id is None or not (actor.shared or caches.keeps_private):
            return await self._context.brief(actor, scope, budget)
        asked = (actor.user_id, actor.shared, scope.project, scope.session_id, scope.lineage, budget)
        made = (cachekeys.project_context(project_id), cachekeys.active(project_id))
        keys = [key.answering(asked) for key in made]
        kept = _kept(*await caches.get_all(keys))
        if kept is not None and (again := await self._again(actor, kept)) is not None:
            return again
        brief = await self._context.brief(actor, scope, budget)
        ids = frozenset(item.memory.id for item in brief.items)
        await caches.put_all({keys[0]: cachejson.packed(_to_json(brief)), keys[1]: ids}, at)
        return brief

    async def _again(self, actor: Actor, kept: _Kept) -> Brief | None:
        """A kept brief, unless one of its memories may not be shown now, or tokens are counted in another way."""
        wanted = Filter(actor.user_id, shared=actor.shared)

        def work(tx: UnitOfWork) -> Brief | None:
            rows = tx.memories.beginnings([memory_id for memory_id, _ in kept.items], wanted)
            if len(rows) < len(kept.items) or self._context.counted_by() != kept.counted_by:
                return None
            items = (Item(rows[memory_id], part, place) for place, (memory_id, part) in enumerate(kept.items, 1))
            return Brief(kept.text, kept.tokens, tuple(items), kept.left_out, kept.counted_by)

        return await self._storage.read(work)


def _to_json(brief: Brief) -> dict[str, object]:
    items = [(item.memory.id, item.part) for item in brief.items]
    facts = {"tokens": brief.tokens, "left_out": brief.left_out, "counted_by": brief.counted_by}
    return {"text": brief.text, "items": items, **facts}


def _kept(value: Value | None, active: Value | None) -> _Kept | None:
    """The cached brief, if its ids are those that are active."""

    def parse(found: object) -> _Kept:
        if not isinstance(found, dict):
            raise TypeError
        items = tuple((str(memory_id), str(part)) for memory_id, part in found["items"])
        return _Kept(found["text"], found["tokens"], items, found["left_out"], found["counted_by"])

    kept = cachejson.unpacked(value, parse)
    if kept is None or not isinstance(active, frozenset) or active != {memory_id for memory_id, _ in kept.items}:
        return None
    return kept
