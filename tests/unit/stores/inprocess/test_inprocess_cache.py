"""The cache in process: its bound, who makes room, and what it takes of the memory there is."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Awaitable, Callable

from lmem.ports.cache import Value
from lmem.stores.inprocess.cache import LocalCache

MANY = 400


def run(most_bytes: int, scenario: Callable[[LocalCache], Awaitable[None]]) -> LocalCache:
    cache = LocalCache(most_bytes, lambda: 0.0)
    asyncio.run(scenario(cache))  # type: ignore[arg-type]
    return cache


async def has(cache: LocalCache, name: str) -> bool:
    return (await cache.get([(name, "string")])) != [None]


def test_the_longest_unused_makes_room() -> None:
    async def scenario(cache: LocalCache) -> None:
        for name in "abc":
            await cache.put({name: b"x" * 1000}, 60)
        assert await has(cache, "a")  # so b is the longest unused
        await cache.put({"d": b"x" * 1000}, 60)
        assert [await has(cache, name) for name in "abcd"] == [True, False, True, True]
        assert (await cache.facts()).evicted == 1

    run(4 * 1300, scenario)


def test_a_value_that_is_too_large_is_not_kept_and_its_older_one_is_not_shown() -> None:
    async def scenario(cache: LocalCache) -> None:
        await cache.put({"one": b"x", "two": b"y"}, 60)
        await cache.put({"one": b"x" * 10_000}, 60)
        assert not await has(cache, "one")
        assert await has(cache, "two")

    run(5000, scenario)


def test_a_cache_of_no_bytes_keeps_nothing() -> None:
    async def scenario(cache: LocalCache) -> None:
        await cache.put({"one": b"x"}, 60)
        await cache.push("list", "x", 3, 60)
        await cache.bump("hash", {"x": 1}, 60)
        assert await cache.size() == (0, 0)

    run(0, scenario)


def test_nobody_changes_a_value_from_outside() -> None:
    async def scenario(cache: LocalCache) -> None:
        fields = {"hits": "1"}
        await cache.put({"hash": fields}, 60)
        fields["hits"] = "2"
        (found,) = await cache.get([("hash", "hash")])
        assert found == {"hits": "1"}
        assert isinstance(found, dict)
        found["hits"] = "3"
        assert await cache.get([("hash", "hash")]) == [{"hits": "1"}]

    run(10_000, scenario)


def _small(number: int) -> dict[str, Value]:
    return {f"memory:{number:032x}": b"{%d}" % number}


def _lists(number: int) -> dict[str, Value]:
    return {f"relationships:{number:032x}:outgoing": tuple(f"{number + item:032x} resolves" for item in range(20))}


def _hashes(number: int) -> dict[str, Value]:
    return {f"layer:stats:{number:032x}": {f"field{item}": str(number * item) for item in range(20)}}


def test_it_takes_no_more_memory_than_it_says() -> None:
    """Of every kind of value, with the dictionary's own growth and the parts of each object."""
    for make in (_small, _lists, _hashes):

        async def scenario(cache: LocalCache, make: Callable[[int], dict[str, Value]] = make) -> None:
            tracemalloc.start()
            try:
                for number in range(MANY):
                    await cache.put(make(number), 60)
                taken, _ = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            size = await cache.size()
            assert size is not None
            assert size[0] == MANY
            assert 0.4 < taken / size[1] < 1.05, f"{make.__name__}: {taken:,} taken, {size[1]:,} said"

        run(1 << 24, scenario)
