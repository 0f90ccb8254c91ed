"""Reading memories: one in full, a page of a list, tags; from the cache where it has them.

Not search. What the cache has are copies and ids: whether they may be shown, the truth says each time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lmem.domain import cachekeys
from lmem.domain.actors import Actor
from lmem.domain.cachekeys import Key
from lmem.domain.filters import Filter
from lmem.domain.memories import Memory
from lmem.domain.relations import Link
from lmem.domain.room import Room
from lmem.ports.cache import Value
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import briefreads, cachedlinks, cachejson, names
from lmem.service.caches import Caches

BRIEF = 100
"""Rows of a page that are read in less time than a thread would cost."""


@dataclass(frozen=True, slots=True)
class Detail:
    """A memory with its relationships and the name of its project."""

    memory: Memory
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list, and how long all of it is; `too_little` when the temporal layer joined.

    `ended` when it has fewer rows than were asked for because their texts took all the room of an answer.
    """

    memories: tuple[Memory, ...]
    total: int
    too_little: bool
    ended: bool = False


@dataclass(frozen=True, slots=True)
class _Listed:
    """A page as it is cached."""

    ids: tuple[str, ...]
    total: int
    too_little: bool


class Reads:
    """Reads of the truth, through the cache."""

    def __init__(self, storage: Storage, caches: Caches) -> None:
        self._storage = storage
        self._caches = caches

    async def get(self, actor: Actor, memory_id: str) -> Detail:
        """See Memories.get."""
        caches = self._caches
        standing = await self._storage.read(lambda tx: names.standing(tx, actor, memory_id), brief=True)
        key, edges = cachekeys.memory(standing.id), cachedlinks.keys(standing.id)
        at = caches.number
        found, *lists = await caches.get_all([key, *edges])
        memory, others = cachejson.unpacked(found, cachejson.memory_from_json), cachedlinks.ids(*lists)
        if memory is not None and memory.rev == standing.rev and others is not None:
            counted = replace(
                memory, access_count=standing.access_count, last_accessed_at=standing.last_accessed_at
            )
            return Detail(counted, cachedlinks.links(await self._titles(others, actor.shared), *lists))

        def work(tx: UnitOfWork) -> tuple[Memory, list[Link]]:
            found = names.memory(tx, actor, standing.id)
            return found, tx.relations.of(found.id, shared=False)

        whole, links = await self._storage.read(work, brief=True)
        values: dict[Key, Value] = dict(zip(edges, cachedlinks.lists(links), strict=True))
        if caches.keeps_private or not whole.is_private:
            values[key] = cachejson.packed(cachejson.memory_to_json(whole))
        await caches.put_all(values, at)
        if actor.shared:
            seen = await self._titles([link.other_id for link in links], shared=True)
            links = [link for link in links if link.other_id in seen]
        return Detail(whole, tuple(links))

    async def page(self, wanted: Filter, order: str, limit: int, offset: int, may_join: bool) -> Page:
        """See Memories.page. A hit is filtered by the truth, and read from it, once more."""
        caches, at = self._caches, self._caches.number
        asked = (wanted, order, limit, offset, may_join)
        is_first = offset == 0 and wanted == Filter(
            wanted.user_id, shared=wanted.shared, sight=wanted.sight, temporal=wanted.temporal
        )
        recent = cachekeys.recent(wanted.user_id).answering(asked)
        key = recent if is_first else caches.hashed(cachekeys.query, "list", asked)
        keeps = wanted.since is None and wanted.until is None  # moments: the next question has others
        listed = _listed(await caches.get(key)) if keeps else None
        if listed is not None:
            ids, seen_as = listed.ids, replace(wanted, temporal=True) if listed.too_little else wanted

            def again(tx: UnitOfWork, room: Room) -> dict[str, Memory]:
                return tx.memories.visible(ids, seen_as, room)

            rows = await briefreads.read(self._storage, again, brief=len(ids) <= BRIEF)
            if len(rows) == len(ids):
                return Page(tuple(rows[found] for found in ids), listed.total, listed.too_little)
        page = await self._storage.read(lambda tx: _page(tx, wanted, order, limit, offset, may_join))
        if keeps and not page.ended:
            facts = f"{page.total} {page.too_little:d}"
            items = (facts, *(memory.id for memory in page.memories))
            await caches.put(key, items if is_first else cachejson.packed(items), at)
        return page

    async def tags(self, wanted: Filter) -> list[tuple[str, int]]:
        """See Memories.tags. Tags of private memories are kept nowhere but in this process."""
        caches, at = self._caches, self._caches.number
        key = caches.hashed(cachekeys.query, "tags", wanted)
        keeps = wanted.shared or caches.keeps_private
        known = cachejson.unpacked(await caches.get(key), _tags) if keeps else None
        if known is not None:
            return known
        found = await self._storage.read(lambda tx: tx.memories.tags(wanted))
        if keeps:
            await caches.put(key, cachejson.packed(found), at)
        return found

    async def _titles(self, ids: list[str], shared: bool) -> dict[str, str]:
        if not ids:
            return {}
        return await self._storage.read(lambda tx: tx.memories.titles(ids, shared), brief=True)


def _page(tx: UnitOfWork, wanted: Filter, order: str, limit: int, offset: int, may_join: bool) -> Page:
    asked, total = wanted, tx.memories.count(wanted)
    too_little = may_join and total < limit and tx.memories.any_temporal(wanted)
    if too_little:
        asked = replace(wanted, temporal=True)
        total = tx.memories.count(asked)
    room = Room()
    return Page(tuple(tx.memories.page(asked, order, limit, offset, room)), total, too_little, room.ended)


def _listed(value: Value | None) -> _Listed | None:
    """The page in a list, or in the JSON of one."""
    items = cachejson.unpacked(value, _texts) if isinstance(value, bytes) else value
    if not isinstance(items, tuple) or not items:
        return None
    total, too_little = items[0].split()
    return _Listed(items[1:], int(total), too_little == "1")


def _texts(found: object) -> tuple[str, ...]:
    return tuple(map(str, found)) if isinstance(found, list) else ()


def _tags(found: object) -> list[tuple[str, int]]:
    return [(str(tag), int(count)) for tag, count in found] if isinstance(found, list) else []
