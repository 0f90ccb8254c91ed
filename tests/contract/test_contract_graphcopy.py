"""The contract of a graph's copy, on each implementation: a real Neo4j, and the twin in memory."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import pytest

from lmem.domain.graph import Wanted
from lmem.errors import Conflict, IndexLost
from lmem.ports.graph import GraphCopy, Held
from lmem.stores.neo4j import pages
from lmem.stores.neo4j.address import Address
from lmem.stores.neo4j.copy import Neo4jCopy
from lmem.stores.neo4j.door import Door
from tests.contract.graphcopies import MemoryCopy, Server
from tests.contract.graphs import (
    EDGES,
    MEMORIES,
    OWNER,
    PROJECTS,
    USER,
    World,
    edge,
    full,
    memory,
    project,
    user,
)

if TYPE_CHECKING:
    from tests.servers.neo4j import Neo4jServer

T = TypeVar("T")
Make = Callable[[], GraphCopy]
CLEAR = "MATCH (n) WHERE NOT n:Migration DETACH DELETE n"


@pytest.fixture(params=["neo4j", "memory"])
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """Makes clients of one copy, which is empty."""
    if request.param == "memory":
        server = Server()
        yield lambda: MemoryCopy(server)
        return
    real: Neo4jServer = request.getfixturevalue("neo4j_server")
    real.ask(CLEAR)
    yield lambda: Neo4jCopy(_door(real), "one")


def _door(server: Neo4jServer) -> Door:
    return Door(Address(server.url, timeout=30.0), lambda: server.password)


def drive(make: Make, scenario: Callable[[GraphCopy], Awaitable[T]]) -> T:
    """Run a scenario on a copy that is opened."""

    async def run() -> T:
        copy = make()
        try:
            await copy.open(OWNER)
            return await scenario(copy)
        finally:
            await copy.close()

    return asyncio.run(run())


async def _all(copy: GraphCopy, page: int = 1000) -> list[Held]:
    found: list[Held] = []
    while some := await copy.held((found[-1].kind, found[-1].id) if found else None, page):
        found += some
    return found


# Opening


def test_a_copy_is_the_same_until_it_is_wiped(make: Make) -> None:
    async def scenario(copy: GraphCopy) -> None:
        first = await copy.open(OWNER)
        await copy.apply(full().everything(), 3)
        again = await copy.open(OWNER)
        assert (again.id, again.generation, again.schema) == (first.id, 3, first.schema)
        assert first.generation == 0 and first.schema >= 1

    drive(make, scenario)


def test_another_owner_is_refused(make: Make) -> None:
    async def scenario(copy: GraphCopy) -> None:
        other = make()
        with pytest.raises(Conflict, match="belongs to another lmem") as refused:
            await other.open("e" * 32)
        assert "neo4j.prefix" in refused.value.hint
        await other.close()
        await copy.check()

    drive(make, scenario)


def test_who_opened_last_writes_alone(make: Make) -> None:
    async def scenario(copy: GraphCopy) -> None:
        later = make()
        await later.open(OWNER)
        for call in (copy.check(), copy.apply(full().everything(), 1), copy.sweep(1), copy.remove([])):
            with pytest.raises(IndexLost):
                await call
        await later.apply(full().everything(), 1)
        await later.close()

    drive(make, scenario)


# Applying


def test_what_is_applied_is_held_with_every_property(make: Make) -> None:
    async def scenario(copy: GraphCopy) -> None:
        world = full()
        await copy.apply(world.everything(), 1)
        assert await _all(copy) == world.held()
        assert await copy.size() == (len(world.nodes), len(world.edges))
        assert {item.kind for item in world.held()} == {*EDGES, "Memory", "Project", "Pattern", "User"}

    drive(make, scenario)


def test_applying_twice_is_applying_once(make: Make) -> None:
    async def scenario(copy: GraphCopy) -> None:
        world = full()
        for _ in range(2):
            await copy.apply(world.everything(), 1)
        assert await _all(copy) == world.held()

    drive(make, scenario)


@pytest.mark.parametrize("few", [0, pages.FEW], ids=["by-index", "sorted"])
def test_pages_of_any_size_tell_the_same(make: Make, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "FEW", few)

    async def scenario(copy: GraphCopy) -> None:
        world = full()
        world.put(*(memory(number) for number in range(4, 9)))
        world.put(*(edge("RELATES_TO", MEMORIES[at], MEMORIES[to]) for at in range(4) for to in range(4, 9)))
        await copy.apply(world.everything(), 1)
        for page in (3, 7):
            assert await _all(copy, page) == world.held()

    drive(make, scenario)


def test_no_stale_property_or_edge_survives(make: Make) -> None:
    async def scenario(copy: GraphCopy) -> None:
        world = World()
        world.put(user(), project(0), memory(0, category="testing"), memory(1), memory(2))
        world.put(edge("RELATES_TO", MEMORIES[0], MEMORIES[1]), edge("RELATES_TO", MEMORIES[2], MEMORIES[0]))
        world.put(edge("BELONGS_TO", MEMORIES[0], PROJECTS[0]), edge("OWNS", USER, PROJECTS[0]))
        await copy.apply(world.everything(), 1)
        world.edges = {name: item for name, item in world.edges.items() if item.type == "OWNS"}
        world.put(memory(0, rev=2, category=None, title="Another"))
        await copy.apply(world.wanted([("Memory", MEMORIES[0])]), 1)
        assert await _all(copy) == world.held()

    drive(make, scenario)


def test_an_older_revision_never_overwrites_a_newer_one(make: Make) -> None:
    async def scenario(copy: GraphCopy) -> None:
        old, new = full(), full()
        link = edge("RELATES_TO", MEMORIES[2], MEMORIES[3], rev=2, strength=0.1)
        new.put(memory(0, rev=5, title="The newer one"), link)
        new.edges.pop(("CONTRADICTS", MEMORIES[0], MEMORIES[1], ""))
        new.put(memory(1, rev=5))
        await copy.apply(new.everything(), 1)
        await copy.apply(old.wanted([("Memory", MEMORIES[0]), ("Memory", MEMORIES[1])]), 1)
        await copy.apply(Wanted((), (replace(link, rev=1, properties={}),)), 1)
        assert await _all(copy) == new.held()
        await copy.apply(old.everything(), 2)
        assert await _all(copy) == old.held(), "a later generation starts anew"

    drive(make, scenario)


def test_an_edge_may_come_before_its_ends(make: Make) -> None:
    async def scenario(copy: GraphCopy) -> None:
        world = full()
        link = edge("RELATES_TO", MEMORIES[0], MEMORIES[1])
        await copy.apply(world.wanted([], [link.id]), 1)
        assert await copy.size() == (2, 1)
        for item in world.nodes:
            await copy.apply(world.wanted([item]), 1)
        assert await _all(copy) == world.held()

    drive(make, scenario)


def test_a_row_that_was_made_anew_replaces_its_edge(make: Make) -> None:
    async def scenario(copy: GraphCopy) -> None:
        world = full()
        world.put(edge("RELATES_TO", MEMORIES[0], MEMORIES[1], rev=7))
        await copy.apply(world.everything(), 1)
        made = replace(edge("RELATES_TO", MEMORIES[0], MEMORIES[1]), id="9" * 32, properties={"strength": 0.2})
        world.put(made)
        await copy.apply(world.wanted([], [made.id]), 1)
        assert await _all(copy) == world.held()

    drive(make, scenario)


def test_what_is_gone_takes_its_edges_along(make: Make) -> None:
    async def scenario(copy: GraphCopy) -> None:
        world = full()
        await copy.apply(world.everything(), 1)
        link = edge("SUPERSEDES", MEMORIES[0], MEMORIES[1])
        world.edges.pop(("SUPERSEDES", MEMORIES[0], MEMORIES[1], ""))
        await copy.apply(world.wanted([], [link.id]), 1)
        assert await _all(copy) == world.held()
        for item in [("Memory", MEMORIES[1]), ("Project", PROJECTS[1])]:
            world.remove(item)
            await copy.apply(world.wanted([item, item]), 1)
        assert await _all(copy) == world.held()
        await copy.apply(Wanted((), (), (("Memory", "0" * 32),), ("1" * 32,)), 1)
        assert await _all(copy) == world.held()

    drive(make, scenario)


# Rebuilding, verifying


def test_a_sweep_leaves_what_this_generation_wrote(make: Make) -> None:
    async def scenario(copy: GraphCopy) -> None:
        old, new = full(), full()
        old.put(memory(7), memory(8), edge("RELATES_TO", MEMORIES[7], MEMORIES[0]))
        old.put(edge("RELATES_TO", MEMORIES[2], MEMORIES[3]))
        await copy.apply(old.everything(), 1)
        for item in new.nodes:
            await copy.apply(new.wanted([item]), 2)
        assert await copy.size(2) == (len(new.nodes), len(new.edges)) or await copy.size(2) > (0, 0)
        assert await copy.sweep(2) >= 2
        assert await _all(copy) == new.held()
        assert await copy.sweep(2) == 0

    drive(make, scenario)


def test_orphans_are_told_and_removed(make: Make) -> None:
    async def scenario(copy: GraphCopy) -> None:
        world, orphans = full(), full()
        orphans.put(memory(8), edge("BUILDS_ON", MEMORIES[8], MEMORIES[0]), edge("RESOLVES", MEMORIES[2], MEMORIES[3]))
        orphans.put(edge("USED_IN", *_ends_of("USED_IN"), "2026-11-11"))
        await copy.apply(orphans.everything(), 1)
        await copy.remove([item for item in await _all(copy) if item not in world.held()])
        assert await _all(copy) == world.held()
        await copy.remove([Held("Memory", "0" * 32, ""), Held("RELATES_TO", "0/1/", "")])
        assert await _all(copy) == world.held()

    drive(make, scenario)


def _ends_of(type_: str) -> tuple[str, str]:
    return next((start, end) for name, start, end, _ in full().edges if name == type_)


@pytest.mark.parametrize("seed", range(5))
def test_random_histories_converge(make: Make, seed: int) -> None:
    """Changes in any batches, batches again, and an old one among them: as if all had been written at once."""

    async def scenario(copy: GraphCopy) -> None:
        chance, world = random.Random(seed), full()
        await copy.apply(world.everything(), 1)
        for _ in range(12):
            changes = [world.change(chance) for _ in range(chance.randrange(1, 6))]
            objects = [item for some, _ in changes for item in some]
            relationships = [id for _, some in changes for id in some]
            wanted = world.wanted(objects, relationships)
            for _ in range(chance.choice((1, 1, 2))):
                await copy.apply(wanted, 1)
        assert await _all(copy) == world.held()

    drive(make, scenario)
