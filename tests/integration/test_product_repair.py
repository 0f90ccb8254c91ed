"""Deliberate damage to the index on disk: verify names exactly that, repair puts it right, a second verify is clean."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.lifecycle_support import until
from tests.integration.product import Product

DAMAGE = """
import json, sys
from dataclasses import replace
from lmem.ports.vectors import MEMORIES, Point
from lmem.stores.qdrant.edge import EdgeVectors

root, gone, changed, strange = sys.argv[1], *map(json.loads, sys.argv[2:])
edge = EdgeVectors(root, 0)
(generation,) = edge.sizes()
edge.open(generation, 384)
kept = edge.retrieve(generation, MEMORIES, changed, dense=True)
from lmem.ports.embedder import Encoding
points = [Point(item.id, {**item.payload, "importance_score": 0.123}, None) for item in kept]
points += [
    Point(id, {**item.payload, "memory_id": id}, Encoding(item.dense, b"", b"", 1)) for id, item in zip(strange, kept)
]
edge.write(generation, MEMORIES, points, gone)
edge.close()
"""
"""Run in a process of its own: no test process may hold Edge's native code and a daemon's files at once."""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[Product]:
    product = Product(tmp_path_factory.mktemp("repair"), model_dir)
    product.home.start(vectors=True)
    try:
        lines = "".join(json.dumps({"content": f"Fact {at}: port {4000 + at} is taken"}) + "\n" for at in range(180))
        product.good("add", "--jsonl", "-", stdin=lines.encode())
        product.settle()
        yield product
        assert not product.faults()
    finally:
        product.home.stop()


def test_a_sound_home_is_clean(product: Product) -> None:
    said = product.good("verify", "--json")
    assert said.json["vectors"]["checked"] == 180
    assert all(store[key] == 0 for store in said.json.values() for key in ("missing", "stale", "orphaned"))


def test_damage_is_found_exactly_and_repaired(product: Product) -> None:
    ids = sorted(row["id"] for row in product.good("list", "--json", "--limit", "180").rows)
    gone, changed, strange = ids[:50], ids[60:110], [f"{at:032x}" for at in range(1, 51)]
    product.good("daemon", "stop")
    arguments = [json.dumps(item) for item in (gone, changed, strange)]
    subprocess.run(
        [sys.executable, "-c", DAMAGE, product.home.paths.vectors, *arguments], check=True, capture_output=True
    )
    found = product.run("verify", "--json")
    assert found.status == 1
    vectors = found.json["vectors"]
    assert (vectors["missing"], vectors["stale"], vectors["orphaned"], vectors["checked"]) == (50, 50, 50, 230)
    assert found.json["sqlite"]["clean"]
    assert product.run("repair", "--dry-run", "--json").status == 1
    assert product.run("verify").status == 1, "a dry run changed something"
    product.good("repair", "--json")
    after = product.good("verify", "--json").json["vectors"]
    assert (after["missing"], after["stale"], after["orphaned"], after["checked"]) == (0, 0, 0, 180)


def test_one_memory_is_synced(product: Product) -> None:
    made = product.add("A memory to be synced")
    said = product.good("sync", made[:8], "--json")
    assert said.json["stores"]["vectors"] == {"state": "agrees", "reason": None}


def test_a_rebuild_is_verified_and_takes_over(product: Product) -> None:
    before = product.call("status/get")["stores"]["vectors"]["generation"]
    done = product.good("rebuild", "vectors", "--json").json
    assert done["done"]
    assert done["objects"] == product.call("status/get")["counts"]["memories"]
    after = product.call("status/get")["stores"]["vectors"]
    assert after["generation"] == done["generation"] != before
    kept = product.home.paths.vectors
    until(lambda: [path.name for path in kept.glob("gen-*")] == [after["generation"]])  # the old one goes last
    assert product.good("verify", "--json").json["vectors"]["clean"]


def test_a_projection_whose_clearing_was_cut_short_is_cleared_by_the_next_daemon(product: Product) -> None:
    """Of a store that no setting names any more, so that nobody else comes by."""
    product.good("daemon", "stop")
    with closing(sqlite3.connect(product.home.paths.database, isolation_level=None)) as database:
        database.execute(
            "INSERT INTO projections (id, port, engine, generation, state)"
            " VALUES ('graph-0001', 'graph', 'neo4j', 'gen-0001', 'retired')"
        )
        database.executemany(
            "INSERT INTO outbox (projection, kind, object_id, rev, op, seq)"
            " VALUES ('graph-0001', 'memory', ?, 1, 'upsert', ?)",
            [(f"{at:032x}", at) for at in range(1, 5001)],
        )
    assert product.good("status", "--json").json["outbox"]["parked"] == 0
    with closing(sqlite3.connect(product.home.paths.database)) as database:
        left = "SELECT (SELECT count(*) FROM projections WHERE port = 'graph') + (SELECT count(*) FROM outbox)"
        until(lambda: database.execute(left).fetchone() == (0,))


def test_an_unknown_store_is_named(product: Product) -> None:
    for command in ("verify", "rebuild"):
        said = product.run(command, "vektors", "--json")
        assert said.status == 4
        assert "vectors" in said.error["hint"]
