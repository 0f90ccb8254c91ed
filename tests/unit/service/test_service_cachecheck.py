"""Verify and repair of a cache: copies that differ, that outlived their memory, and a server that was emptied."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from lmem.domain import cachekeys
from lmem.domain.cachekeys import Kind
from lmem.domain.consistency import Issue
from lmem.errors import StoreUnavailable
from lmem.ports.cache import Value
from lmem.service import cachedates, cachejson
from lmem.service.cachecheck import CacheCheck, CacheRebuilder
from lmem.service.cacheprojector import CacheProjector
from lmem.service.caches import Caches
from lmem.service.consistency import Consistency
from lmem.service.copies import CopyRelay
from lmem.service.reads import Reads
from tests.unit.service.faultycache import FaultyCache
from tests.unit.service.service_kit import Kit, drive


class Emptied(FaultyCache):
    """A server that somebody emptied, its mark included, until it is asked for a value."""

    marked = True

    async def is_marked(self) -> bool:
        self._check()
        return self.marked

    async def get(self, wanted: Sequence[tuple[str, Kind]]) -> list[Value | None]:
        self.marked = True
        return await super().get(wanted)


class Checked:
    """A cache on a server with what compares it and what mends it."""

    def __init__(self, kit: Kit) -> None:
        self.kit, self.store = kit, Emptied()
        self.caches = Caches(self.store)
        self.check = CacheCheck(kit.storage, self.caches)
        self.relay = CopyRelay(kit.storage, CacheProjector(kit.storage, self.caches, kit.clock), kit.clock)
        self.consistency = Consistency(kit.storage, kit.clock, [self.check], self.relay.wake)
        self.reads = Reads(kit.storage, self.caches)

    async def settled(self) -> None:
        """Return when the relay has caught up, and nothing is being put any more."""
        self.relay.wake()  # the kit's services wake the vectors' relay alone
        await self.consistency._applied("cache-0001", 1, lambda store, done, total: None)
        await self.caches.settled()

    async def issues(self) -> set[Issue]:
        (report,) = await self.consistency.verify(self.kit.actor, ["cache"])
        assert report.unavailable is None
        return set(report.issues)

    async def forge(self, memory_id: str, content: str, life: str | None = None) -> None:
        """Change the copy of a memory behind lmem's back."""
        await self.settled()
        memory = (await self.reads.get(self.kit.actor, memory_id)).memory
        await self.settled()
        value = cachejson.packed({**cachejson.memory_to_json(memory), "content_hash": content[:32].ljust(32, "0")})
        dated = cachedates.dated(value, life or self.caches.changes.life, self.caches.number)
        await self.store.put({cachekeys.memory(memory_id).name: dated}, 60)


def checked(tmp_path: Path, scenario: Callable[[Checked], Awaitable[None]]) -> None:
    async def run(kit: Kit) -> None:
        at = Checked(kit)
        kit.storage.on_change = at.caches.heard
        await at.caches.open()
        task = asyncio.create_task(at.relay.run())
        at.relay.wake()
        try:
            await scenario(at)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await at.caches.close()

    drive(tmp_path, run)


def test_copies_agree_and_what_is_not_cached_is_not_missed(tmp_path: Path) -> None:
    async def scenario(at: Checked) -> None:
        ids = [await at.kit.add(f"number {number}") for number in range(3)]
        await at.settled()
        for memory_id in ids[:2]:
            await at.reads.get(at.kit.actor, memory_id)
        await at.settled()
        (report,) = await at.consistency.verify(at.kit.actor, ["cache"])
        assert (report.issues, report.checked, report.clean) == ((), 3, True)
        _, (synced,) = await at.consistency.sync(at.kit.actor, ids[0])
        assert (synced.store, synced.state) == ("cache", "absent")

    checked(tmp_path, scenario)


def test_damage_is_named_and_repaired(tmp_path: Path) -> None:
    async def scenario(at: Checked) -> None:
        good, changed = [await at.kit.add(f"number {number}") for number in range(2)]
        await at.settled()
        for memory_id in (good, changed):
            await at.reads.get(at.kit.actor, memory_id)
        await at.settled()
        orphan = "f" * 32
        await at.forge(changed, "something else")
        (value,) = await at.store.get([(cachekeys.memory(good).name, "string")])
        assert isinstance(value, bytes)
        await at.store.put({cachekeys.memory(orphan).name: value.replace(good.encode(), orphan.encode())}, 60)
        wanted = {Issue("memory", changed, "stale"), Issue("memory", orphan, "orphaned")}
        assert await at.issues() == wanted
        await at.consistency.repair(at.kit.actor, ["cache"])
        assert await at.issues() == set()
        assert (await at.reads.get(at.kit.actor, changed)).memory.title == "number 1"

    checked(tmp_path, scenario)


def test_a_void_copy_is_wrong_only_when_its_memory_is_gone(tmp_path: Path) -> None:
    async def scenario(at: Checked) -> None:
        made = await at.kit.add("number one")
        await at.forge(made, "something else", life="another")
        assert await at.issues() == set()
        await at.kit.memories.edit(at.kit.actor, made, {"is_private": True}, None)
        await at.settled()
        await at.forge(made, "something else", life="another")
        assert await at.issues() == {Issue("memory", made, "orphaned")}

    checked(tmp_path, scenario)


def test_an_emptied_server_misses_its_mark_until_it_is_repaired(tmp_path: Path) -> None:
    async def scenario(at: Checked) -> None:
        at.store.marked = False
        assert await at.issues() == {Issue("mark", "instance", "missing")}
        await at.consistency.repair(at.kit.actor, ["cache"])
        assert await at.issues() == set()

    checked(tmp_path, scenario)


def test_a_server_that_is_away_says_so_and_holds_what_was_purged(tmp_path: Path) -> None:
    async def scenario(at: Checked) -> None:
        made = await at.kit.add("number one")
        await at.settled()
        await at.reads.get(at.kit.actor, made)
        await at.settled()
        assert await at.check.left([made]) == 1
        at.store.fails = StoreUnavailable("It is away.")
        (report,) = await at.consistency.verify(at.kit.actor, ["cache"])
        assert report.unavailable == "It is away."
        await at.kit.lifecycle.purge(at.kit.actor, [made], False)
        with pytest.raises(StoreUnavailable):
            await at.check.left([made])
        at.store.fails = None
        at.relay.wake()
        await at.settled()
        assert await at.check.left([made]) == 0

    checked(tmp_path, scenario)


def test_rebuilding_empties_it(tmp_path: Path) -> None:
    async def scenario(at: Checked) -> None:
        made = await at.kit.add("number one")
        await at.settled()
        await at.reads.get(at.kit.actor, made)
        await at.settled()
        rebuilder = CacheRebuilder(at.caches)
        assert await rebuilder.rebuild() is None and rebuilder.building is None
        assert await at.store.size() == (0, 0)

    checked(tmp_path, scenario)
