"""The cache on a Redis server: values under a prefix of this lmem's own, with a mark beside them that says whose it is.

Not the way to the server (link.py). Everything here may vanish at any moment.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence

from lmem.domain.cachekeys import Kind
from lmem.errors import InvalidInput, StoreUnavailable
from lmem.ports.cache import CacheFacts, Value
from lmem.stores.redis.address import parse
from lmem.stores.redis.link import Link, Server
from lmem.stores.redis.values import READS, Command, is_other_kind, milliseconds, number, stored, text, value, walked

SCANNED = 500
"""Keys that one step of a walk over the server looks at: a millisecond of its time."""


class RedisCache:
    """Implements lmem.ports.cache.CacheStore. `instance` is the id of the truth whose cache it is."""

    is_remote = True

    def __init__(self, server: Server, instance: str) -> None:
        self._server = server
        self._link = Link(server, instance)

    async def open(self) -> None:
        await self._link.open()

    async def get(self, wanted: Sequence[tuple[str, Kind]]) -> list[Value | None]:
        commands: list[Command] = [("GET", self._link.mark)]
        for name, kind in wanted:
            command, *rest = READS[kind]
            commands.append((command, self._link.named(name), *rest))
        mark, *answers = await self._link.send(commands)
        if not await self._link.is_ours(mark):
            return [None] * len(wanted)
        return [value(answer, kind) for answer, (_, kind) in zip(answers, wanted, strict=True)]

    async def put(self, values: Mapping[str, Value], ttl: float) -> None:
        commands: list[Command] = []
        for name, item in values.items():
            commands += stored(self._link.named(name), item, milliseconds(ttl))
        if commands:
            await self._link.send(commands, whole=not all(isinstance(item, bytes) for item in values.values()))

    async def push(self, name: str, item: str, most: int, ttl: float) -> None:
        key = self._link.named(name)
        await self._grow(key, [("LPUSH", key, item), ("LTRIM", key, 0, most - 1)], ttl)

    async def add(self, name: str, members: Collection[str], ttl: float) -> None:
        key = self._link.named(name)
        await self._grow(key, [("SADD", key, *members)] if members else [], ttl)

    async def bump(self, name: str, amounts: Mapping[str, int], ttl: float) -> None:
        key = self._link.named(name)
        await self._grow(key, [("HINCRBY", key, field, amount) for field, amount in amounts.items()], ttl)

    async def delete(self, names: Collection[str]) -> int:
        if not names:
            return 0
        return number((await self._link.send([("UNLINK", *map(self._link.named, names))]))[0])

    async def clear(self) -> int:
        gone = 0
        async for keys in self._keys():
            gone += number((await self._link.send([("UNLINK", *keys)]))[0])
        return gone

    async def size(self) -> tuple[int, int] | None:
        entries = taken = 0
        try:
            async for keys in self._keys():
                entries += len(keys)
                taken += sum(map(number, await self._link.send([("MEMORY", "USAGE", key) for key in keys])))
        except StoreUnavailable:
            return None
        return entries, taken

    async def facts(self) -> CacheFacts:
        link = self._link
        state = "starting" if link.starting else "down" if link.trouble is not None else "ready"
        try:
            address = str(parse(self._server.url))
        except InvalidInput:  # nothing of such a URL is shown: a password may be in it
            address = None
        return CacheFacts(
            "redis", state, wiped=link.wiped, address=address, version=link.version, in_the_clear=link.in_the_clear
        )

    async def names(self, start: str) -> list[str]:
        prefix = len(self._link.named(""))
        return [text(key[prefix:]) async for keys in self._keys(start) for key in keys]

    async def is_marked(self) -> bool:
        (mark,) = await self._link.send([("GET", self._link.mark)])
        return mark is not None and await self._link.is_ours(mark)

    async def close(self) -> None:
        await self._link.close()

    async def _grow(self, key: bytes, commands: Sequence[Command], ttl: float) -> None:
        """Run commands that add to a value; what is of another kind there goes, and the next one begins anew."""
        if commands:
            answers = await self._link.send([*commands, ("PEXPIRE", key, milliseconds(ttl))], whole=True)
            if any(map(is_other_kind, answers)):
                await self._link.send([("UNLINK", key)])

    async def _keys(self, start: str = "") -> AsyncIterator[list[bytes]]:
        """Our keys that begin so, but the mark, some at a time; one may come twice."""
        mine = self._link.named(start)
        pattern = b"".join(b"\\" + bytes([char]) if char in b"*?[]^-\\" else bytes([char]) for char in mine)
        cursor = 0
        while True:
            (step,) = await self._link.send([("SCAN", cursor, "MATCH", pattern + b"*", "COUNT", SCANNED)])
            cursor, keys = walked(step)
            found = [key for key in keys if key != self._link.mark]
            if found:
                yield found
            if not cursor:
                return
