"""Prefixes: several lmem in one database, a prefix that is changed, and one whose lmem is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import pytest

from lmem.domain.graph import Edge, Wanted
from lmem.errors import Conflict, IndexLost, InvalidInput
from lmem.ports.graph import Held
from lmem.stores.neo4j.copy import Neo4jCopy
from lmem.stores.neo4j.door import Door, Row, Transaction
from tests.contract.graphs import MEMORIES, OWNER, full, memory
from tests.contract.graphservers import CLEAR, door
from tests.contract.graphservers import drive as opened_and_closed

if TYPE_CHECKING:
    from tests.servers.neo4j import Neo4jServer

T = TypeVar("T")
OTHER = "e" * 32


@pytest.fixture
def server(neo4j_server: Neo4jServer) -> Neo4jServer:
    neo4j_server.ask(CLEAR)
    return neo4j_server


def drive(server: Neo4jServer, scenario: Callable[[Callable[[str], Neo4jCopy]], Awaitable[T]]) -> T:
    """Run a scenario with what makes copies by their prefix; all of them are closed."""
    made: list[Neo4jCopy] = []

    def make(prefix: str) -> Neo4jCopy:
        made.append(Neo4jCopy(door(server), prefix))
        return made[-1]

    async def run() -> T:
        try:
            return await scenario(make)
        finally:
            for copy in made:
                await copy.close()

    return asyncio.run(run())


async def _all(copy: Neo4jCopy) -> list[Held]:
    return await copy.held(None, 10_000)


def test_two_lmem_in_a_database_see_nothing_of_each_other(server: Neo4jServer) -> None:
    async def scenario(make: Callable[[str], Neo4jCopy]) -> None:
        one, two = make("one"), make("two")
        await one.open(OWNER)
        await two.open(OTHER)
        world = full()
        await one.apply(world.everything(), 1)
        assert (await two.size(), await _all(two)) == ((0, 0), [])
        await two.apply(Wanted((memory(8),), ()), 5)
        await two.remove(await _all(one))
        await two.apply(Wanted((), (), tuple(world.nodes), tuple(item.id for item in world.edges.values())), 5)
        assert await two.sweep(9) == 1
        assert (await one.size(), await _all(one)) == ((len(world.nodes), len(world.edges)), world.held())

    drive(server, scenario)


@pytest.mark.parametrize("beside", ["nobody", "another lmem", "others' nodes"])
def test_what_it_holds_is_counted_exactly_and_looked_at_only_beside_others(
    server: Neo4jServer, beside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, rows = list[str](), Transaction.rows

    async def noted(self: Transaction, query: str, parameters: Mapping[str, object] | None = None) -> list[Row]:
        sent.append(query)
        return await rows(self, query, parameters)

    async def scenario(make: Callable[[str], Neo4jCopy]) -> None:
        one, two = make("one"), make("two")
        await one.open(OWNER)
        world = full()
        await one.apply(world.everything(), 1)
        if beside == "another lmem":
            await two.open(OTHER)
            ends = Edge("RELATES_TO", "Memory", MEMORIES[7], "Memory", MEMORIES[8], {}, "", "f" * 32, 1)
            await two.apply(Wanted((memory(7), memory(8)), (ends,)), 1)
            assert await two.size() == (2, 1)
        if beside == "others' nodes":
            server.ask("CREATE (:Memory {id: 'x'})-[:RELATES_TO]->(:Thing)<-[:OWNS]-(:User {id: 'y'})")
        monkeypatch.setattr(Transaction, "rows", noted)
        assert await one.size() == (len(world.nodes), len(world.edges))

    drive(server, scenario)

    async def plans(opened: Door) -> set[str]:
        return set[str]().union(*[(await opened.read(partial(Transaction.explain, query=query)))[1] for query in sent])

    operators = opened_and_closed(door(server), plans)
    assert len(sent) == 2
    assert ("Expand(All)" in operators) == (beside != "nobody"), operators


def test_the_same_object_is_kept_for_one_of_them_only(server: Neo4jServer) -> None:
    async def scenario(make: Callable[[str], Neo4jCopy]) -> None:
        one, two = make("one"), make("two")
        await one.open(OWNER)
        await two.open(OTHER)
        world = full()
        await one.apply(world.everything(), 1)
        link = next(item for item in world.edges.values() if item.type == "RELATES_TO")
        for wanted in (Wanted((memory(0, title="Stolen"),), ()), Wanted((), (link,))):
            with pytest.raises(InvalidInput, match="under the prefix 'one'") as refused:
                await two.apply(wanted, 7)
            assert "neo4j.database" in refused.value.hint
        assert (await _all(one), await two.size()) == (world.held(), (0, 0))

    drive(server, scenario)


def test_a_changed_prefix_takes_the_nodes_along(server: Neo4jServer) -> None:
    async def scenario(make: Callable[[str], Neo4jCopy]) -> None:
        old, new, other = make("old"), make("new"), make("other")
        before = await old.open(OWNER)
        await other.open(OTHER)
        await other.apply(Wanted((memory(7),), ()), 1)
        world = full()
        world.put(memory(8))
        await old.apply(world.everything(), 4)
        world.remove(("Memory", MEMORIES[8]))
        opened = await new.open(OWNER)
        assert opened.id != before.id and opened.generation == 4
        with pytest.raises(IndexLost):
            await old.apply(world.everything(), 4)
        await new.apply(world.everything(), 5)
        assert await new.sweep(5) == 1, "what was gone meanwhile"
        assert await _all(new) == world.held()
        assert server.ask("MATCH (n) WHERE n.prefix = 'old' RETURN n") == []
        assert await other.size() == (1, 0)
        assert (await old.open(OWNER)).generation == 5, "and back again"

    drive(server, scenario)


def test_a_prefix_whose_lmem_is_gone_is_free_once_its_claim_is_deleted(server: Neo4jServer) -> None:
    async def scenario(make: Callable[[str], Neo4jCopy]) -> None:
        one, two = make("one"), make("one")
        await one.open(OWNER)
        world = full()
        world.put(memory(8))
        await one.apply(world.everything(), 6)
        with pytest.raises(Conflict) as refused:
            await two.open(OTHER)
        assert "delete (:Instance {prefix: 'one'})" in refused.value.hint
        server.ask("MATCH (i:Instance {prefix: 'one'}) DELETE i")
        opened = await two.open(OTHER)
        assert opened.generation == 6
        world.remove(("Memory", MEMORIES[8]))
        await two.apply(world.everything(), 7)
        await two.sweep(7)
        assert await _all(two) == world.held()

    drive(server, scenario)


def test_a_database_that_was_wiped_is_not_written_to(server: Neo4jServer) -> None:
    async def scenario(make: Callable[[str], Neo4jCopy]) -> None:
        one = make("one")
        before = await one.open(OWNER)
        server.wipe()
        with pytest.raises(IndexLost):
            await one.apply(full().everything(), 1)
        assert server.ask("MATCH (n) RETURN n") == []
        after = await one.open(OWNER)
        assert after.id != before.id and after.schema == before.schema

    drive(server, scenario)


@pytest.mark.parametrize("bad", [{"importance_score": 2**70}, {"title": "\ud800"}, {"created_at": "yesterday"}])
def test_what_it_cannot_hold_is_refused_and_nothing_is_written(server: Neo4jServer, bad: dict[str, str | int]) -> None:
    async def scenario(make: Callable[[str], Neo4jCopy]) -> None:
        one = make("one")
        await one.open(OWNER)
        with pytest.raises(InvalidInput):
            await one.apply(Wanted((memory(0), memory(1, **bad)), ()), 1)  # type: ignore[arg-type]
        assert await one.size() == (0, 0)

    drive(server, scenario)


def test_nodes_and_edges_hold_the_specifications_properties_in_its_types(server: Neo4jServer) -> None:
    async def scenario(make: Callable[[str], Neo4jCopy]) -> None:
        one = make("one")
        await one.open(OWNER)
        await one.apply(full().everything(), 1)

    drive(server, scenario)
    (row,) = server.ask(
        """MATCH (a:Memory)-[c:CONTRADICTS]->(b:Memory), (a)-[s:RESOLVES]->(b), (:Pattern)-[u:USED_IN]->(p:Project)
        RETURN keys(a) AS keys, valueType(a.created_at) AS created, valueType(a.layer_assignments) AS layers,
            valueType(c.discovered_at) AS discovered, valueType(s.resolution_date) AS resolved,
            valueType(u.date) AS used, valueType(u.success) AS success,
            a.created_at = datetime('2026-01-01T10:00:00Z') AS same,
            keys(c) AS of_row, keys(u) AS of_use, p.framework IS NULL AS absent LIMIT 1"""
    )
    assert set(row.pop("keys")) == {*memory(0).properties, "prefix", "generation", "rev"} - {"session_id"}
    assert set(row.pop("of_row")) == {"strength", "context", "discovered_at", "generation", "id", "rev"}
    assert set(row.pop("of_use")) == {"success", "date", "generation", "key"}
    assert row == {
        "created": "ZONED DATETIME NOT NULL", "layers": "LIST<STRING NOT NULL> NOT NULL",
        "discovered": "ZONED DATETIME NOT NULL", "resolved": "DATE NOT NULL", "used": "DATE NOT NULL",
        "success": "BOOLEAN NOT NULL", "same": True, "absent": True,
    }  # fmt: skip
