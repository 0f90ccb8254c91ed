"""A purge that is cut short: whoever asked hangs up, the daemon is killed, another program reads the database.

The reader makes each of them certain: while it is there, a purge is committed and cannot be swept.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lmem.client import presence
from tests.integration.lifecycle_support import home_paths, until
from tests.integration.product import Product, running
from tests.integration.test_product_purge import holding, purge

READ = """
import sqlite3, sys
reader = sqlite3.connect(sys.argv[1], isolation_level=None)
reader.execute("BEGIN")
reader.execute("SELECT count(*) FROM memories").fetchone()
print("reading", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def product(tmp_path: Path, model_dir: Path) -> Iterator[Product]:
    """A product whose daemon may be killed."""
    made = Product(tmp_path, model_dir)
    made.home.start(False)
    yield made
    made.home.stop()


@contextmanager
def reader(product: Product) -> Iterator[None]:
    """Another process in the middle of a read; killed, for one that closes the file would empty the log as it goes."""
    process = subprocess.Popen(
        [sys.executable, "-c", READ, product.home.paths.database], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None and process.stdout is not None
    assert process.stdout.readline() == b"reading\n"
    try:
        yield
    finally:
        process.kill()
        process.communicate()


def begin(product: Product, id: str) -> None:
    """Ask for a purge, and hang up once it is committed."""
    with product.client() as client:
        ask = {"jsonrpc": "2.0", "id": 1, "method": "memory/forget", "params": {"ids": [id], "purge": True}}
        client.raw.say(json.dumps(ask).encode() + b"\n")
        with product.client() as other:
            until(lambda: "error" in other.ask("memory/get", {"id": id}))


def test_who_hangs_up_leaves_nothing_behind(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> None:
    with running(tmp_path_factory.mktemp("hangs-up"), model_dir, vectors=False) as product:
        id = product.add("wumpuszqx is a word about staging")
        with reader(product):
            begin(product, id)
            assert holding(product, "wumpuszqx")
        until(lambda: holding(product, "wumpuszqx") == [])


@pytest.mark.parametrize("asked_again", [True, False])
def test_a_daemon_that_was_killed_goes_on_when_it_is_back(product: Product, asked_again: bool) -> None:
    id = product.add("wumpuszqx is a word about staging")
    with reader(product):
        begin(product, id)
        os.kill(product.pid(), signal.SIGKILL)
        until(lambda: not presence.lock_held(home_paths(product.home.path)))
    assert holding(product, "wumpuszqx")
    if asked_again:
        said = product.run("forget", id[:8], "--purge", "--yes", "--json")
        if said.status == 0:  # else the daemon itself was faster
            assert said.json["gone"] == [id]
            assert {entry["state"] for entry in said.json["receipt"]} == {"gone"}
            assert holding(product, "wumpuszqx") == []
    else:
        product.good("status")
        until(lambda: holding(product, "wumpuszqx") == [])
    assert product.run("forget", id, "--purge", "--yes").status == 4


def test_the_receipt_says_what_is_pending_while_a_reader_is_there(product: Product) -> None:
    id = product.add("wumpuszqx is a word about staging")
    with reader(product):
        receipt = product.good("forget", id, "--purge", "--yes", "--json").json["receipt"]
        pending = [entry["place"] for entry in receipt if entry["state"] == "pending"]
        assert pending == ["sqlite: full text", "sqlite: write-ahead log"]
        assert holding(product, "wumpuszqx")
    again = product.good("forget", id[:8], "--purge", "--yes")
    assert again.out.startswith(f"{id[:8]} was purged before; what was left of it is swept.\n")
    assert "pending" not in again.out
    assert holding(product, "wumpuszqx") == []


def test_sessions_remember_neither_its_file_nor_what_was_asked(product: Product) -> None:
    product.good("session", "start", "vault", "--json")
    id = product.add("the vault of staging", "--at", "wumpuszqx.py:7")
    product.good("search", "wumpuszqx vault", "--json")
    product.call("jobs/run", name="counters")
    product.good("search", "another wumpuszqx", "--json")
    assert "wumpuszqx.py" in str(product.good("session", "show", "--json").json["files"])
    assert purge(product, id) == []
    product.call("jobs/run", name="counters")
    shown = product.good("session", "show", "--json").json
    assert (shown["files"], shown["queries"]) == ([], [])
    assert holding(product, "wumpuszqx") == []
