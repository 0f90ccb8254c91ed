"""A daemon whose graph is on a server: what it says of a wrong password, and what is left without the URL."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.lifecycle_support import until
from tests.integration.product import Json, Product
from tests.servers.faults import FaultProxy
from tests.servers.neo4j import Neo4jServer

SECRET = "not-the-5ecret"


@pytest.fixture(scope="module")
def password(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("password") / "neo4j"
    file.write_text(f"{SECRET}\n")
    file.chmod(0o600)
    return file


@pytest.fixture(scope="module")
def proxy(neo4j_server: Neo4jServer) -> Iterator[FaultProxy]:
    with FaultProxy(neo4j_server.port) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def product(
    tmp_path_factory: pytest.TempPathFactory, model_dir: Path, neo4j_server: Neo4jServer, proxy: FaultProxy,
    password: Path,
) -> Iterator[Product]:  # fmt: skip
    """A home whose user file names the server, and a password that is wrong at first."""
    product = Product(tmp_path_factory.mktemp("graph"), model_dir)
    product.home.start(vectors=False)
    try:
        for key, value in (
            ("neo4j.url", proxy.url(neo4j_server.url)), ("neo4j.prefix", "served"), ("neo4j.timeout_seconds", "30"),
            ("neo4j.password_file", str(password)),
        ):  # fmt: skip
            product.good("config", "set", key, value)
        product.good("daemon", "restart")
        yield product
        assert not product.faults()
    finally:
        product.home.stop()


def graph_of(product: Product) -> Json:
    """What status says of the graph."""
    found: Json = product.call("status/get")["stores"]["graph"]
    return found


def test_a_wrong_password_is_said_and_is_no_storm(product: Product, proxy: FaultProxy) -> None:
    until(lambda: graph_of(product)["state"] == "down", 30)
    found = graph_of(product)
    assert found["reason"] == "Neo4j refused the password." and "neo4j.password_file" in found["hint"]
    for at in range(15):
        product.add(f"Written while the graph's server refuses us, {at}")
    (said,) = [item for item in product.call("status/doctor")["findings"] if item["check"] == "graph"]
    assert (said["level"], said["message"], said["next"]) == ("warn", found["reason"], found["hint"])
    assert proxy.accepted == 1
    answer = product.good("doctor", "--json").out + product.home.paths.log_file.read_text() + json.dumps(found)
    assert SECRET not in answer and str(proxy.port) in answer


def test_with_the_right_password_all_of_it_is_there(
    product: Product, neo4j_server: Neo4jServer, password: Path
) -> None:
    password.write_text(f"{neo4j_server.password}\n")
    product.good("daemon", "restart")
    until(lambda: graph_of(product)["state"] == "ready", 60)
    found = graph_of(product)
    assert (found["engine"], found["schema"], found["pending"]) == ("neo4j", 3, 0)
    assert found["version"][0].isdigit() and found["url"].startswith("bolt://127.0.0.1:")
    assert found["nodes"] >= 16 and found["edges"] >= 15
    (row,) = neo4j_server.ask("MATCH (m:Memory {prefix: 'served'}) RETURN count(m) AS found")
    assert row["found"] == product.memories()


MINE = "MATCH (m:Memory {prefix: 'served'}) RETURN count(m)"


def test_a_query_of_the_users_own_is_answered_and_changes_nothing(product: Product) -> None:
    mine = "MATCH (:User)-[:CREATED]->(m:Memory {prefix: 'served'})"
    query = f"{mine} RETURN m.title AS title, size(m.id) AS n ORDER BY title"
    said = product.good("graph", "cypher", query, "--limit", "2", "--json").json
    assert said["columns"] == ["title", "n"] and len(said["rows"]) == 2 and said["more"]
    lines = product.good("graph", "cypher", query).out.splitlines()
    assert len(lines) == product.memories() and lines[0].endswith("\t32")
    refused = product.run("graph", "cypher", "MATCH (m:Memory) DETACH DELETE m", "--json")
    assert (refused.status, refused.error["code"]) == (2, "invalid_input")
    assert product.call("graph/cypher", query=MINE)["rows"] == [[product.memories()]]


def test_the_server_answers_what_the_truth_would(product: Product) -> None:
    one, two, three = (product.add(f"A fact about {what}") for what in ("ports", "harbours", "ships"))
    product.good("link", one, two, "--type", "builds_on")
    product.good("link", two, three, "--strength", "0.5")
    product.good("status", "--wait", "--timeout", "60")
    asked = ("graph", "neighbours", one, "--depth", "2", "--json")
    found: list[Json] = []

    def by_the_server() -> bool:
        """What lmem adds to new memories by itself comes after the wait, and the truth answers until it is there."""
        found.append(product.good(*asked).json)
        return bool(found[-1]["served_by"] == ["neo4j"])

    until(by_the_server, 20)
    there = found[-1]
    assert not there["degraded"]
    assert [(item["id"], item["distance"]) for item in there["neighbours"]] == [(two, 1), (three, 2)]
    product.add("Only for me", "--private")
    here = product.good(*asked).json
    assert (here["served_by"], here["neighbours"]) == (["sqlite"], there["neighbours"])


def test_without_its_url_nothing_waits_for_the_server(product: Product, neo4j_server: Neo4jServer) -> None:
    assert any(name.startswith("graph-") for name in _projections(product))
    left, restart = product.good("config", "unset", "neo4j.url").err.splitlines()
    assert "keeps its copy" in left and "lmem daemon restart" in restart
    done = product.good("rebuild", "graph", "--json").json
    assert done == {"store": "graph", "generation": "", "objects": 0, "done": True}
    product.add("Nobody tells the server of this")
    assert graph_of(product) == {"state": "ready", "engine": "sqlite"}
    assert not any(name.startswith("graph-") for name in _projections(product))
    with product.client() as client:
        refused = client.refusal("graph/cypher", query="RETURN 1")
    assert refused["code"] == "not_found" and "neo4j.url" in refused["hint"]
    held = "MATCH (n {prefix: 'served'}) RETURN count(n) AS nodes"
    assert neo4j_server.ask(held)[0]["nodes"] > 4
    neo4j_server.ask(left[left.index("MATCH") : left.index(", then say so")])  # what the sentence says to run there
    assert neo4j_server.ask(held) == [{"nodes": 0}]


def _projections(product: Product) -> set[str]:
    with sqlite3.connect(f"file:{product.home.paths.database}?mode=ro", uri=True) as database:
        return {row[0] for row in database.execute("SELECT id FROM projections")}
