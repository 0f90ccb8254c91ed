"""Nothing secret is stored: credentials that went through every door of a real daemon are in none of its files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.product import Json, Product, running
from tests.unit.domain.secret_corpus import Maker, Planted, corpus

TOKEN = "ghp_7hJ2kLm9QwErTy4UiOpAsDfGhJkZxCvB1nM3"
KEPT = "the word periwinklez stays"
MEMORY = "5ec2e7" + "0" * 26


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[Product]:
    with running(tmp_path_factory.mktemp("secrets"), model_dir) as product:
        yield product


HOLES = re.compile(rb"\0{64,}")


def files(product: Product) -> list[Path]:
    """Every file under LMEM_HOME, and whatever its user's own folders got."""
    roots = (product.home.path, product.user, product.temporary)
    return [path for root in roots for path in root.rglob("*") if path.is_file() and not path.is_symlink()]


def holding(product: Product, secrets: list[str]) -> list[tuple[str, str]]:
    """Which files hold which of these texts, in UTF-8 or as JSON escapes it."""
    found = []
    for path in files(product):
        data = HOLES.sub(b"\0", path.read_bytes())
        found += [
            (path.name, secret)
            for secret in secrets
            if secret.encode() in data or json.dumps(secret)[1:-1].encode() in data
        ]
    return found


def doors(product: Product, make: Maker) -> list[str]:
    """Put a credential through every field and method that stores words; answers the credentials."""
    used: list[str] = []

    def fresh() -> str:
        used.append("ghp_" + make.some("abcdefghjkmnpqrstuvwxyzABCDEFGH123456789", 36))
        return used[-1]

    everywhere: Json = {
        "content": f"text {fresh()}", "title": f"title {fresh()}", "summary": f"summary {fresh()}",
        "tags": [fresh()], "category": fresh(), "type": fresh(), "author": fresh(), "source_id": fresh(),
        "context": {"note": fresh(), fresh(): 1, "deep": [{"password": make.password()}]}, "project": fresh(),
    }  # fmt: skip
    used.append(everywhere["context"]["deep"][0]["password"])
    product.call("memory/add_many", items=[everywhere])
    del everywhere["project"], everywhere["source_id"]
    product.call("memory/add", **{**everywhere, "id": MEMORY, "content": f"again {fresh()}"})
    session = product.call("session/start", goal=f"rotate {fresh()}")["id"]
    changes: Json = {"content": f"edited {fresh()}", "add_tags": [fresh()], "summary": fresh()}
    product.call("memory/edit", id=MEMORY, changes=changes, reason=f"because {fresh()}")
    product.call("memory/search", query=f"where is {fresh()}", session=session)
    product.call("memory/forget", ids=[MEMORY], reason=f"it had {fresh()}")
    product.run("add", f"--at={fresh()}:1", "from the terminal", "--tag", "plain")
    product.run("search", fresh())
    product.run("add", f"a bad option after {fresh()}", "--importance", "7")
    with product.client("cli") as client:
        client.raw.say(f'{{"jsonrpc": "2.0", "id": 1, "method": "{fresh()}", "params": []}}\n'.encode())
        client.raw.hear()
    return used


def test_the_canaries_are_in_no_file(tmp_path: Path, model_dir: Path) -> None:
    product = Product(tmp_path, model_dir)
    product.home.start(True)
    try:
        canaries = fill(product)
        product.settle()
        assert holding(product, canaries) == []
    finally:
        product.home.stop()  # what is buffered is written: last questions, reads, counters
    assert {name for name, _ in holding(product, [KEPT])}, "nothing was searched"
    assert holding(product, canaries) == []
    assert not product.faults()


def fill(product: Product) -> list[str]:
    """Store the corpus and more; answers every credential that was given, but those that the daemon did not report."""
    planted: list[Planted] = list(corpus())
    assert len(planted) >= 300
    rows: list[Json] = []
    for at in range(0, len(planted), 200):
        items = [{"content": item.text} for item in planted[at : at + 200]]
        rows += product.call("memory/add_many", items=items)["results"]
    reported = [row for row in rows if row["redacted"]]
    assert len(reported) >= 0.98 * len(planted)
    canaries = [item.secret for item, row in zip(planted, rows, strict=True) if row["redacted"]]
    canaries += doors(product, Maker(5))
    product.add(KEPT)
    return canaries


def test_the_answer_says_what_and_where(product: Product) -> None:
    added = product.call("memory/add", content=f"first line\nthe key {TOKEN}", tags=[TOKEN])
    assert added["redacted"] == [
        {"kind": "github-token", "field": "content", "line": 2, "column": 9},
        {"kind": "github-token", "field": "tags[0]", "line": 1, "column": 1},
    ]
    stored = product.call("memory/get", id=added["id"])
    assert stored["content"] == "first line\nthe key [redacted:github-token]"
    assert stored["tags"] == ["redacted-github-token"]
    assert TOKEN not in json.dumps(added)
    assert product.call("memory/add", content="nothing to hide")["redacted"] == []


def test_the_terminal_says_it_without_the_value(product: Product) -> None:
    said = product.good("add", f"deploy with {TOKEN}")
    assert "Replaced a secret (github-token) in content, line 1, column 13" in said.err
    assert TOKEN not in said.out + said.err
    said = product.good("edit", product.add("an old text"), "--content", f"now with {TOKEN}", "--json")
    assert [item["kind"] for item in said.json["redacted"]] == ["github-token"]
    lines = json.dumps({"content": f"in bulk {TOKEN}"}).encode()
    assert "line 1: Replaced a secret" in product.good("add", "--jsonl", "-", stdin=lines).err
    assert [item["kind"] for item in product.good("add", "--jsonl", "-", "--json", stdin=lines).rows[0]["redacted"]]


def test_allow_secret_keeps_it_and_is_audited(product: Product) -> None:
    made = product.good("add", f"keep {TOKEN}", "--allow-secret", "--json").json
    assert TOKEN in product.call("memory/get", id=made["id"])["content"]
    assert made["redacted"] == []
    assert [item["kind"] for item in made["kept_secrets"]] == ["github-token"]
    product.good("edit", made["id"], "--content", f"still {TOKEN} and password=hunter2-x9", "--allow-secret")
    entries = [item for item in product.call("audit/list", limit=50)["entries"] if item["action"] == "allow_secret"]
    assert [(item["id"], item["details"]) for item in entries] == [
        (made["id"], {"kinds": ["github-token", "password"]}),
        (made["id"], {"kinds": ["github-token"]}),
    ]
    product.good("forget", made["id"], "--purge", "--yes")
