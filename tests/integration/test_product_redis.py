"""The product with its cache on a real Redis: what lands there and what never does, outages, passwords, damage."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from redis import Redis

from tests.integration.lifecycle_support import until
from tests.integration.product import Product
from tests.servers.faults import Fault, FaultProxy
from tests.servers.redis import RedisServer

PASSWORD = "a-password-that-nothing-shows"
CANARY = "obsidiancanary"


@pytest.fixture
def server(redis_server: RedisServer, tmp_path: Path) -> Iterator[RedisServer]:
    """A server of the test's own, with a password."""
    directory = tmp_path / "redis"
    directory.mkdir()
    with RedisServer(directory, PASSWORD) as made:
        yield made


@pytest.fixture
def product(tmp_path: Path, model_dir: Path, server: RedisServer) -> Iterator[Product]:
    made = Product(tmp_path, model_dir)
    _environment(made).update(LMEM_REDIS_URL=server.url, LMEM_REDIS_PASSWORD=PASSWORD, LMEM_REDIS_TIMEOUT_SECONDS="0.5")
    yield made
    made.home.stop()


def _environment(product: Product) -> dict[str, str]:
    return cast("dict[str, str]", product.home.extra)


def _raw(server: RedisServer) -> Any:
    return Redis.from_url(server.url, password=PASSWORD)


def _held(server: RedisServer) -> bytes:
    """Every key and value on the server."""
    with _raw(server) as raw:
        return b"\n".join(key + b" " + (raw.dump(key) or b"") for key in raw.scan_iter())


def _state(product: Product) -> dict[str, Any]:
    return dict(product.call("status/get")["stores"]["cache"])


def _ready(product: Product) -> None:
    until(lambda: _state(product)["state"] == "ready", 15)


def _everything(product: Product, *ids: str) -> None:
    """Ask so that every kind of value is put."""
    for _ in range(2):
        for query in ("queue of the mailer", f"the {CANARY} code"):
            product.call("memory/search", query=query)
        product.call("memory/list")
        product.call("memory/tags")
        product.call("context/get")
        product.call("layer/list")
        for memory_id in ids:
            product.call("memory/get", id=memory_id)


def test_what_lands_on_a_server_is_nothing_private_and_no_secret(product: Product, server: RedisServer) -> None:
    shown = product.add("The mailer has a queue of its own", "--tag", "mail")
    hidden = product.add(f"The {CANARY} is kept by Ada", "--private", "--tag", f"{CANARY}tag")
    product.settle()
    _ready(product)
    _everything(product, shown, hidden)
    found = product.good("search", "who keeps the code", "--json").json
    assert found["degraded"] == []
    until(lambda: b"The mailer has a queue" in _held(server))
    held = _held(server)
    assert shown.encode() in held and b"lmem:instance" in held
    assert f"{CANARY} is kept".encode() not in held and f"{CANARY}tag".encode() not in held
    rates = product.good("stats", "--json").json["hit_rates"]
    assert rates["memory:{memory_id}"]["hits"] > 0 and rates["search:semantic:{query_hash}"]["hits"] > 0
    state = _state(product)
    assert (state["engine"], state["url"]) == ("redis", server.url)
    assert product.good("verify", "--json").json["cache"]["clean"]
    said = product.good("status", "--json").out + product.run("doctor").out + product.home.paths.log_file.read_text()
    assert PASSWORD not in said
    assert not product.faults()


def test_an_outage_costs_time_only(product: Product, server: RedisServer) -> None:
    with FaultProxy(server.port) as proxy:
        _environment(product)["LMEM_REDIS_URL"] = proxy.url(server.url)
        made = product.add("Written before the outage")
        product.settle()
        _ready(product)
        _everything(product, made)
        for fault in (Fault.BLACK_HOLE, Fault.REFUSE):
            proxy.set(fault)
            began = time.monotonic()
            found = product.call("memory/search", query="before the outage")
            assert time.monotonic() - began < 2
            assert [row["store"] for row in found["degraded"]] == ["cache"]
            text = f"Changed during the fault {fault.name.lower()}"
            product.good("edit", made, "--content", text)
            shown = product.call("memory/get", id=made)
            assert shown["content"] == text and [row["store"] for row in shown["degraded"]] == ["cache"]
            assert text in [row["title"] for row in product.call("memory/list")["memories"]]
            late = product.add(f"Added during the fault {fault.name.lower()}")
            results = product.call("memory/search", query="added during the fault")["results"]
            assert late in [row["id"] for row in results]
            proxy.set(Fault.NONE)
            until(lambda: product.call("memory/list")["degraded"] == [], 20)
            shown = product.call("memory/get", id=made)
            assert shown["content"] == text and "degraded" not in shown
            product.settle()
            assert product.good("verify", "--json").json["cache"]["clean"]
    assert not product.faults()


