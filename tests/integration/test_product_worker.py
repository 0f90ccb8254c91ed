"""The index worker comes and goes; what is added is safe, and what is asked is answered.

The third death in a minute is the last that is mended, so only the last test here may be that one.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.harness import nested
from tests.integration.lifecycle_support import until
from tests.integration.product import Json, Product, running


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[Product]:
    with running(tmp_path_factory.mktemp("worker"), model_dir, vectors=False) as product:
        yield product


def worker(product: Product) -> Json:
    return nested(product.call("status/get"), "worker")


def serves(product: Product) -> bool:
    found = product.call("memory/search", query="anything")
    return bool(found["served_by"] == ["dense", "sparse", "fts"])


def test_add_is_answered_before_the_worker_is_up(tmp_path: Path, model_dir: Path) -> None:
    fresh = Product(tmp_path, model_dir)
    try:
        began = time.monotonic()
        made = fresh.add("Remembered by a daemon that was not there")
        took = time.monotonic() - began
        with fresh.client() as client:
            assert client.hello["ready"] == {"storage": True, "vectors": False}
            stores = client.result("status/get")["stores"]
            assert {stores["vectors"]["state"], stores["embedder"]["state"]} <= {"starting", "ready"}
            found = client.result("memory/search", query="daemon that was not there")
        assert [result["id"] for result in found["results"]] == [made]
        assert took < 5, "even on a machine that does something else"
        until(lambda: serves(fresh), 30)
        fresh.settle()
        found = fresh.call("memory/search", query="something kept by a background process", only="dense")
        assert found["results"][0]["id"] == made and fresh.faults() == []
    finally:
        fresh.home.stop()


def test_a_wait_says_what_it_waits_for(tmp_path: Path, model_dir: Path) -> None:
    short = Product(tmp_path, model_dir, vectors_reserve_mb="1000000000")  # of space
    try:
        short.add("Remembered where the index has no room")
        said = short.run("status", "--wait", "--timeout", "8")
        waiting, *_, error, hint = said.err.splitlines()
        assert (said.status, said.out) == (6, "")
        assert waiting.startswith("Waiting: The index needs ") and "Free some space" in waiting
        assert error.startswith("lmem: 1 row still waits for the index: The index needs ")
        assert hint.startswith("Free some space")
        findings = short.run("doctor", "--json").json["findings"]
        (relay,) = [item for item in findings if item["check"] == "relay"]
        assert relay["message"].startswith("1 row waits: The index needs ")
    finally:
        short.home.stop()


def test_a_killed_worker_means_full_text_until_it_is_back(product: Product) -> None:
    made = product.add("Chose a queue of its own for the mailer, so that a slow server blocks nobody")
    until(lambda: serves(product), 30)
    product.settle()
    first = worker(product)
    os.kill(first["pid"], signal.SIGKILL)
    until(lambda: worker(product)["pid"] != first["pid"])

    said = product.good("search", "queue for the mailer", "--json").json
    assert [result["id"] for result in said["results"]] == [made]
    assert said["served_by"] == ["fts"]
    lost = said["degraded"]
    assert [entry["store"] for entry in lost] == ["vectors"] and lost[0]["reason"].endswith(".") and lost[0]["hint"]
    plain = product.run("search", "mailer")
    assert plain.status == 0 and made[:8] in plain.out
    during = product.add("Added while the worker was away")
    assert during in product.good("search", "worker away").out or during[:8] in product.good("search", "away").out

    until(lambda: serves(product), 30)
    product.settle()
    found = product.good("search", "worker was away", "--only", "dense", "--json").json
    assert found["results"][0]["id"] == during and found["degraded"] == []
    after = worker(product)
    assert after["pid"] not in (None, first["pid"]) and after["restarts"] == first["restarts"] + 1
    assert product.good("status", "--json").json["stores"]["vectors"]["state"] == "ready"


def test_a_search_that_is_under_way_when_the_worker_dies_is_answered(product: Product) -> None:
    made = product.add("The search goes on while its index falls over")
    until(lambda: serves(product), 30)
    pid = worker(product)["pid"]
    os.kill(pid, signal.SIGSTOP)
    with product.client() as client:
        client.raw.say({"jsonrpc": "2.0", "id": 9, "method": "memory/search", "params": {"query": "index falls over"}})
        time.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
        frame = client.raw.hear()
    assert frame["id"] == 9
    found = nested(frame, "result")
    assert found["served_by"] == ["fts"] and found["degraded"]
    assert made in str(found["results"])
    until(lambda: serves(product), 30)


def test_a_worker_that_hangs_is_pending_in_the_receipt(product: Product) -> None:
    made = product.add("Purged while the index does not move")
    until(lambda: serves(product), 30)
    product.settle()
    pid = worker(product)["pid"]
    os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    purged = product.call("memory/forget", ids=[made], purge=True)
    took = time.monotonic() - began
    os.kill(pid, signal.SIGCONT)
    assert [entry["place"] for entry in purged["receipt"] if entry["state"] == "pending"] == ["vectors"]
    assert took < 9, "a receipt waits five seconds"
    product.settle()
    status = product.call("status/get")
    assert nested(status, "stores", "vectors")["points"] == product.memories()


def test_one_index_alone_is_not_replaced_by_another(product: Product) -> None:
    until(lambda: serves(product), 30)
    pid = worker(product)["pid"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: worker(product)["pid"] != pid)
    found = product.call("memory/search", query="index falls over", only="dense")
    assert found["served_by"] == [] and found["results"] == [] and found["degraded"]
