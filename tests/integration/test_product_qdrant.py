"""The product with its vectors on a server: found there, nothing private sent, an outage, a wiped server, and back.

The server is the twin of tests/servers: qdrant-client's own store behind a Qdrant's calls.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import cast

import pytest
from qdrant_client import QdrantClient

from tests.integration.lifecycle_support import until
from tests.integration.product import Product
from tests.servers.qdrant_twin import running

KEY = "a-key-that-nothing-shows"
BOTH = ["dense", "sparse", "fts"]


def _environment(product: Product) -> dict[str, str]:
    return cast("dict[str, str]", product.home.extra)


def _served(product: Product, query: str) -> list[str]:
    return list(product.call("memory/search", query=query)["served_by"])


def _vectors(product: Product) -> dict[str, object]:
    return dict(product.call("status/get")["stores"]["vectors"])


def _titles(store: QdrantClient) -> set[str]:
    """What the serving collection holds, asked by its plain name."""
    records, _ = store.scroll("lmem_memory_embeddings", limit=1000)
    return {str((record.payload or {})["title"]) for record in records}


@pytest.fixture
def product(tmp_path: Path, model_dir: Path) -> Product:
    product = Product(tmp_path, model_dir)
    _environment(product)["LMEM_QDRANT_API_KEY"] = KEY
    return product


def test_memories_are_found_on_a_server_and_private_ones_never_get_there(product: Product) -> None:
    with running(KEY) as twin:
        _environment(product)["LMEM_QDRANT_URL"] = twin.url
        try:
            shown = product.add("The mailer has a queue of its own")
            hidden = product.add("The vault code is kept by Ada", "--private")
            until(lambda: _served(product, "mailer") == BOTH, 30)
            product.settle()
            assert _titles(twin.store) == {"The mailer has a queue of its own"}
            for query, wanted in (("queue of the mailer", shown), ("vault code", hidden)):
                found = product.good("search", query, "--json").json
                assert found["results"][0]["id"] == wanted and found["served_by"] == BOTH
            product.good("edit", shown, "--private")
            product.good("edit", hidden, "--no-private")
            product.settle()
            assert _titles(twin.store) == {"The vault code is kept by Ada"}
            assert product.good("search", "queue of the mailer", "--json").json["results"][0]["id"] == shown
            assert product.good("verify", "--json").json["vectors"]["clean"]
            store = _vectors(product)
            assert (store["engine"], store["url"], store["points"]) == ("qdrant", twin.url, 1)
            logs = [product.home.paths.log_file, product.home.paths.state / "worker.log"]
            said = product.good("status", "--json").out + product.run("doctor").out
            assert KEY not in said + "".join(log.read_text() for log in logs)
            assert product.faults() == []
        finally:
            product.home.stop()


def test_an_outage_degrades_and_a_wiped_server_is_filled_again(product: Product) -> None:
    try:
        with running(KEY) as twin:
            _environment(product)["LMEM_QDRANT_URL"] = twin.url
            port, store = twin.server_port, twin.store
            made = product.add("Written before the outage")
            until(lambda: _served(product, "outage") == BOTH, 30)
            product.settle()
        began = time.monotonic()
        found = product.good("search", "before the outage", "--json").json
        assert [result["id"] for result in found["results"]] == [made] and found["served_by"] == ["fts"]
        assert "Qdrant does not answer" in found["degraded"][0]["reason"]
        assert time.monotonic() - began < 5
        late = product.add("Written during the outage")
        with running(KEY, store, port):
            until(lambda: _served(product, "outage") == BOTH, 30)
            product.settle()
            assert _titles(store) == {"Written before the outage", "Written during the outage"}
        fresh = QdrantClient(":memory:")
        with running(KEY, fresh, port):
            until(lambda: _served(product, "outage") == BOTH and fresh.get_aliases().aliases, 30)
            product.settle()
            assert len(_titles(fresh)) == 2
            found = product.good("search", "during the outage", "--json").json
            assert found["results"][0]["id"] == late and found["degraded"] == []
            assert product.run("status", "--json").json["outbox"]["parked"] == 0
        assert product.faults() == []
    finally:
        product.home.stop()


def test_a_refused_key_is_said_and_full_text_answers(product: Product) -> None:
    with running("another key") as twin:
        _environment(product)["LMEM_QDRANT_URL"] = twin.url
        try:
            made = product.add("Found without the index")
            until(lambda: _vectors(product)["state"] == "down" and "refused" in str(_vectors(product)["reason"]), 30)
            assert product.call("status/get")["stores"]["embedder"]["state"] == "ready", "only the server is down"
            shown = product.good("status").out
            assert "vectors down" in shown and "embedder down" not in shown
            found = product.good("search", "without the index", "--json").json
            assert [result["id"] for result in found["results"]] == [made]
            assert found["degraded"][0]["reason"] == "Qdrant refused the API key."
            said = product.run("doctor", "--json").json["findings"]
            (finding,) = [item for item in said if item["check"] == "qdrant"]
            assert finding["level"] == "fail" and "qdrant.api_key_file" in finding["next"]
            assert len(twin.asked) < 20, "a refused key is not tried in a storm"
            assert product.faults() == []
        finally:
            product.home.stop()


def test_from_edge_to_a_server_and_back(product: Product) -> None:
    try:
        made = product.add("Moves from one engine to the other")
        until(lambda: _served(product, "engine") == BOTH, 30)
        product.settle()
        assert _vectors(product)["engine"] == "edge"
        with running(KEY) as twin:
            product.good("config", "set", "qdrant.url", twin.url)
            product.good("daemon", "restart")
            until(lambda: _served(product, "engine") == BOTH, 30)
            product.settle()
            assert _titles(twin.store) == {"Moves from one engine to the other"}
            assert not list(product.home.paths.vectors.glob("gen-*")), "what Edge kept is of no more use"
        product.good("config", "unset", "qdrant.url")
        product.good("daemon", "restart")
        until(lambda: _served(product, "engine") == BOTH, 30)
        product.settle()
        assert _vectors(product)["points"] == 1
        found = product.good("search", "moves between engines", "--only", "dense", "--json").json
        assert found["results"][0]["id"] == made
        assert product.faults() == []
    finally:
        product.home.stop()
