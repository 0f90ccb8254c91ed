"""Both caches with a clock that a test moves: what has run out by then is gone from either.

Not a test.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from redis.asyncio import Redis

from lmem.ports.cache import CacheStore
from lmem.stores.inprocess.cache import LocalCache
from lmem.stores.redis.cache import RedisCache
from lmem.stores.redis.link import Server

MOST_BYTES = 1 << 20


@dataclass
class Twin:
    """A cache, and the passing of time for it."""

    cache: CacheStore
    later: Callable[[float], Awaitable[None]]


@asynccontextmanager
async def local_twin() -> AsyncIterator[Twin]:
    """The cache in process."""
    moment = 1000.0

    async def later(seconds: float) -> None:
        nonlocal moment
        moment += seconds

    cache = LocalCache(MOST_BYTES, lambda: moment)
    await cache.open()
    yield Twin(cache, later)
    await cache.close()


@asynccontextmanager
async def redis_twin(url: str) -> AsyncIterator[Twin]:
    """The cache on a server, under a prefix of its own that looks like a pattern."""
    prefix = f"lmem[{secrets.token_hex(4)}]*?:"
    async with Redis.from_url(url) as raw:

        async def later(seconds: float) -> None:
            for key in {key async for key in raw.scan_iter()}:  # a scan may tell a key twice
                left = await raw.pttl(key)
                if bytes(key).startswith(prefix.encode()) and left >= 0:
                    await (raw.pexpire(key, round(left - seconds * 1000)) if left > seconds * 1000 else raw.delete(key))

        cache = RedisCache(server_at(url, prefix), "instance-1")
        await cache.open()
        try:
            yield Twin(cache, later)
            await cache.clear()
        finally:
            await cache.close()


def server_at(
    url: str, prefix: str = "lmem:", *, limit: float = 5.0, user: str = "", password: str | None = None,
    ca_file: str = "",
) -> Server:  # fmt: skip
    """The settings of a server."""
    return Server(url, prefix, limit, user, lambda: password, ca_file)
