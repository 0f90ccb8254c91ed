"""A canary: after `forget --purge` its word is in no file under LMEM_HOME, but where the receipt says so.

A child process reads the files: in the daemon, or beside its own connection, a closed descriptor would drop SQLite's
locks.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lmem.stores.sqlite.backup import check_copy
from tests.integration.product import Product, running

SCAN = """
import os, pathlib, sys
root, words = pathlib.Path(sys.argv[1]), [word.encode() for word in sys.argv[2:]]

def written(path):
    with open(path, "rb") as file:  # its data alone: most of an index's files is holes
        end, at, found = file.seek(0, os.SEEK_END), 0, []
        while at < end:
            try:
                start = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError:
                break
            at = os.lseek(file.fileno(), start, os.SEEK_HOLE)
            found.append(os.pread(file.fileno(), at - start, start))
        return b"".join(found).lower()

for path in sorted(root.rglob("*")):
    if path.is_file():
        held = written(path)
        if any(word in held for word in words):
            print(path.relative_to(root))
"""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[Product]:
    with running(tmp_path_factory.mktemp("purge"), model_dir) as product:
        yield product


def holding(product: Product, *words: str) -> list[str]:
    """The files that hold one of the words, in any case."""
    done = subprocess.run(
        [sys.executable, "-c", SCAN, product.home.path, *words], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def purge(product: Product, *ids: str) -> list[str]:
    """The places that the receipt says are not clean yet."""
    receipt = product.good("forget", *ids, "--purge", "--yes", "--json").json["receipt"]
    assert len(receipt) >= 4
    return [entry["place"] for entry in receipt if entry["state"] != "gone"]


def test_the_scan_sees_what_is_there(product: Product) -> None:
    made = product.add("the word snarkqzbird stands in the database")
    product.settle()
    assert any("layered_memory.db" in name for name in holding(product, "snarkqzbird"))
    purge(product, made)
    assert holding(product, "snarkqzbird") == []


def test_every_field_and_version_goes(product: Product) -> None:
    word = "wumpuszqx"
    neighbours = [{"content": f"Neighbour {number} stays where it is, with words of its own"} for number in range(30)]
    filler = [row["id"] for row in product.call("memory/add_many", items=neighbours)["results"]]
    line = {"content": f"A {word} in the text\n{word} " + "and more " * 3000, "title": f"{word} title", "type": "task",
            "tags": [word], "source_id": word, "author": word, "project": "zoo"}  # fmt: skip
    made = product.good("add", "--jsonl", "-", "--json", stdin=json.dumps(line).encode()).rows[0]["id"]
    product.settle()
    for changes in ({"content": f"Second {word} text", "summary": word, "category": word}, {"add_tags": [f"{word}-2"]},
                    {"context": {"file": f"/tmp/{word}"}}):  # fmt: skip
        product.call("memory/edit", id=made, changes=changes, reason=f"because of the {word}")
    product.call("memory/undo")
    product.call("memory/forget", ids=[made], reason=f"no {word} any more")
    product.call("memory/restore", ids=[made])
    for query in (word, f'"{word}" text', f"{word}*"):
        assert product.call("memory/search", query=query, project="zoo")["results"]
    product.settle()
    assert holding(product, word)
    pending = purge(product, made)
    assert pending == []
    assert holding(product, word) == []
    assert all(product.call("memory/get", id=kept)["content"].startswith("Neighbour") for kept in filler)


def test_what_was_never_indexed_goes_too(product: Product) -> None:
    made = product.add("jubjubzqk was added a moment ago")
    assert purge(product, made) == []
    assert holding(product, "jubjubzqk") == []
    product.settle()
    assert holding(product, "jubjubzqk") == []


def test_an_archived_memory_goes(product: Product) -> None:
    made = product.add("bandersnatchzq was archived first")
    product.good("forget", made)
    assert purge(product, made) == []
    assert holding(product, "bandersnatchzq") == []


def test_many_go_at_once(product: Product) -> None:
    lines = "\n".join(json.dumps({"content": f"toveszqk number {number}"}) for number in range(50))
    ids = [row["id"] for row in product.good("add", "--jsonl", "-", "--json", stdin=lines.encode()).rows]
    product.settle()
    assert purge(product, *ids) == []
    assert holding(product, "toveszqk") == []


def test_text_without_spaces_goes(product: Product) -> None:
    made = product.add("猫と犬の秘密の鍵は庭の石の下にある")
    product.settle()
    assert holding(product, "秘密の鍵")
    purge(product, made)
    assert holding(product, "秘密の鍵", "密の鍵") == []


def test_it_goes_from_the_backups_too(product: Product) -> None:
    made, other = product.add("jabberwockzq 你好金丝雀 is in a backup"), product.add("so is this harmless one")
    product.call("memory/edit", id=made, changes={"content": "jabberwockzq again"}, reason="jabberwockzq")
    backups = product.home.paths.backups
    backups.mkdir(exist_ok=True)
    copy = backups / "layered_memory-20260101T000000.000Z-before-schema-9.db"
    make = [sys.executable, "-c", "import sys; from pathlib import Path; from lmem.stores.sqlite.backup import "
            "make_backup; make_backup(Path(sys.argv[1]), Path(sys.argv[2]))"]  # fmt: skip
    subprocess.run([*make, product.home.paths.database, copy], check=True)
    assert copy.relative_to(product.home.path).as_posix() in holding(product, "jabberwockzq")
    assert purge(product, made) == []
    assert holding(product, "jabberwockzq", "金丝雀") == []
    check_copy(copy)
    left = sqlite3.connect(copy)
    assert left.execute("SELECT count(*) FROM memories WHERE id = ?", (other,)).fetchone() == (1,)
    left.close()
    copy.unlink()


def test_a_backup_is_named_as_what_still_holds_it(product: Product) -> None:
    made = product.add("boojumzqk is in a backup")
    backups = product.home.paths.backups
    backups.mkdir(exist_ok=True)
    (backups / "old.db").write_bytes(b"... boojumzqk ...")
    assert purge(product, made) == ["backup old.db"]
    assert holding(product, "boojumzqk") == ["data/backups/old.db"]
