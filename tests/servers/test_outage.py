"""The way to a server breaks under load: every write is kept, no answer is late, and all agrees afterwards.

Redis and Neo4j are real; a proxy breaks the connections to them.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lmem.protocol.framing import Frame
from tests.bench.harness import Wire
from tests.integration.product import Product
from tests.servers.faults import Fault, FaultProxy
from tests.servers.neo4j import Neo4jServer
from tests.servers.redis import RedisServer

REDIS_LIMIT, NEO4J_LIMIT = 0.5, 2.0
SLACK = 2.5
"""Seconds above the limits of the stores that a busy machine may add to an answer."""
LASTS = 3.0
RECOVERS = 60.0
OTHERS = [
    pytest.param(fault, how, marks=pytest.mark.soak)
    for fault, how in (
        (Fault.LATENCY, {"seconds": 5.0}), (Fault.HALF_OPEN, {"lost": "answers"}),
        (Fault.HALF_OPEN, {"lost": "requests"}), (Fault.REFUSE, {}),
    )
]  # fmt: skip
FAULTS = [(Fault.RESET, {}), (Fault.BLACK_HOLE, {}), *OTHERS]


@dataclass
class Load:
    """Somebody who adds, searches and asks the graph, one request after the other, until told to stop."""

    product: Product
    stop: threading.Event = field(default_factory=threading.Event)
    added: list[str] = field(default_factory=list)
    slowest: dict[str, float] = field(default_factory=dict)
    degraded: dict[str, set[str]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def run(self) -> None:
        try:
            with self.product.home.wire(30) as wire:
                while not self.stop.is_set():
                    number = len(self.added)
                    text = f"Load {id(self)} says {number}"
                    made = self.ask(wire, "memory/add", {"content": text, "project": "load"})
                    self.added.append(str(made["id"]))
                    self.ask(wire, "memory/search", {"query": f"what does load say of {number}", "project": "load"})
                    self.ask(wire, "graph/neighbours", {"node": made["id"], "depth": 2})
        except Exception as err:  # whatever it was, the test says so
            self.failed.append(repr(err))
            raise

    def ask(self, wire: Wire, method: str, params: Frame) -> Frame:
        began = time.monotonic()
        answer = wire.call(method, params)
        self.slowest[method] = max(self.slowest.get(method, 0.0), time.monotonic() - began)
        listed = answer.get("degraded") or []
        assert isinstance(listed, list)
        self.degraded.setdefault(method, set()).update(str(item["store"]) for item in listed)
        return answer


@pytest.fixture(scope="module")
def proxies(redis_server: RedisServer, neo4j_server: Neo4jServer) -> Iterator[dict[str, FaultProxy]]:
    with FaultProxy(redis_server.port) as redis, FaultProxy(neo4j_server.port) as neo4j:
        yield {"cache": redis, "graph": neo4j}


@pytest.fixture(scope="module")
def product(
    tmp_path_factory: pytest.TempPathFactory, model_dir: Path, redis_server: RedisServer, neo4j_server: Neo4jServer,
    proxies: dict[str, FaultProxy],
) -> Iterator[Product]:  # fmt: skip
    product = Product(
        tmp_path_factory.mktemp("outage"), model_dir,
        redis_url=proxies["cache"].url(redis_server.url), redis_prefix="outage:",
        redis_timeout_seconds=str(REDIS_LIMIT),
        neo4j_url=proxies["graph"].url(neo4j_server.url), neo4j_password=neo4j_server.password,
        neo4j_prefix="outage", neo4j_timeout_seconds=str(NEO4J_LIMIT),
    )  # fmt: skip
    product.home.start(vectors=True)
    try:
        lines = [{"content": f"A fact of the load number {at}", "project": "load"} for at in range(60)]
        product.good("add", "--jsonl", "-", stdin="\n".join(map(json.dumps, lines)).encode())
        product.good("status", "--wait", "--timeout", "60")
        yield product
        assert not product.faults()
    finally:
        product.home.stop()


def clean_within(product: Product, seconds: float) -> None:
    """Return once every store agrees with the truth."""
    until = time.monotonic() + seconds
    while (said := product.run("verify", "--json")).status != 0:
        assert time.monotonic() < until, said.out


@pytest.mark.parametrize("store", ["cache", "graph"])
@pytest.mark.parametrize(("fault", "how"), FAULTS, ids=lambda value: str(value))
def test_a_fault_costs_time_and_nothing_else(
    product: Product, proxies: dict[str, FaultProxy], store: str, fault: Fault, how: dict[str, str | float]
) -> None:
    loads = [Load(product), Load(product)]
    threads = [threading.Thread(target=load.run) for load in loads]
    for thread in threads:
        thread.start()
    proxies[store].set(fault, **how)  # type: ignore[arg-type]
    try:
        time.sleep(LASTS)
    finally:
        for load in loads:
            load.stop.set()
        for thread in threads:
            thread.join(30)
        proxies[store].set(Fault.NONE)
    assert not [item for load in loads for item in load.failed]
    limits = {"memory/add": REDIS_LIMIT, "memory/search": REDIS_LIMIT, "graph/neighbours": NEO4J_LIMIT + REDIS_LIMIT}
    for load in loads:
        assert load.added and load.slowest.keys() == limits.keys()
        late = {method: took for method, took in load.slowest.items() if took > limits[method] + SLACK}
        assert not late
    named = {name for load in loads for stores in load.degraded.values() for name in stores}
    assert named == {store}
    clean_within(product, RECOVERS)
    for added in (item for load in loads for item in load.added):
        assert product.call("memory/get", id=added)["id"] == added


def test_a_killed_server_comes_back_by_itself(
    product: Product, redis_server: RedisServer, neo4j_server: Neo4jServer
) -> None:
    for server in (redis_server, neo4j_server):
        with server.down():
            made = product.add(f"Added while {type(server).__name__} was down")
            assert product.good("search", made, "--json").json is not None
        clean_within(product, RECOVERS)
