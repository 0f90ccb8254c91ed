"""Which cache the daemon has: in process, or the Redis server that the settings name.

Not what is cached (lmem.service.caches). No driver is imported here: the cache does that when it is opened.
"""

from __future__ import annotations

from functools import partial

from lmem.config import Config
from lmem.daemon import credentials
from lmem.ports.cache import CacheStore
from lmem.stores.inprocess.cache import LocalCache

MB = 1_000_000


def store(config: Config, instance: str) -> CacheStore:
    """The cache that is configured, not opened yet; `instance` is the id of the truth."""
    url = config.text("redis.url").strip()
    if not url:
        return LocalCache(config.number("cache.max_mb") * MB)
    from lmem.stores.redis.cache import RedisCache
    from lmem.stores.redis.link import Server

    password = partial(credentials.read, config, "redis.password")
    prefix, user = config.text("redis.prefix"), config.text("redis.user")
    ca_file = credentials.certificates(config, "redis")
    return RedisCache(Server(url, prefix, config.share("redis.timeout_seconds"), user, password, ca_file), instance)
