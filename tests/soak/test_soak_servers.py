"""kill -9 of Redis, of Neo4j and of the daemon in the middle of 5 000 rows: all converges, and verify is clean.

Rows carry source ids, so the same lines again are the same memories.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.harness import installed
from tests.integration.product import Product
from tests.servers.neo4j import Neo4jServer
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.soak

ROWS = 5_000


@pytest.fixture
def product(
    tmp_path: Path, model_dir: Path, redis_server: RedisServer, neo4j_server: Neo4jServer
) -> Iterator[Product]:
    own = f"kill-{secrets.token_hex(4)}"  # a prefix belongs to one home
    product = Product(
        tmp_path, model_dir, redis_url=redis_server.url, redis_prefix=own, neo4j_url=neo4j_server.url,
        neo4j_password=neo4j_server.password, neo4j_prefix=own,
    )  # fmt: skip
    product.home.start(vectors=True)
    try:
        yield product
    finally:
        product.home.stop()


def bulk(product: Product) -> subprocess.Popen[bytes]:
    """`lmem add --jsonl -` of all rows, begun."""
    lines = [{"content": f"Row {at} of many", "project": "bulk", "source_id": f"row-{at}"} for at in range(ROWS)]
    file = product.temporary / "rows.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return subprocess.Popen(
        [installed(), "add", "--jsonl", file], env=product.home.environ, cwd=product.user,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def half_way(product: Product) -> None:
    """Return when some hundred rows are stored and many are not."""
    until = time.monotonic() + 60
    while product.memories() < ROWS // 10:
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize("victim", ["redis", "neo4j", "daemon"])
def test_all_converges(
    product: Product, redis_server: RedisServer, neo4j_server: Neo4jServer, victim: str
) -> None:
    adding = bulk(product)
    half_way(product)
    if victim == "daemon":
        os.kill(product.pid(), signal.SIGKILL)
        adding.wait(120)
        product.good("status")  # starts it again
        adding = bulk(product)
    else:
        server = {"redis": redis_server, "neo4j": neo4j_server}[victim]
        server.kill()
        time.sleep(1)
        server.start()
    assert adding.wait(300) == 0
    said = product.run("status", "--wait", "--timeout", "50")
    until = time.monotonic() + 300
    while said.status != 0:
        assert time.monotonic() < until, said
        said = product.run("status", "--wait", "--timeout", "50")
    assert product.memories() == ROWS
    assert product.good("verify", "--json").json["vectors"]["checked"] == ROWS
