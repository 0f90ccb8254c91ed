"""Links and the graph in the whole product: over the socket, over a restart, after what happens to memories."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.product import Json, Product, running

OUTBOX = "We write events to an outbox in the same transaction, so none is lost"
TEXTS = {
    "outbox": OUTBOX,
    "relay": "The relay reads the outbox and publishes events until the broker has confirmed",
    "lost": "Events were lost when the broker was down during a deployment",
    "penguin": "Penguins huddle on the ice to keep their eggs warm",
}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[Product]:
    with running(tmp_path_factory.mktemp("graph"), model_dir) as product:
        yield product


@pytest.fixture(scope="module")
def ids(product: Product) -> dict[str, str]:
    """Memories by name, two of them linked to the first."""
    made = {name: str(product.call("memory/add", content=text)["id"]) for name, text in TEXTS.items()}
    product.call("relation/link", **{"from": made["relay"], "to": made["outbox"], "type": "builds_on"})
    product.call("relation/link", **{"from": made["outbox"], "to": made["lost"], "type": "resolves", "strength": 0.8})
    product.settle()
    return made


def near(product: Product, node: str, **more: object) -> list[tuple[int, str]]:
    found = product.call("graph/neighbours", node=node, **more)
    assert found["served_by"] == ["sqlite"] and found["degraded"] == []
    return [(item["distance"], item["id"]) for item in found["neighbours"]]


def test_neighbours_and_ways_are_answered(product: Product, ids: dict[str, str]) -> None:
    assert near(product, ids["relay"], depth=2) == [(1, ids["outbox"]), (2, ids["lost"])]
    assert near(product, ids["relay"][:8], type=["resolves"], depth=6) == []
    way = product.call("graph/path", **{"from": ids["relay"], "to": ids["lost"]})
    assert [node["id"] for node in way["nodes"]] == [ids["relay"], ids["outbox"], ids["lost"]]
    assert [(hop["type"], hop["direction"]) for hop in way["hops"]] == [("BUILDS_ON", "out"), ("RESOLVES", "out")]
    assert way["hops"][1]["properties"]["strength"] == 0.8


def test_what_is_shown_of_a_memory_has_its_links(product: Product, ids: dict[str, str]) -> None:
    links = product.call("memory/get", id=ids["outbox"])["links"]
    assert {(link["type"], link["id"]) for link in links} == {("resolves", ids["lost"]), ("built_on_by", ids["relay"])}


def test_what_is_near_in_meaning_is_above_the_threshold(product: Product, ids: dict[str, str]) -> None:
    product.good("config", "set", "semantic_search_threshold", "0.3")
    found = product.call("relation/related", id=ids["outbox"], similar=True, all_projects=True)
    assert found["similar"][0]["id"] == ids["relay"]
    assert all(item["cosine"] >= 0.3 for item in found["similar"]) and found["threshold"] == 0.3
    assert ids["penguin"] not in {item["id"] for item in found["similar"]}
    product.good("config", "set", "semantic_search_threshold", "0.999")
    assert product.call("relation/related", id=ids["outbox"], similar=True)["similar"] == []
    product.good("config", "unset", "semantic_search_threshold")


def test_an_archived_memory_is_in_no_answer_until_it_is_back(product: Product, ids: dict[str, str]) -> None:
    product.call("memory/forget", ids=[ids["outbox"]])
    assert near(product, ids["relay"], depth=2) == []
    assert product.run("graph", "neighbours", ids["outbox"]).status == 4
    product.call("memory/restore", ids=[ids["outbox"]])
    assert near(product, ids["relay"], depth=2) == [(1, ids["outbox"]), (2, ids["lost"])]


def test_links_outlive_the_daemon_and_can_be_undone_after(tmp_path: Path, model_dir: Path) -> None:
    product = Product(tmp_path, model_dir)
    product.home.start()
    try:
        one, other = product.add("one of two"), product.add("the other of two")
        number = product.call("relation/link", **{"from": one, "to": other})["change_set"]
        product.home.stop()
        product.home.start()
        assert near(product, one) == [(1, other)]
        undone = product.call("memory/undo", change_set=number)
        assert {memory["id"] for memory in undone["reversed"]} == {one, other}
        assert near(product, one) == []
    finally:
        product.home.stop()


def test_a_memory_that_is_named_is_linked_by_itself(product: Product, ids: dict[str, str]) -> None:
    made = product.call("memory/add", content=f"{ids['penguin']} should be moved to another project")["id"]

    def detected() -> list[Json]:
        return list(product.call("relation/related", detected=True)["relations"])

    product.settle()
    product.call("jobs/run", name="annotations")
    (found,) = detected()
    assert (found["from"]["id"], found["to"]["id"], found["context"]) == (made, ids["penguin"], "names it")


def test_a_credential_in_a_context_is_not_stored(product: Product, ids: dict[str, str]) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    ends = {"from": ids["relay"], "to": ids["lost"]}
    done = product.call("relation/link", **ends, type="contradicts", context=f"the token {secret} expired")
    assert [item["field"] for item in done["redacted"]] == ["context"]
    assert secret not in json.dumps(product.call("relation/related", id=ids["relay"]))
    product.call("relation/unlink", **ends, type="contradicts")


def test_an_export_has_every_edge_once(product: Product, ids: dict[str, str]) -> None:
    pages, after = [], ""
    while after is not None:
        page = product.call("graph/export", limit=1, after=after)
        pages.append(page)
        after = page["next"]
    edges = [(edge["from"]["id"], edge["type"], edge["to"]["id"]) for page in pages for edge in page["edges"]]
    assert len(edges) == len(set(edges))
    assert (ids["outbox"], "RESOLVES", ids["lost"]) in edges
    whole = product.good("graph", "export", "--json").json
    assert sorted(edges) == sorted((edge["from"]["id"], edge["type"], edge["to"]["id"]) for edge in whole["edges"])
    held = {node["id"] for node in whole["nodes"]}
    assert {end for start, _, end_ in edges for end in (start, end_)} == held


def test_an_inactive_user_reads_and_does_not_link(product: Product, ids: dict[str, str]) -> None:
    product.good("user", "set", "--no-active")
    assert product.run("link", ids["relay"], ids["penguin"]).status == 1
    assert product.run("unlink", ids["relay"], ids["outbox"]).status == 1
    assert near(product, ids["relay"]) == [(1, ids["outbox"])]
    product.good("user", "set", "--active")


def test_cypher_is_the_terminals_alone(product: Product) -> None:
    """A query sees all of the server's database, and nothing bounds it by what an agent may see."""
    for name, code in (("mcp", "forbidden"), ("editor", "forbidden"), ("cli", "not_found")):
        with product.client(name) as client:
            refused = client.refusal("graph/cypher", query="MATCH (n) RETURN n")
        assert refused["code"] == code, name
        assert ("all that the database holds" in refused["message"]) == (name != "cli")
