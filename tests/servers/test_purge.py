"""After a purge its word is on no server either, whatever was asked before; what is private never was there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.integration.product import Product
from tests.integration.test_product_purge import holding
from tests.servers.neo4j import Neo4jServer
from tests.servers.redis import RedisServer

PREFIX = "purge:"


@pytest.fixture(scope="module")
def product(
    tmp_path_factory: pytest.TempPathFactory, model_dir: Path, redis_server: RedisServer, neo4j_server: Neo4jServer
) -> Iterator[Product]:
    product = Product(
        tmp_path_factory.mktemp("purge-servers"), model_dir, redis_url=redis_server.url, redis_prefix=PREFIX,
        neo4j_url=neo4j_server.url, neo4j_password=neo4j_server.password, neo4j_prefix="purge",
    )  # fmt: skip
    product.home.start(vectors=True)
    try:
        yield product
        assert not product.faults()
    finally:
        product.home.stop()


def on_redis(server: RedisServer, word: str) -> list[str]:
    """The keys of ours whose name or value holds a word, in any case."""
    client = redis.Redis.from_url(server.url)
    try:
        return [
            key.decode() for key in client.scan_iter(f"{PREFIX}*")
            if word.encode() in f"{key!r} {_value(client, key)!r}".lower().encode()
        ]  # fmt: skip
    finally:
        client.close()


def _value(client: redis.Redis, key: bytes) -> object:
    kind = client.type(key)
    if kind == b"hash":
        return client.hgetall(key)
    if kind == b"set":
        return client.smembers(key)
    if kind == b"zset":
        return client.zrange(key, 0, -1)
    return client.lrange(key, 0, -1) if kind == b"list" else client.get(key)


def on_neo4j(server: Neo4jServer, word: str) -> int:
    """How many nodes and edges have a property that holds a word."""
    nodes = server.ask("MATCH (x) RETURN properties(x) AS held")
    edges = server.ask("MATCH ()-[x]->() RETURN properties(x) AS held")
    return sum(word in repr(row["held"]).lower() for row in (*nodes, *edges))


def ask_everything(product: Product, made: str, word: str) -> None:
    """Questions whose answers are cached."""
    for _ in range(2):
        product.good("search", f"what is the {word}")
        product.good("show", made)
        product.good("list")
        product.good("context")
        product.good("related", made)
        product.good("graph", "neighbours", made)
        product.good("tags")
    product.good("status", "--wait", "--timeout", "60")


def test_a_purged_word_is_nowhere(product: Product, redis_server: RedisServer, neo4j_server: Neo4jServer) -> None:
    word = "galumphzqx"
    made = product.add(f"The {word} stands in a title", "--tag", word, "--category", word)
    other = product.add("A neighbour without it")
    product.good("link", made, other, "--type", "relates_to", "--context", f"both about the {word}")
    ask_everything(product, made, word)
    assert on_redis(redis_server, word)
    assert on_neo4j(neo4j_server, word)
    receipt = product.good("forget", made, "--purge", "--yes", "--json").json["receipt"]
    assert {"vectors", "graph", "cache"} <= {row["place"] for row in receipt}
    assert [row for row in receipt if row["state"] != "gone"] == []
    assert on_redis(redis_server, word) == []
    assert on_neo4j(neo4j_server, word) == 0
    assert holding(product, word) == []
    assert product.good("show", other, "--json").json["id"] == other


def test_what_is_private_is_on_no_server(
    product: Product, redis_server: RedisServer, neo4j_server: Neo4jServer
) -> None:
    word = "frumiouszqx"
    made = product.add(f"The {word} is nobody's business", "--private", "--tag", word)
    ask_everything(product, made, "business of nobody")  # what the user asks is in the history of searches
    assert on_redis(redis_server, word) == []
    assert on_neo4j(neo4j_server, word) == 0
    assert product.good("search", word, "--json").json["results"][0]["id"] == made
