"""What the cache answers: nothing that is void, nothing of another life, no failure; and what it lets go of."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from lmem.domain import cachekeys
from lmem.domain.cachekeys import CACHE_KEYS, Key, Kind
from lmem.errors import Conflict, StoreUnavailable
from lmem.ports.cache import Value
from lmem.service import cachedates
from lmem.service.caches import NO_CACHE, Caches
from lmem.service.changes import MOST, Changes
from lmem.stores.inprocess.cache import LocalCache
from tests.unit.service.faultycache import FaultyCache

ONE, TWO = "1" * 32, "2" * 32
BY_KIND: dict[Kind, tuple[Key, Value]] = {
    "string": (cachekeys.memory(ONE), b'{"a":1}'),
    "list": (cachekeys.outgoing(ONE), ("x", "y")),
    "set": (cachekeys.working_memory(ONE), frozenset({"x"})),
    "hash": (cachekeys.layer_stats("project"), {"here": "3"}),
}


def drive(scenario: Callable[[Caches, LocalCache], Awaitable[None]], remote: bool = False) -> None:
    async def run() -> None:
        store = FaultyCache() if remote else LocalCache(1 << 20)
        caches = Caches(store)
        await caches.open()
        await scenario(caches, store)
        await caches.settled()

    asyncio.run(run())


@pytest.mark.parametrize("kind", BY_KIND)
def test_a_value_comes_back_as_it_was_put(kind: Kind) -> None:
    key, value = BY_KIND[kind]

    async def scenario(caches: Caches, store: LocalCache) -> None:
        assert await caches.get(key) is None
        await caches.put(key, value, caches.number)
        assert await caches.get(key) == value
        tally = caches.tallies[key.row.pattern]
        assert (tally.hits, tally.misses, tally.writes) == (1, 1, 1)

    drive(scenario)


@pytest.mark.parametrize("empty", [(cachekeys.outgoing(ONE), ()), (cachekeys.working_memory(ONE), frozenset[str]())])
def test_that_there_is_nothing_is_worth_keeping_too(empty: tuple[Key, Value]) -> None:
    async def scenario(caches: Caches, store: LocalCache) -> None:
        await caches.put(*empty, caches.number)
        assert await caches.get(empty[0]) == empty[1]

    drive(scenario)


@pytest.mark.parametrize("row", [row for row in CACHE_KEYS.values() if row.dated], ids=lambda row: row.pattern)
def test_each_event_makes_a_value_void_and_removes_it(row: cachekeys.CacheKey) -> None:
    values: dict[Kind, Value] = {kind: value for kind, (_, value) in BY_KIND.items()}
    variable = f"{row.pattern.partition('{')[0]}{ONE}{row.pattern.partition('}')[2]}" if "{" in row.pattern else ""
    key = Key(row, variable or row.pattern, ONE)

    async def scenario(caches: Caches, store: LocalCache) -> None:
        for event in (*row.own, *row.any, "purge"):
            await caches.put(key, values[row.kind], caches.number)
            caches.heard([("counters", "")] if "counters" not in row.any else [("pattern", TWO)])
            assert await caches.get(key) is not None, "another event"
            if event in row.own:
                caches.heard([(event, TWO)])
                assert await caches.get(key) is not None, "another object"
            caches.heard([(event, ONE)])
            assert await caches.get(key) is None, event
            await caches.settled()
            assert await store.size() == (0, 0), event

    drive(scenario)


@pytest.mark.parametrize("row", [row for row in CACHE_KEYS.values() if not row.dated], ids=lambda row: row.pattern)
def test_a_purge_removes_what_no_other_event_does(row: cachekeys.CacheKey) -> None:
    async def scenario(caches: Caches, store: LocalCache) -> None:
        await caches.put(Key(row, row.pattern), BY_KIND[row.kind][1], caches.number)
        caches.heard([("memory", ONE), ("purge", ONE)])
        await caches.settled()
        assert await store.size() == (0, 0)

    drive(scenario)


@pytest.mark.parametrize("make", [cachekeys.search, cachekeys.query, cachekeys.decision])
def test_a_hash_is_another_one_after_each_event_of_its_key_and_for_each_part(make: Callable[[str], Key]) -> None:
    async def scenario(caches: Caches, store: LocalCache) -> None:
        names = {caches.hashed(make, "a", 1).name, caches.hashed(make, "a", 2).name, caches.hashed(make, "a", 1).name}
        assert len(names) == 2
        for event in (*make("").row.any, "purge"):
            before = caches.hashed(make, "a", 1)
            caches.heard([("pattern", ONE)])
            assert caches.hashed(make, "a", 1) == before
            caches.heard([(event, "")])
            assert caches.hashed(make, "a", 1) != before

    drive(scenario)


def test_a_value_that_was_read_before_a_change_and_put_after_it_is_void() -> None:
    key, value = BY_KIND["string"]

    async def scenario(caches: Caches, store: LocalCache) -> None:
        at = caches.number
        caches.heard([("memory", ONE)])
        await caches.put(key, value, at)
        assert await caches.get(key) is None
        assert await store.size() == (0, 0), "it is not even stored"

    drive(scenario)


def test_a_value_that_is_on_its_way_to_a_server_while_the_truth_changes_is_void() -> None:
    key, value = BY_KIND["string"]

    async def scenario(caches: Caches, store: LocalCache) -> None:
        assert isinstance(store, FaultyCache)
        store.waits.clear()
        await caches.put(key, value, caches.number)
        caches.heard([("memory", ONE)])
        store.waits.set()
        await caches.settled()
        assert await caches.get(key) is None

    drive(scenario, remote=True)


def test_what_is_on_its_way_does_not_outlive_a_purge() -> None:
    key, value = BY_KIND["string"]

    async def scenario(caches: Caches, store: LocalCache) -> None:
        assert isinstance(store, FaultyCache)
        store.waits.clear()
        await caches.put(key, value, caches.number)
        caches.heard([("purge", TWO)])
        await asyncio.sleep(0)
        store.waits.set()
        await caches.settled()
        assert await store.size() == (0, 0)

    drive(scenario, remote=True)


@pytest.mark.parametrize("kind", BY_KIND)
def test_a_value_of_another_life_is_none(kind: Kind) -> None:
    key, value = BY_KIND[kind]

    async def scenario(caches: Caches, store: LocalCache) -> None:
        later = Caches(store)
        await later.open()
        await caches.put(key, value, caches.number)
        assert await later.get(key) is None
        await store.put({key.name: value}, 60)
        assert await later.get(key) is None, "and one without a date"

    drive(scenario)


def test_a_server_that_is_away_is_a_miss_and_a_trouble() -> None:
    key, value = BY_KIND["string"]

    async def scenario(caches: Caches, store: LocalCache) -> None:
        assert isinstance(store, FaultyCache)
        await caches.put(key, value, caches.number)
        await caches.settled()
        store.fails = StoreUnavailable("It is away.")
        assert await caches.get(key) is None
        assert caches.trouble is store.fails
        await caches.put(key, value, caches.number)
        await caches.push(cachekeys.history(ONE), "x", 3)
        caches.heard([("relation", TWO)])
        await caches.settled()
        store.fails = None
        assert await caches.get(key) == value
        assert caches.trouble is None

    drive(scenario, remote=True)


def test_a_change_while_the_server_is_away_makes_void_what_it_still_has() -> None:
    key, value = BY_KIND["string"]

    async def scenario(caches: Caches, store: LocalCache) -> None:
        assert isinstance(store, FaultyCache)
        await caches.put(key, value, caches.number)
        await caches.settled()
        store.fails = StoreUnavailable("It is away.")
        caches.heard([("memory", ONE)])
        await caches.settled()
        store.fails = None
        assert await caches.get(key) is None

    drive(scenario, remote=True)


def test_a_purge_that_does_not_reach_the_server_is_known_until_it_does() -> None:
    key, value = BY_KIND["string"]

    async def scenario(caches: Caches, store: LocalCache) -> None:
        assert isinstance(store, FaultyCache)
        await caches.put(key, value, caches.number)
        await caches.settled()
        store.fails = StoreUnavailable("It is away.")
        caches.heard([("purge", ONE)])
        await caches.settled()
        assert caches.holds_purged
        with pytest.raises(StoreUnavailable):
            await caches.clear()
        store.fails = None
        assert await caches.clear() == 1
        assert not caches.holds_purged

    drive(scenario, remote=True)


def test_what_cannot_be_opened_is_a_trouble_and_no_error() -> None:
    class Refused(LocalCache):
        async def open(self) -> None:
            raise Conflict("The keys belong to another lmem.")

    async def run() -> None:
        caches = Caches(Refused(1000))
        await caches.open()
        assert caches.trouble is not None and caches.trouble.code == "conflict"

    asyncio.run(run())


def test_before_it_is_open_nothing_is_asked_and_nothing_is_wrong() -> None:
    key, value = BY_KIND["string"]

    async def run() -> None:
        caches = Caches(FaultyCache())
        await caches.put(key, value, caches.number)
        assert await caches.get(key) is None
        assert caches.trouble is None
        assert caches.tallies[key.row.pattern].misses == 0

    asyncio.run(run())


@pytest.mark.parametrize("kind", BY_KIND)
def test_a_value_that_answers_something_else_is_a_miss(kind: Kind) -> None:
    key, value = BY_KIND[kind]

    async def scenario(caches: Caches, store: LocalCache) -> None:
        await caches.put(key.answering("first page", 10), value, caches.number)
        assert await caches.get(key.answering("first page", 20)) is None
        assert await caches.get(key) is None
        assert await caches.get(key.answering("first page", 10)) == value
        tally = caches.tallies[key.row.pattern]
        assert (tally.hits, tally.misses) == (1, 2)

    drive(scenario)


def test_without_a_store_nothing_is_cached() -> None:
    key, value = BY_KIND["string"]

    async def run() -> None:
        await NO_CACHE.open()
        await NO_CACHE.put(key, value, NO_CACHE.number)
        await NO_CACHE.push(cachekeys.history(ONE), "x", 3)
        assert await NO_CACHE.get(key) is None
        assert await NO_CACHE.clear() == 0
        await NO_CACHE.close()

    asyncio.run(run())


def test_too_many_objects_make_everything_void_and_nothing_right() -> None:
    changes = Changes()
    row = CACHE_KEYS["memory:{memory_id}"]
    changes.happened([("memory", ONE)])
    assert changes.last(row, ONE) == changes.number
    assert changes.last(row, TWO) == 0
    for number in range(MOST + 2):
        changes.happened([("memory", f"{number:032x}")])
    assert changes.last(row, TWO) > changes.last(row, ONE) - MOST
    assert changes.last(row, ONE) >= MOST, "its own number was forgotten, so no older value of it counts"


def test_an_event_of_unnamed_objects_is_one_of_each() -> None:
    changes = Changes()
    changes.happened([("memory", "")])
    assert changes.last(CACHE_KEYS["memory:{memory_id}"], ONE) == 1


@pytest.mark.parametrize(
    "value", [b"", b"no date", b"@life", b"@life.x.\n", b"@life.1.mark\n", ("@life.",), frozenset({"@other.1."}), {}]
)
def test_what_has_no_date_has_none(value: Value) -> None:
    assert cachedates.undated(value, "life") is None
