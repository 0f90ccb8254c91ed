"""What services ask the cache by: only values that are still right come back, and no failure of the cache does.

Not a store (lmem.ports.cache) and not the keys (lmem.domain.cachekeys). Whoever puts a value says at which change
number the truth was read for it; a value that is older than the last change it depends on is none.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass

from lmem.domain.cachekeys import CACHE_KEYS, Key
from lmem.errors import LmemError, StoreUnavailable
from lmem.ports.cache import CacheStore, Value
from lmem.service import cachedates
from lmem.service.afterwards import Afterwards
from lmem.service.cacheremovals import Removals
from lmem.service.changes import Changes


@dataclass(slots=True)
class Tally:
    """What became of the questions for the keys of one pattern, and how many values were put."""

    hits: int = 0
    misses: int = 0
    writes: int = 0


class Caches:
    """The cache as services see it. Call it from the event loop only. Without a store nothing is ever cached.

    `trouble` is why the last question could not be asked, None when it could: `degraded` names it.
    """

    def __init__(self, store: CacheStore | None = None, changes: Changes | None = None) -> None:
        self.store = store
        self.changes = changes or Changes()
        self.tallies = {pattern: Tally() for pattern in CACHE_KEYS}
        self.trouble: LmemError | None = None
        self.opened = asyncio.Event()
        self.afterwards = Afterwards()
        self._removals = Removals(store, self._written) if store is not None else None
        self._writing: set[asyncio.Task[None]] = set()

    @property
    def keeps_private(self) -> bool:
        """Whether values of private memories may be put: they never leave this process."""
        return self.store is not None and not self.store.is_remote

    @property
    def number(self) -> int:
        """The truth's change number now: take it before the truth is read."""
        return self.changes.number

    async def open(self) -> None:
        """Make the store ready; nothing is cached before. What keeps it from that is `trouble`, and tried again."""
        if self.store is not None:
            try:
                await self.store.open()
            except LmemError as err:
                self.trouble = err
        self.opened.set()

    def hashed(self, make: Callable[[str], Key], *parts: object) -> Key:
        """The key whose name is a hash of `parts` and of the last change that a value under it depends on."""
        number = self.changes.last(make("").row)
        text = repr((self.changes.life, number, parts))
        return make(hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest())

    async def get(self, key: Key) -> Value | None:
        """The value of a key, if there is one and it is still right."""
        return (await self.get_all([key]))[0]

    async def get_all(self, keys: Sequence[Key]) -> list[Value | None]:
        """The same for several keys, in one round trip."""
        if self.afterwards.waiting:
            await self.afterwards.done()
        if self.store is None or not self.opened.is_set():
            return [None] * len(keys)
        try:
            found = await self.store.get([(key.name, key.row.kind) for key in keys])
            self.trouble = None
        except StoreUnavailable as err:
            self.trouble = err
            found = [None] * len(keys)
        values = [self.right(key, value) for key, value in zip(keys, found, strict=True)]
        for key, value in zip(keys, values, strict=True):
            tally = self.tallies[key.row.pattern]
            if value is None:
                tally.misses += 1
            else:
                tally.hits += 1
        return values

    async def put(self, key: Key, value: Value, at: int) -> None:
        """Keep a value that was made of the truth as it was at change number `at`; nobody waits for a server."""
        await self.put_all({key: value}, at)

    def put_later(self, key: Key, make: Callable[[], Value], at: int) -> None:
        """The same for a value that is still to be made; both wait for the answer that it was found for.

        A `get` before that finds it all the same.
        """

        async def put() -> None:
            await self.put(key, make(), at)

        self.afterwards.add(put)

    async def put_all(self, values: Mapping[Key, Value], at: int) -> None:
        """The same for several values."""
        kept = {key: value for key, value in values.items() if at >= self.changes.last(key.row, key.object_id)}
        store, removals = self.store, self._removals
        if store is None or removals is None or not self.opened.is_set():
            return
        by_ttl: dict[int, dict[str, Value]] = {}
        for key, value in kept.items():
            self.tallies[key.row.pattern].writes += 1
            removals.remember(key)
            dated = cachedates.dated(value, self.changes.life, at, key.mark) if key.row.dated else value
            by_ttl.setdefault(key.row.ttl, {})[key.name] = dated
        for ttl, some in by_ttl.items():
            await self._write(store.put(some, ttl))

    async def push(self, key: Key, item: str, most: int) -> None:
        """Put an item at the front of a list that is not dated."""
        if self.store is not None and self.opened.is_set():
            self.tallies[key.row.pattern].writes += 1
            await self._write(self.store.push(key.name, item, most, key.row.ttl))

    async def add(self, key: Key, members: Collection[str]) -> None:
        """Put members into a set that is not dated."""
        if self.store is not None and self.opened.is_set():
            self.tallies[key.row.pattern].writes += 1
            await self._write(self.store.add(key.name, members, key.row.ttl))

    async def bump(self, key: Key, amounts: Mapping[str, int]) -> None:
        """Add to the numbers of a hash that is not dated."""
        if self.store is not None and self.opened.is_set():
            self.tallies[key.row.pattern].writes += 1
            await self._write(self.store.bump(key.name, amounts, key.row.ttl))

    async def drop(self, keys: Iterable[Key]) -> None:
        """Remove values that nobody will ask for any more."""
        if self.store is not None and self.opened.is_set():
            await self._write(_only(self.store.delete([key.name for key in keys])))

    def heard(self, changed: Sequence[tuple[str, str]]) -> None:
        """The truth was changed so: values that depend on it are void from now on, and removed soon."""
        self.changes.happened(changed)
        if self._removals is not None:
            self._removals.heard(changed)

    async def clear(self) -> int:
        """Remove every value; answers how many there were. Raises StoreUnavailable."""
        self.changes.happened([("purge", "")])
        return await self._removals.clear() if self._removals is not None else 0

    async def forget(self, names: Collection[str]) -> None:
        """Remove values by the names of their keys. Raises StoreUnavailable: this is for a relay, which tries again."""
        if self.store is not None:
            await self.store.get([])  # a server that was emptied is marked again by this
            await self.store.delete(names)

    def degraded(self) -> list[dict[str, object]]:
        """What an answer's `degraded` says of the cache: nothing, unless it could not be asked."""
        err = self.trouble
        return [{"store": "cache", "code": err.code, "reason": err.message, "hint": err.hint}] if err else []

    async def settled(self) -> None:
        """Return when nothing is being written or removed any more."""
        await self.afterwards.done()
        await self._written()
        if self._removals is not None:
            await self._removals.done()

    @property
    def holds_purged(self) -> bool:
        """Whether a purge did not reach the store yet: it did not answer then."""
        return self._removals is not None and self._removals.purging

    async def close(self) -> None:
        """Let what is being written arrive, and let go of the store."""
        if self.store is not None:
            await self.settled()
            await self.store.close()

    def right(self, key: Key, value: Value | None) -> Value | None:
        """A stored value without its date; None for one that is void."""
        if value is None or not key.row.dated:
            return value
        found = cachedates.undated(value, self.changes.life, key.mark)
        if found is None or found[1] < self.changes.last(key.row, key.object_id):
            return None
        return found[0]

    async def _write(self, work: Coroutine[None, None, None]) -> None:
        if self.store is not None and self.store.is_remote:
            task = asyncio.get_running_loop().create_task(self._tried(work))
            self._writing.add(task)  # the loop keeps only weak references
            task.add_done_callback(self._writing.discard)
        else:
            await work

    async def _tried(self, work: Coroutine[None, None, object]) -> None:
        try:
            await work
        except StoreUnavailable as err:
            self.trouble = err

    async def _written(self) -> None:
        while self._writing:
            await asyncio.gather(*self._writing)


NO_CACHE = Caches()
"""For services that work without one."""


async def _only(work: Coroutine[None, None, object]) -> None:
    await work
