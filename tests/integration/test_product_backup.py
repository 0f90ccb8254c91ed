"""Backups of the product: restored under a real daemon, taken back, refused, killed half-way."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lmem import backupfiles
from lmem.client import presence
from tests.integration.lifecycle_support import until
from tests.integration.product import Product


@pytest.fixture
def product(tmp_path: Path, model_dir: Path) -> Iterator[Product]:
    made = Product(tmp_path, model_dir)
    made.home.start()
    yield made
    made.home.stop()


def found(product: Product, query: str) -> list[str]:
    """Titles that a search of the terminal finds now."""
    said = product.good("search", query, "--json").json
    return [row["title"] for row in said["results"] if query.split()[0] in row["title"]]


def clean(product: Product) -> None:
    """Every store agrees with the database, after waiting alone."""
    product.settle()
    until(lambda: product.call("status/get")["stores"]["vectors"]["state"] == "ready", 30)
    said = product.good("verify", "--json").json
    assert all(store["clean"] and not store["waiting"] for store in said.values()), said
    assert product.good("audit", "verify", "--json")


def restore(product: Product, name: str) -> str:
    """Restore; the name of the backup of what there was."""
    return str(product.good("backup", "restore", name, "--yes", "--json").json["before"])


def test_there_and_back_again(product: Product) -> None:
    kept, changed = product.add("zebras are striped"), product.add("quokkas are small")
    gone = product.add("wombats are purged later")
    product.settle()
    outside = product.temporary / "copy.db"
    made = product.good("backup", "create", "--json").json
    product.good("backup", "create", "--output", str(outside))
    product.good("edit", changed, "--title", "quokkas are tall")
    product.add("yaks came later")
    product.good("forget", gone, "--purge", "--yes")
    product.settle()
    assert found(product, "yaks")
    dry = product.good("backup", "restore", str(outside), "--dry-run", "--json").json
    assert (dry["backup"]["memories"], dry["now"]["memories"], dry["left_out"]) == (3, 3, 1)
    assert found(product, "yaks")

    before = restore(product, str(outside))
    assert found(product, "yaks") == found(product, "wombats") == []
    assert found(product, "quokkas") == ["quokkas are small"]
    clean(product)
    assert found(product, "yaks") == found(product, "wombats") == []
    assert found(product, "zebras") == ["zebras are striped"]
    assert product.run("show", gone).status == 4
    entry = product.good("audit", "list", "--action", "restore", "--json").rows[0]
    assert (entry["kind"], entry["id"], entry["details"]["left_out"]) == ("backup", "copy.db", 1)

    listed = {row["name"]: row for row in product.good("backup", "list", "--json").rows}
    assert listed.keys() == {before, made["name"]} and listed[before]["memories"] == 3
    assert all(row["sound"] for row in product.good("backup", "verify", "--json").rows)
    restore(product, before)
    clean(product)
    assert found(product, "yaks") and found(product, "quokkas") == ["quokkas are tall"]
    assert found(product, "wombats") == [] and found(product, "zebras")
    assert product.call("memory/get", id=kept)["title"] == "zebras are striped"
    assert not product.faults()


def test_what_cannot_be_restored_is_refused_while_the_daemon_runs(product: Product) -> None:
    product.add("zebras are striped")
    pid, folder = product.pid(), product.temporary
    good, torn, newer, text = (folder / f"{name}.db" for name in ("good", "torn", "newer", "text"))
    product.good("backup", "create", "-o", str(good))
    shutil.copyfile(good, torn)
    shutil.copyfile(good, newer)
    with torn.open("r+b") as opened:
        opened.seek(torn.stat().st_size // 2)
        opened.write(b"\xff" * 16384)
    script = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('PRAGMA user_version=999')"
    subprocess.run([sys.executable, "-c", script, newer], check=True)
    text.write_text("no database " * 100)
    for file, code in ((torn, "damaged"), (newer, "newer_file"), (text, "foreign_file")):
        said = product.run("backup", "restore", str(file), "--yes", "--json")
        assert (said.status, said.error["code"]) == (10, code)
    assert product.run("backup", "verify", str(torn)).status == 1
    assert product.run("backup", "restore", str(product.home.paths.database), "--yes").status == 5
    assert product.run("backup", "create", "-o", str(good)).status == 5
    assert product.pid() == pid and found(product, "zebras")
    with product.client("mcp") as client:
        for method in ("backup/create", "backup/list", "backup/verify"):
            assert client.refusal(method)["code"] == "forbidden"
        for dry_run in (True, False):
            assert client.refusal("backup/restore", backup=str(good), dry_run=dry_run)["code"] == "forbidden"


def test_a_truth_that_no_daemon_can_open_is_restored(product: Product) -> None:
    product.add("zebras are striped")
    name = product.good("backup", "create", "--json").json["name"]
    product.good("daemon", "stop")
    product.home.paths.database.write_bytes(b"nonsense " * 4000)
    assert product.run("list").status == 10
    assert product.good("backup", "list", "--json").rows[0]["name"] == name
    before = restore(product, name)
    assert found(product, "zebras")
    clean(product)
    kept = backupfiles.resolve(product.home.paths.backups, before)
    assert kept.read_bytes() == b"nonsense " * 4000


def test_a_daemon_killed_while_it_restores_leaves_it_to_the_next(product: Product) -> None:
    for number in range(3):
        product.add(f"zebras number {number} are striped")
    made = product.good("backup", "create", "--json").json
    product.add("yaks came later")
    for delay in (0.02, 0.05, 0.1, 0.2, 0.3):
        with product.client() as client:
            number = client.result("backup/restore", backup=made["name"])["id"]
        until(lambda: not presence.lock_held(product.home.paths), 15)
        starting = subprocess.Popen(
            [sys.executable, "-m", "lmem", "daemon", "start"], env=product.home.environ, stderr=subprocess.DEVNULL
        )
        until(lambda: presence.lock_holder(product.home.paths), 15)
        time.sleep(delay)  # how far it comes is what differs
        if (holder := presence.lock_holder(product.home.paths)) is not None:
            os.kill(holder, signal.SIGKILL)
        starting.wait(30)
        assert len(found(product, "zebras")) == 3 and found(product, "yaks") == []
        told = backupfiles.outcome(product.home.paths, number)
        assert told is not None and told["state"] == "done"
        assert not product.home.paths.restore_note.exists()
        product.add("yaks came later")
    clean(product)
    assert all(row["sound"] for row in product.good("backup", "verify", "--json").rows)
