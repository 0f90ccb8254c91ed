"""A restore with servers beside the truth: each is filled anew from it, and holds nothing of later."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from redis import Redis

from tests.integration.lifecycle_support import until
from tests.integration.product import Product
from tests.integration.test_product_backup import clean, found, restore
from tests.servers.neo4j import Neo4jServer
from tests.servers.qdrant_twin import running
from tests.servers.redis import RedisServer


def test_a_qdrant_server_is_filled_anew(tmp_path: Path, model_dir: Path) -> None:
    product = Product(tmp_path, model_dir)
    with running(None) as twin:
        cast("dict[str, str]", product.home.extra).update(LMEM_QDRANT_URL=twin.url)
        product.home.start()
        try:
            product.add("zebras are striped")
            name = product.good("backup", "create", "--json").json["name"]
            product.add("yaks came later")
            product.settle()
            assert product.good("rebuild", "vectors", "--json").json["done"]  # a generation that the backup cannot know
            restore(product, name)
            assert found(product, "yaks") == []
            clean(product)
            records, _ = twin.store.scroll("lmem_memory_embeddings", limit=10)
            assert [(record.payload or {})["title"] for record in records] == ["zebras are striped"]
        finally:
            product.home.stop()


def test_a_neo4j_server_is_filled_anew(tmp_path: Path, model_dir: Path, neo4j_server: Neo4jServer) -> None:
    product = Product(
        tmp_path, model_dir, neo4j_url=neo4j_server.url, neo4j_password=neo4j_server.password, neo4j_prefix="restored",
    )  # fmt: skip
    product.home.start()
    try:
        one, two = product.add("zebras are striped"), product.add("quokkas are small")
        name = product.good("backup", "create", "--json").json["name"]
        product.good("edit", one, "--title", "zebras are spotted")
        product.good("link", one, two, "--type", "builds_on")
        product.add("yaks came later")
        product.settle()
        query = "MATCH (m:Memory {prefix: $prefix}) RETURN m.title AS title ORDER BY title"

        def nodes() -> list[str]:
            return [row[0] for row in product.call("graph/cypher", query=query)["rows"]]

        assert nodes() == ["quokkas are small", "yaks came later", "zebras are spotted"]
        restore(product, name)
        assert product.good("graph", "neighbours", one, "--json").json["neighbours"] == []
        clean(product)
        assert nodes() == ["quokkas are small", "zebras are striped"]
    finally:
        product.home.stop()


def test_a_redis_server_holds_nothing_of_later(tmp_path: Path, model_dir: Path, redis_server: RedisServer) -> None:
    directory = tmp_path / "redis"
    directory.mkdir()
    with RedisServer(directory, "") as server:
        product = Product(tmp_path, model_dir)
        cast("dict[str, str]", product.home.extra).update(LMEM_REDIS_URL=server.url)
        product.home.start()
        try:
            _with_redis(product, server)
        finally:
            product.home.stop()


def _with_redis(product: Product, server: RedisServer) -> None:
    def keys() -> set[bytes]:
        with Redis.from_url(server.url) as raw:
            return set(raw.scan_iter())

    made = product.add("zebras are striped")
    name = product.good("backup", "create", "--json").json["name"]
    later = product.add("obsidianyaks came later")
    product.settle()
    until(lambda: product.call("status/get")["stores"]["cache"]["state"] == "ready", 15)
    for _ in range(2):
        assert found(product, "obsidianyaks")
        product.call("memory/get", id=later)
    until(lambda: f"lmem:memory:{later}".encode() in keys(), 10)
    restore(product, name)
    assert product.run("show", later).status == 4
    clean(product)
    until(lambda: f"lmem:memory:{later}".encode() not in keys(), 15)
    with Redis.from_url(server.url) as raw:
        assert not [key for key in raw.scan_iter() if b"obsidianyaks" in (raw.dump(key) or b"")]
    assert product.call("memory/get", id=made)["title"] == "zebras are striped"
