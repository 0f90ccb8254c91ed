"""The cache beside the truth: no value is missed, but none may differ from what it is a copy of, or outlive it.

Not what keeps void values from being shown (lmem.service.caches): what is void anyway is passed over here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set

from lmem.domain import cachekeys
from lmem.domain.consistency import Issue, Object
from lmem.domain.memories import Memory
from lmem.domain.outbox import Projection
from lmem.errors import StoreUnavailable
from lmem.ports.cache import CacheStore
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import cachejson
from lmem.service.cacheprojector import PROJECTION
from lmem.service.caches import Caches

MARK = Object("mark", "instance")
"""What a server knows its owner by; it is gone when somebody emptied the server."""

AT_ONCE = 500


class CacheCheck:
    """Compares copies of memories with them. Implements lmem.service.consistency.StoreCheck."""

    name = "cache"
    kinds: tuple[str, ...] = ("memory",)

    def __init__(self, storage: Storage, caches: Caches) -> None:
        self._storage = storage
        self._caches = caches

    async def projection(self) -> str:
        """The id of the projection of a cache on a server; that in process has none, and no rows wait for it."""
        self._store()
        return PROJECTION

    async def parts(self) -> list[tuple[str, str]]:
        """One: the whole."""
        return [("", "")]

    async def truth(self, low: str, high: str) -> dict[Object, str]:
        """The mark, and digests of the memories that there is a copy of."""
        ids = [item for item in await self._ids() if item >= low and (not high or item < high)]
        return {MARK: "", **await self._wanted(ids)}

    async def held(self, low: str, high: str) -> dict[Object, str]:
        """The mark, and digests of the copies that may still be shown, and of those of no memory. See StoreCheck."""
        ids = [item for item in await self._ids() if item >= low and (not high or item < high)]
        mark = {MARK: ""} if await self._store().is_marked() else {}
        return mark | await self._copies(ids)

    async def one(self, memory_id: str) -> tuple[dict[Object, str], dict[Object, str]]:
        """Both sides of one memory, as far as it is cached."""
        held = await self._copies([memory_id])
        wanted = await self._wanted([memory_id])
        return {item: digest for item, digest in wanted.items() if item in held}, held

    async def left(self, ids: Sequence[str]) -> int:
        """How many of these memories may still be in it: all, until a purge has emptied it."""
        await self._caches.settled()
        if self._caches.holds_purged:
            raise self._caches.trouble or StoreUnavailable("The cache does not answer.")
        keys = [cachekeys.memory(memory_id) for memory_id in ids]
        found = await self._store().get([(key.name, key.row.kind) for key in keys])
        return sum(value is not None for value in found)

    def late(self, waiting: Set[Object]) -> Callable[[Object], bool]:
        """A memory that still waits for the relay."""
        return lambda item: item in waiting

    def to_repair(self, issues: Sequence[Issue]) -> list[tuple[str, str, str]]:
        """Rows for the outbox: a copy that is wrong is removed; any row makes a mark that is gone again."""
        rows = [("memory", issue.id, "upsert") for issue in issues if issue.state == "stale"]
        rows += [("memory", issue.id, "delete") for issue in issues if issue.state == "orphaned"]
        return rows or [("user", MARK.id, "upsert")]

    async def _ids(self) -> list[str]:
        head, _, _ = cachekeys.memory("").row.pattern.partition("{")
        found = {name.removeprefix(head) for name in await self._store().names(head)}
        return sorted(item for item in found if ":" not in item)

    async def _copies(self, ids: Sequence[str]) -> dict[Object, str]:
        found: dict[Object, str] = {}
        for at in range(0, len(ids), AT_ONCE):
            some = ids[at : at + AT_ONCE]
            keys = [cachekeys.memory(memory_id) for memory_id in some]
            values = await self._store().get([(key.name, key.row.kind) for key in keys])
            wanted = await self._wanted(some)
            for key, value in zip(keys, values, strict=True):
                item = Object("memory", key.object_id)
                memory = cachejson.unpacked(self._caches.right(key, value), cachejson.memory_from_json)
                if memory is not None:
                    found[item] = _digest(memory)
                elif value is not None:  # void, so it is never shown: right as long as there is such a memory
                    found[item] = wanted.get(item, "")
        return found

    async def _wanted(self, ids: Sequence[str]) -> dict[Object, str]:
        """Digests of memories that a copy may be of: of private ones only in this process."""
        private = self._caches.keeps_private

        def work(tx: UnitOfWork) -> dict[Object, str]:
            rows = [found for item in ids if (found := tx.memories.find(item)) is not None]
            return {Object("memory", row.id): _digest(row) for row in rows if private or not row.is_private}

        return await self._storage.read(work)

    def _store(self) -> CacheStore:
        if self._caches.store is None or not self._caches.opened.is_set():
            raise StoreUnavailable("The cache is being opened.", hint="Try again in a moment.")
        return self._caches.store


class CacheRebuilder:
    """Emptied, a cache fills by itself: that is all its rebuilding. Implements lmem.service.rebuilding.Rebuilder."""

    def __init__(self, caches: Caches) -> None:
        self._caches = caches

    @property
    def building(self) -> Projection | None:
        """None: it is done at once."""
        return None

    async def rebuild(self) -> Projection | None:
        """Remove every value. Raises StoreUnavailable."""
        await self._caches.clear()
        return None


def _digest(memory: Memory) -> str:
    return f"{memory.rev} {memory.content_hash} {memory.is_private:d} {memory.is_archived:d}"
