"""The removal of void values: soon after the change, a few at a time; of everything, after a purge.

Not what keeps them from being shown (their dates do): this frees their room, and takes purged text out of a store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from lmem.domain.cachekeys import CACHE_KEYS, Key
from lmem.errors import StoreUnavailable
from lmem.ports.cache import Cache

MOST_NAMES = 2000
"""Names remembered for one event; values of any above run out, being void."""

OWNED = {
    event: tuple(row.pattern for row in CACHE_KEYS.values() if event in row.own)
    for event in {event for row in CACHE_KEYS.values() for event in row.own}
}
"""Patterns whose name is that of the object that an event happened to."""


class Removals:
    """Removes from a store. `settled` is waited for before everything goes, so that nothing comes after it."""

    def __init__(self, store: Cache, settled: Callable[[], Awaitable[None]]) -> None:
        self._store = store
        self._settled = settled
        self._void: set[str] = set()
        self._names: dict[str, set[str]] = {}
        self._task: asyncio.Task[None] | None = None
        self.purging = False

    def remember(self, key: Key) -> None:
        """A value was put that an event of whatever object makes void."""
        for event in key.row.any if key.row.dated else ():
            names = self._names.setdefault(event, set())
            if len(names) < MOST_NAMES:
                names.add(key.name)

    def heard(self, changed: Sequence[tuple[str, str]]) -> None:
        """The truth was changed so."""
        for event, object_id in changed:
            self.purging |= event == "purge"
            self._void |= self._names.pop(event, set())
            if object_id:
                self._void.update(named(pattern, object_id) for pattern in OWNED.get(event, ()))
        if (self._void or self.purging) and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._remove())

    async def clear(self) -> int:
        """Remove everything; answers how many values there were. Raises StoreUnavailable: it is to be tried again."""
        await self._settled()
        self.purging = False
        try:
            return await self._store.clear()
        except StoreUnavailable:
            self.purging = True
            raise

    async def done(self) -> None:
        """Return when nothing is being removed any more."""
        if self._task is not None:
            await asyncio.gather(self._task)

    async def _remove(self) -> None:
        while self._void or self.purging:
            names, self._void = self._void, set()
            try:
                await (self.clear() if self.purging else self._store.delete(names))
            except StoreUnavailable:  # they are void all the same, and the relay of a server removes them
                return


def named(pattern: str, object_id: str) -> str:
    """The name of a pattern's key for an object."""
    head, _, tail = pattern.partition("{")
    return f"{head}{object_id}{tail.partition('}')[2]}"