def test_a_wrong_password_is_said_and_costs_nothing(product: Product, server: RedisServer) -> None:
    _environment(product)["LMEM_REDIS_PASSWORD"] = "another"
    made = product.add("Found without the cache")
    until(lambda: _state(product)["state"] == "down", 15)
    found = product.call("memory/search", query="found without")
    assert [row["id"] for row in found["results"]] == [made]
    assert found["degraded"][-1]["reason"] == "Redis refused the password."
    said = product.run("doctor", "--json").json["findings"]
    (finding,) = [item for item in said if item["check"] == "cache"]
    assert (finding["level"], finding["message"]) == ("warn", "Redis refused the password.")
    assert "redis.password_file" in finding["next"]
    for _ in range(10):
        product.call("memory/list")
    with _raw(server) as raw:
        refused = int(raw.info("stats").get("total_error_replies", 0))
    assert refused < 8, "a refused password is not tried in a storm"
    assert not product.faults()


def test_a_purge_reaches_the_server_however_late(product: Product, server: RedisServer) -> None:
    with FaultProxy(server.port) as proxy:
        _environment(product)["LMEM_REDIS_URL"] = proxy.url(server.url)
        first, second = (product.add(f"The {CANARY} number {number}") for number in (1, 2))
        product.settle()
        _ready(product)
        _everything(product, first, second)
        until(lambda: CANARY.encode() in _held(server))
        receipt = product.good("forget", first, "--purge", "--yes", "--json").json["receipt"]
        assert [row["state"] for row in receipt if row["place"] == "cache"] == ["gone"]
        assert CANARY.encode() not in _held(server)
        _everything(product, second)
        until(lambda: CANARY.encode() in _held(server))
        proxy.set(Fault.REFUSE)
        receipt = product.good("forget", second, "--purge", "--yes", "--json").json["receipt"]
        assert [row["state"] for row in receipt if row["place"] == "cache"] == ["pending"]
        assert CANARY.encode() in _held(server)
        product.good("daemon", "restart")
        proxy.set(Fault.NONE)
        until(lambda: CANARY.encode() not in _held(server), 40)
    assert not product.faults()


def test_a_server_that_was_emptied_is_reported_and_repaired(product: Product, server: RedisServer) -> None:
    made = product.add("Cached again after the flush")
    product.settle()
    _ready(product)
    _everything(product, made)
    server.wipe()
    said = product.run("verify", "--json")
    by_itself = _state(product).get("wiped") == 1  # a write that was under way may have noticed it before
    assert by_itself or (said.status == 1 and said.json["cache"]["missing"] == 1), said
    product.good("repair", "--json")
    assert product.good("verify", "--json").json["cache"]["clean"]
    _everything(product, made)
    assert _state(product)["wiped"] == 1
    until(lambda: b"Cached again" in _held(server))
    product.good("rebuild", "cache", "--json")
    assert b"Cached again" not in _held(server)
    assert not product.faults()


def test_a_prefix_of_another_lmem_is_refused(product: Product, server: RedisServer) -> None:
    with _raw(server) as raw:
        raw.set("lmem:instance", "somebody else")
        made = product.add("Kept all the same")
        until(lambda: _state(product)["state"] == "down", 15)
        assert product.call("memory/get", id=made)["title"] == "Kept all the same"
        (finding,) = [row for row in product.run("doctor", "--json").json["findings"] if row["check"] == "cache"]
        assert "belong to another lmem" in finding["message"] and "redis.prefix" in finding["next"]
        assert list(raw.scan_iter()) == [b"lmem:instance"]
    assert not product.faults()
