"""Queries of the user's own: what they answer, and that none of them changes anything."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from lmem.errors import InvalidInput, StoreDown
from lmem.stores.neo4j.copy import Neo4jCopy
from lmem.stores.neo4j.cypher import Neo4jQueries
from lmem.stores.neo4j.door import Door
from tests.contract.graphs import MEMORIES, OWNER, full
from tests.contract.graphservers import CLEAR, door, drive

if TYPE_CHECKING:
    from tests.servers.neo4j import Neo4jServer

WRITES = [
    "CREATE (n:Trace) RETURN n",
    "MATCH (n) SET n.title = 'x' RETURN n",
    "MATCH (n) DETACH DELETE n",
    "MERGE (n:Trace {id: 1}) RETURN n",
    "MATCH (n) CALL { WITH n CREATE (m:Trace) } IN TRANSACTIONS RETURN 1",
    "MATCH (n) FOREACH (x IN [1] | SET n.title = 'x')",
    "CREATE INDEX trace FOR (n:Trace) ON (n.id)",
    "DROP CONSTRAINT memory_id_unique",
    "CREATE USER trace SET PASSWORD 'trace-trace'",
    "CALL db.createLabel('Trace')",
    "CALL dbms.listConfig() YIELD name RETURN name",
    "EXPLAIN CREATE (n:Trace)",
    "LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line",
    "SHOW TRANSACTIONS YIELD transactionId AS id TERMINATE TRANSACTIONS id YIELD message RETURN message",
    "RETURN 1; CREATE (n:Trace)",
    "RETURN nothing",
    "",
    "RETURN '\ud800'",
]


@pytest.fixture
def filled(neo4j_server: Neo4jServer) -> Neo4jServer:
    neo4j_server.ask(CLEAR)

    async def scenario(made: Door) -> None:
        copy = Neo4jCopy(made, "one")
        await copy.open(OWNER)
        await copy.apply(full().everything(), 1)

    drive(door(neo4j_server), scenario)
    return neo4j_server


def test_a_query_sees_what_others_keep_there_unless_it_bounds_itself(filled: Neo4jServer) -> None:
    filled.ask("CREATE (:Memory {id: 'x', prefix: 'two', title: 'Of another lmem'}), (:Memory {title: 'Of no lmem'})")
    mine = sum(label == "Memory" for label, _ in full().nodes)

    async def scenario(made: Door) -> None:
        queries = Neo4jQueries(made, "one")
        assert (await queries.ask("MATCH (m:Memory) RETURN count(m)", 1)).rows == ((mine + 2,),)
        assert (await queries.ask("MATCH (m:Memory {prefix: $prefix}) RETURN count(m)", 1)).rows == ((mine,),)

    drive(door(filled), scenario)


def test_nothing_is_written_whatever_is_asked(filled: Neo4jServer) -> None:
    everything = "MATCH (n) OPTIONAL MATCH (n)-[r]->() RETURN n, r ORDER BY elementId(n), elementId(r)"
    before = [filled.ask(everything), filled.ask("SHOW INDEXES YIELD name"), filled.ask("SHOW USERS YIELD user")]

    async def scenario(made: Door) -> None:
        for query in WRITES:
            with pytest.raises(InvalidInput):
                await Neo4jQueries(made, "one").ask(query, 10)
        assert made.trouble is None

    drive(door(filled), scenario)
    after = [filled.ask(everything), filled.ask("SHOW INDEXES YIELD name"), filled.ask("SHOW USERS YIELD user")]
    assert after == before


def test_rows_are_told_as_json_and_limited(filled: Neo4jServer) -> None:
    async def scenario(made: Door) -> None:
        queries = Neo4jQueries(made, "one")
        found = await queries.ask("UNWIND range(1, 9) AS x RETURN x, x % 2 = 0 AS even", 3)
        assert (found.columns, found.rows, found.more) == (("x", "even"), ((1, False), (2, True), (3, False)), True)
        assert not (await queries.ask("UNWIND range(1, 3) AS x RETURN x", 3)).more
        found = await queries.ask(
            f"MATCH path = (a:Memory {{id: '{MEMORIES[0]}'}})-[r:CONTRADICTS]->(b) RETURN a, r, path", 5
        )
        ((node, link, path),) = json.loads(json.dumps(found.rows))
        assert node["labels"] == ["Memory"] and node["created_at"] == "2026-01-01T10:00:00.000Z"
        assert "prefix" not in node and "generation" not in node
        assert link["type"] == "CONTRADICTS" and (link["start"], link["end"]) == (MEMORIES[0], MEMORIES[1])
        assert [path[0], path[1]] == [node, link] and len(path) == 3
        found = await queries.ask(
            """RETURN {a: [date('2026-11-22'), null]}, duration('P1DT2H'), datetime('2026-11-22T10:00:00+02:00'),
            localdatetime('2026-11-22T10:00:00'), time('10:00:00Z'), point({x: 1, y: 2}), 1.5""", 1
        )  # fmt: skip
        assert json.loads(json.dumps(found.rows)) == [
            [{"a": ["2026-11-22", None]}, "P1DT2H", "2026-11-22T08:00:00.000Z", "2026-11-22T10:00:00",
             "10:00:00+00:00", [1.0, 2.0], 1.5]
        ]  # fmt: skip

    drive(door(filled), scenario)


def test_a_slow_query_is_stopped_and_harms_no_other(filled: Neo4jServer) -> None:
    async def scenario(made: Door) -> None:
        slow = "UNWIND range(1, 1000000000) AS x WITH x WHERE x % 7 = 8 RETURN count(x)"
        for _ in range(3):
            with pytest.raises(StoreDown, match="did not answer within"):
                await Neo4jQueries(made, "one").ask(slow, 1)
        assert (await Neo4jQueries(made, "one").ask("RETURN 1", 1)).rows == ((1,),)

    drive(door(filled, timeout=0.5), scenario)
