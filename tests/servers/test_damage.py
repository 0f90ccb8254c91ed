"""Damage on a real Neo4j: verify names exactly that, repair puts it right, a wiped server is filled again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.product import Product
from tests.servers.neo4j import Neo4jServer

PREFIX = "damage"
COUNT = 120


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, model_dir: Path, neo4j_server: Neo4jServer) -> Iterator[Product]:
    product = Product(
        tmp_path_factory.mktemp("damage"), model_dir,
        neo4j_url=neo4j_server.url, neo4j_password=neo4j_server.password, neo4j_prefix=PREFIX,
    )  # fmt: skip
    product.home.start(vectors=True)
    try:
        lines = [{"content": f"Fact {at}: port {4000 + at} is taken", "project": "harbour"} for at in range(COUNT)]
        product.good("add", "--jsonl", "-", stdin="\n".join(map(json.dumps, lines)).encode())
        product.good("patterns", "add", "architecture", "high ports", "Ports above 4000", "--project", "harbour")
        product.good("status", "--wait", "--timeout", "60")
        yield product
        assert not product.faults()
    finally:
        product.home.stop()


def graph_of(product: Product) -> dict[str, int]:
    """What verify says of the graph."""
    found: dict[str, int] = json.loads(product.run("verify", "graph", "--json").out)["graph"]
    return found


def counts(found: dict[str, int]) -> tuple[int, int, int]:
    return found["missing"], found["stale"], found["orphaned"]


def test_a_copy_holds_what_the_truth_says(product: Product, neo4j_server: Neo4jServer) -> None:
    found = graph_of(product)
    assert counts(found) == (0, 0, 0)
    assert found["clean"]
    held = neo4j_server.ask("MATCH (m:Memory {prefix: $prefix}) RETURN count(m) AS n", prefix=PREFIX)[0]["n"]
    assert held == COUNT
    assert found["checked"] > 3 * COUNT, "edges are compared too"


def test_damage_is_found_exactly_and_repaired(product: Product, neo4j_server: Neo4jServer) -> None:
    mine = {"prefix": PREFIX}
    neo4j_server.ask(
        "MATCH (:Memory {prefix: $prefix})-[r:BELONGS_TO]->() WITH r ORDER BY elementId(r) LIMIT 50 DELETE r", **mine
    )
    neo4j_server.ask(
        "MATCH (m:Memory {prefix: $prefix}) WITH m ORDER BY m.id LIMIT 30 SET m.importance_score = 0.987", **mine
    )
    neo4j_server.ask(
        "UNWIND range(1, 20) AS n CREATE (:Memory {prefix: $prefix, id: 'stranger-' + n, rev: 1, generation: 1})",
        **mine,
    )
    found = graph_of(product)
    assert counts(found) == (50, 30, 20)
    repaired = product.run("repair", "graph", "--json")
    assert repaired.json["clean"], repaired
    assert counts(graph_of(product)) == (0, 0, 0)


def test_a_wiped_server_is_noticed_and_filled_again(product: Product, neo4j_server: Neo4jServer) -> None:
    before = graph_of(product)["checked"]
    neo4j_server.ask("MATCH (n {prefix: $prefix}) DETACH DELETE n", prefix=PREFIX)
    product.add("One more fact wakes the relay")
    product.good("status", "--wait", "--timeout", "60")
    found = graph_of(product)
    assert counts(found) == (0, 0, 0)
    assert found["checked"] > before


def test_a_rebuild_keeps_every_edge(product: Product, neo4j_server: Neo4jServer) -> None:
    before = graph_of(product)["checked"]
    done = product.good("rebuild", "graph", "--json").json
    assert done["done"]
    assert graph_of(product)["checked"] == before
    assert graph_of(product)["clean"]


def test_a_purge_reaches_the_server(product: Product, neo4j_server: Neo4jServer) -> None:
    made = product.add("A memory titled snarkqzpurge")
    product.good("status", "--wait", "--timeout", "60")
    word = "MATCH (m:Memory {prefix: $prefix}) WHERE m.title CONTAINS 'snarkqzpurge' RETURN count(m) AS n"
    assert neo4j_server.ask(word, prefix=PREFIX)[0]["n"] == 1
    receipt = product.good("forget", made, "--purge", "--yes", "--json").json["receipt"]
    assert {row["place"]: row["state"] for row in receipt}["graph"] == "gone"
    assert neo4j_server.ask(word, prefix=PREFIX)[0]["n"] == 0
