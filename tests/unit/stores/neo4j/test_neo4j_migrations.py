"""The graph's migrations on a real Community server: keys, indexes, records, and what is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from lmem.errors import Conflict, Internal, InvalidInput
from lmem.stores.neo4j import migrations
from lmem.stores.neo4j.door import Door
from tests.contract.graphservers import door, drive

if TYPE_CHECKING:
    from tests.servers.neo4j import Neo4jServer

RELEASED = migrations.load()
RECORDS = "MATCH (g:Migration) RETURN g.version AS version, g.name AS name, g.checksum AS checksum ORDER BY version"

PLANS = {
    "memory_user_id": "MATCH (m:Memory) WHERE m.user_id = 'u' RETURN m",
    "memory_project_id": "MATCH (m:Memory) WHERE m.project_id = 'p' RETURN m",
    "memory_type": "MATCH (m:Memory) WHERE m.memory_type = 'decision' RETURN m.title",
    "memory_importance": "MATCH (m:Memory) WHERE m.importance_score > 0.8 RETURN m.title",
    "memory_created_at": "MATCH (m:Memory) WHERE m.created_at >= datetime('2026-11-01T00:00Z') RETURN m.title",
    "project_user_id": "MATCH (p:Project) WHERE p.user_id = 'u' RETURN p",
    "project_type": "MATCH (p:Project) WHERE p.project_type = 'web' RETURN p",
    "pattern_type": "MATCH (pt:Pattern) WHERE pt.pattern_type = 'architecture' RETURN pt",
    "pattern_success": "MATCH (pt:Pattern) WHERE pt.success_rate < 0.5 RETURN pt",
    "rel_strength": "MATCH ()-[r:RELATES_TO]->() WHERE r.strength > 0.9 RETURN r",
    "rel_applies_relevance": "MATCH ()-[r:APPLIES_TO]->() WHERE r.relevance > 0.9 RETURN r",
}
"""Index of specification 3.6 -> a question that it answers."""


@pytest.fixture
def emptied(neo4j_server: Neo4jServer) -> Neo4jServer:
    neo4j_server.wipe()
    return neo4j_server


def test_every_migration_is_applied_once_and_recorded(emptied: Neo4jServer) -> None:
    async def scenario(made: Door) -> None:
        for _ in range(2):
            assert await migrations.migrate(made, RELEASED) == len(RELEASED)

    drive(door(emptied), scenario)
    assert emptied.ask(RECORDS) == [
        {"version": item.version, "name": item.name, "checksum": item.checksum} for item in RELEASED
    ]
    (row,) = emptied.ask("MATCH (g:Migration) WHERE g.applied_at > datetime() - duration('PT1H') RETURN count(g) AS n")
    assert row["n"] == len(RELEASED)
    named = {row["name"] for row in emptied.ask("SHOW CONSTRAINTS YIELD name")}
    named |= {row["name"] for row in emptied.ask("SHOW INDEXES YIELD name")}
    wanted = re.findall(r"CREATE (?:CONSTRAINT|INDEX) (\w+)", "".join(item.text for item in RELEASED))
    assert {*wanted, *PLANS} <= named


@pytest.mark.parametrize("label", ["Memory", "Project", "Pattern", "User"])
def test_an_id_is_unique(neo4j_server: Neo4jServer, label: str) -> None:
    async def scenario(made: Door) -> None:
        await migrations.migrate(made, RELEASED)
        with pytest.raises(InvalidInput, match="already exists"):
            await made.write(lambda tx: tx.rows(f"CREATE (:{label} {{id: 'x'}}), (:{label} {{id: 'x'}})"))

    drive(door(neo4j_server), scenario)


def test_every_index_of_the_specification_answers_its_question(neo4j_server: Neo4jServer) -> None:
    async def scenario(made: Door) -> None:
        await migrations.migrate(made, RELEASED)
        await made.read(lambda tx: tx.rows("CALL db.awaitIndexes(30)"))
        for name, query in PLANS.items():
            _, operators = await made.read(lambda tx, query=query: tx.explain(query))  # type: ignore[misc]
            assert any("Index" in item and "Seek" in item for item in operators), (name, operators)

    drive(door(neo4j_server), scenario)


def test_one_that_was_stopped_in_the_middle_is_finished(emptied: Neo4jServer) -> None:
    broken = replace(RELEASED[1], text=RELEASED[1].text.replace("rel_resolves_id IF", "rel_resolves_id WHEN"))

    async def scenario(made: Door) -> None:
        with pytest.raises(InvalidInput, match="Invalid input"):
            await migrations.migrate(made, (RELEASED[0], broken))
        assert [row["version"] for row in emptied.ask(RECORDS)] == [1]
        await migrations.migrate(made, RELEASED)
        assert len(emptied.ask(RECORDS)) == len(RELEASED)

    drive(door(emptied), scenario)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("CREATE (:Migration {version: 99, name: 'later', checksum: 'x'})", "schema 99; this lmem knows schemas up to"),
        ("MATCH (g:Migration {version: 2}) SET g.checksum = 'x'", "Migration 2 .* another content"),
        ("MATCH (g:Migration {version: 1}) DELETE g", "records 2 migrations"),
    ],
)
def test_a_database_of_another_lmem_is_refused_and_left_alone(
    emptied: Neo4jServer, change: str, message: str
) -> None:
    async def scenario(made: Door) -> None:
        await migrations.migrate(made, RELEASED)
        await made.write(lambda tx: tx.rows(change))
        before = emptied.ask(RECORDS)
        with pytest.raises(Conflict, match=message) as refused:
            await migrations.migrate(made, RELEASED)
        assert refused.value.hint != Conflict.default_hint
        assert emptied.ask(RECORDS) == before

    drive(door(emptied), scenario)
    emptied.wipe()


def test_statements_are_told_apart_without_their_comments() -> None:
    text = "// one; two\nCREATE (a);\n\nCREATE (b)\n  -[:X]->(c);\n// the end\n"
    assert list(migrations.statements(text)) == ["CREATE (a)", "CREATE (b)\n  -[:X]->(c)"]
    with pytest.raises(Internal, match="not complete"):
        list(migrations.statements("CREATE (a)\n"))
    for migration in RELEASED:
        assert all("IF NOT EXISTS" in statement for statement in migrations.statements(migration.text))
