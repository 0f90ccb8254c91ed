"""Which cache the settings mean, and what is said of it."""

from __future__ import annotations

import asyncio

import pytest

from lmem.config import Config, layered
from lmem.daemon import cacheserver, cachestatus
from lmem.errors import StoreUnavailable
from lmem.ports.cache import CacheFacts
from lmem.service.caches import NO_CACHE, Caches
from lmem.stores.inprocess.cache import LocalCache
from lmem.stores.redis.cache import RedisCache


def config(**given: object) -> Config:
    return layered((("user file", {key.replace("__", "."): value for key, value in given.items()}),))


def test_the_cache_is_in_process_unless_a_server_is_named() -> None:
    local = cacheserver.store(config(cache__max_mb=2), "i")
    assert isinstance(local, LocalCache)
    assert asyncio.run(local.facts()).most_bytes == 2_000_000
    assert isinstance(cacheserver.store(config(redis__url="redis://127.0.0.1:1"), "i"), RedisCache)


class Told(LocalCache):
    """A cache that says what it is told."""

    def __init__(self, facts: CacheFacts) -> None:
        super().__init__(1)
        self._told = facts

    async def facts(self) -> CacheFacts:
        return self._told


@pytest.mark.parametrize(
    ("facts", "level", "message"),
    [
        (CacheFacts("in process", "ready"), "ok", "The daemon itself keeps the cache."),
        (CacheFacts("redis", "ready", address="redis://h:1/0"), "ok", "Redis at redis://h:1/0 keeps the cache."),
        (CacheFacts("redis", "ready", wiped=2, address="redis://h:1/0"), "ok", "emptied behind lmem's back (2 times)"),
        (CacheFacts("redis", "ready", address="redis://h:1/0", in_the_clear=True), "warn", "network unencrypted"),
        (CacheFacts("redis", "down", address="redis://h:1/0"), "warn", "It is away."),
    ],
)
def test_doctor_says_how_the_cache_is(facts: CacheFacts, level: str, message: str) -> None:
    async def run() -> None:
        caches = Caches(Told(facts))
        caches.trouble = StoreUnavailable("It is away.", hint="Start it.") if facts.state == "down" else None
        found = await cachestatus.finding(caches)
        assert (found.check, found.level) == ("cache", level)
        assert message in found.message
        state = await cachestatus.state(caches)
        assert state["state"] == facts.state and state.get("url") == facts.address
        assert ("reason" in state) == (facts.state == "down")
        assert (await cachestatus.state(NO_CACHE))["engine"] == "none"

    asyncio.run(run())
