"""A cache on a server as its caller sees it: away when a test says so, slow to take what it is given.

Not a test, and not Redis, which passes the same contract.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence

from lmem.domain.cachekeys import Kind
from lmem.errors import StoreUnavailable
from lmem.ports.cache import Value
from lmem.stores.inprocess.cache import LocalCache


class FaultyCache(LocalCache):
    """A server, as its caller sees it: away while `fails` is set; `waits` holds writes back."""

    is_remote = True

    def __init__(self) -> None:
        super().__init__(1 << 20)
        self.fails: StoreUnavailable | None = None
        self.waits = asyncio.Event()
        self.waits.set()

    async def open(self) -> None:
        self._check()

    async def get(self, wanted: Sequence[tuple[str, Kind]]) -> list[Value | None]:
        self._check()
        return await super().get(wanted)

    async def put(self, values: Mapping[str, Value], ttl: float) -> None:
        await self.waits.wait()
        self._check()
        await super().put(values, ttl)

    async def delete(self, names: Collection[str]) -> int:
        self._check()
        return await super().delete(names)

    async def clear(self) -> int:
        self._check()
        return await super().clear()

    def _check(self) -> None:
        if self.fails is not None:
            raise self.fails
