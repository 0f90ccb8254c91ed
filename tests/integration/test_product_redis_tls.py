"""The product with its cache on a real Redis over TLS: the authority that is trusted, and one that is not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from redis import Redis

from tests.integration.lifecycle_support import until
from tests.integration.product import Product
from tests.servers.faults import FaultProxy
from tests.servers.process import Unavailable
from tests.servers.redis import RedisServer, TlsRedisServer, self_signed

PASSWORD = "a-password-that-nothing-shows"


@pytest.fixture
def server(redis_server: RedisServer, tmp_path: Path) -> Iterator[TlsRedisServer]:
    """A server of the test's own, with a certificate and a password."""
    directory = tmp_path / "redis"
    directory.mkdir()
    try:
        made = TlsRedisServer(directory, PASSWORD)
    except Unavailable as reason:
        pytest.skip(f"Redis with TLS: {reason}")
    with made:
        yield made


@pytest.fixture
def product(tmp_path: Path, model_dir: Path, server: TlsRedisServer) -> Iterator[Product]:
    made = Product(tmp_path, model_dir)
    _environment(made).update(LMEM_REDIS_PASSWORD=PASSWORD, LMEM_REDIS_TIMEOUT_SECONDS="2")
    yield made
    made.home.stop()


def _environment(product: Product) -> dict[str, str]:
    return cast("dict[str, str]", product.home.extra)


def _use(product: Product, url: str, ca_file: Path) -> None:
    product.good("config", "set", "redis.url", url)
    product.good("config", "set", "redis.ca_file", str(ca_file))
    product.good("daemon", "restart")


def _state(product: Product) -> dict[str, Any]:
    return dict(product.call("status/get")["stores"]["cache"])


def _hits(product: Product) -> int:
    """How often a memory came out of the cache."""
    return int(product.good("stats", "--json").json["hit_rates"]["memory:{memory_id}"]["hits"])


def _finding(product: Product) -> dict[str, str]:
    (found,) = [item for item in product.run("doctor", "--json").json["findings"] if item["check"] == "cache"]
    return dict(found)


def test_a_cache_over_tls_is_used_and_counts_as_safe(product: Product, server: TlsRedisServer) -> None:
    _use(product, server.tls_url, server.certificate)
    made = product.add("The mailer has a queue of its own")
    until(lambda: _state(product)["state"] == "ready", 15)
    assert _state(product)["url"] == server.tls_url
    product.settle()
    until(lambda: product.call("memory/get", id=made) and _hits(product) > 0)
    with Redis.from_url(server.url, password=PASSWORD) as raw:
        assert raw.get("lmem:instance")
        assert all(client["laddr"].endswith(f":{server.tls_port}") for client in _others(raw))
    assert _finding(product)["level"] == "ok"
    assert product.call("memory/search", query="queue of the mailer")["degraded"] == []
    assert product.good("verify", "--json").json["cache"]["clean"]
    _leave(product, server)
    assert not product.faults()


def _leave(product: Product, server: TlsRedisServer) -> None:
    """Whoever takes the address away is told what stays there, and what to do about it does it."""
    assert "keeps" not in product.good("config", "set", "redis.url", server.tls_url).err
    said = product.good("config", "unset", "redis.url").err
    assert f"Redis at {server.tls_url} keeps what it holds" in said and "the key 'lmem:instance'" in said
    product.good("daemon", "restart")
    assert _state(product)["engine"] != "redis"
    with Redis.from_url(server.url, password=PASSWORD) as raw:
        keys = list(raw.scan_iter())
        assert all(key.startswith(b"lmem:") for key in keys)
        assert [key for key in keys if raw.ttl(key) > 86_400 or raw.ttl(key) == -1] == [b"lmem:instance"]


def _others(raw: Any) -> list[dict[str, str]]:
    """The connections of others than this test, of whom there are some."""
    found = [client for client in raw.client_list() if client["id"] != str(raw.client_id())]
    assert found
    return found


def test_an_authority_that_did_not_sign_is_said_and_not_asked_in_a_storm(
    product: Product, server: TlsRedisServer, tmp_path: Path
) -> None:
    other = tmp_path / "other.crt"
    self_signed(other, tmp_path / "other.key")
    with FaultProxy(server.tls_port) as proxy:
        _use(product, f"rediss://localhost:{proxy.port}/0", other)
        made = product.add("Found without the cache")
        until(lambda: _state(product)["state"] == "down", 15)
        asked, began = proxy.accepted, time.monotonic()
        for _ in range(100):
            found = product.call("memory/search", query="found without")
        assert [row["id"] for row in found["results"]] == [made]
        (degraded,) = [row for row in found["degraded"] if row["store"] == "cache"]
        assert degraded["reason"].endswith("has a certificate that is not trusted.")
        finding = _finding(product)
        assert (finding["level"], finding["message"]) == ("warn", degraded["reason"])
        assert "redis.ca_file" in finding["next"]
        assert proxy.accepted - asked <= 3 + (time.monotonic() - began), "it is asked less and less often"
        _use(product, f"rediss://localhost:{proxy.port}/0", server.certificate)
        until(lambda: _state(product)["state"] == "ready", 15)
    said = product.good("status", "--json").out + product.run("doctor").out + product.home.paths.log_file.read_text()
    assert PASSWORD not in said
    assert not product.faults()
