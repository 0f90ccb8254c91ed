"""Transactions in the whole product: unseen before the commit, whole after it, and nothing by halves after kill -9."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.integration.product import Client, Json, Product, running

MANY = 1500


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[Product]:
    with running(tmp_path_factory.mktemp("transactions"), model_dir, vectors=False) as product:
        yield product


def lines(count: int, word: str) -> list[Json]:
    return [{"content": f"{word} number {number}", "line": number} for number in range(1, count + 1)]


def staged(client: Client, items: list[Json]) -> str:
    """A transaction in which these lines wait."""
    number = str(client.result("transaction/begin")["transaction"])
    for at in range(0, len(items), 500):
        part = {"items": items[at : at + 500]}
        answer = client.result("transaction/stage", transaction=number, method="memory/add_many", params=part)
        assert ["id" in row for row in answer["results"]] == [True] * len(part["items"])
    return number


def found(product: Product, word: str) -> int:
    limits = {"limit": 200, "only": "fts", "all_projects": True}
    return len(product.call("memory/search", query=word, **limits)["results"])


def test_nobody_sees_what_waits(product: Product) -> None:
    with product.client() as client:
        number = staged(client, lines(5, "walrus"))
        assert found(product, "walrus") == 0
        done = client.result("transaction/commit", transaction=number)
        assert found(product, "walrus") == 5
        assert [row["created"] for row in done["results"]] == [True] * 5
        assert client.refusal("transaction/commit", transaction=number)["code"] == "not_found"
    undone = product.good("undo", str(done["change_set"]), "--json").json
    assert len(undone["reversed"]) == 5 and found(product, "walrus") == 0


def test_requests_of_several_kinds_are_one_change(product: Product) -> None:
    old, gone = product.add("an old okapi"), product.add("a gone okapi")
    requests: list[tuple[str, Json]] = [
        ("memory/add", {"content": "a new okapi", "title": "New"}),
        ("memory/edit", {"id": old, "changes": {"content": "an old okapi, seen again"}, "reason": "seen"}),
        ("memory/forget", {"ids": [gone]}),
    ]
    with product.client() as client:
        number = str(client.result("transaction/begin")["transaction"])
        for at, (method, params) in enumerate(requests, 1):
            answer = client.result("transaction/stage", transaction=number, method=method, params=params)
            assert answer["staged"] == at
        done = client.result("transaction/commit", transaction=number, reason="the zoo's year")
    new, edited, archived = done["results"]
    assert product.call("memory/get", id=new["id"])["title"] == "New"
    assert (edited["id"], edited["rev"], archived["ids"]) == (old, 2, [gone])
    (change, *_) = product.call("change/list", limit=1)["changes"]
    assert (change["change_set"], change["kind"], change["count"]) == (done["change_set"], "transaction", 3)
    product.good("undo")
    assert product.call("memory/get", id=old)["content"] == "an old okapi"
    assert [product.call("memory/get", id=item)["archived"] for item in (new["id"], gone)] == [True, False]


def test_a_secret_is_replaced_before_it_waits(product: Product) -> None:
    token = "ghp_" + "a1B2" * 9
    with product.client() as client:
        number = str(client.result("transaction/begin")["transaction"])
        params = {"content": f"the token is {token}"}
        answer = client.result("transaction/stage", transaction=number, method="memory/add", params=params)
        assert answer["redacted"]
        made = client.result("transaction/commit", transaction=number)["results"][0]["id"]
    assert token not in product.call("memory/get", id=made)["content"]


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("memory/search", {"query": "x"}), ("memory/forget", {"ids": ["beef" * 8], "purge": True}),
        ("memory/add", {"content": ""}), ("memory/add", {"content": "x", "project": "no such project"}),
        ("memory/edit", {"id": "beef" * 8, "changes": {"title": "x"}}),
    ],
)  # fmt: skip
def test_a_request_that_cannot_wait_ends_in_no_commit(product: Product, method: str, params: Json) -> None:
    before = product.memories()
    with product.client() as client:
        number = staged(client, lines(2, "gnu"))
        client.refusal("transaction/stage", transaction=number, method=method, params=params)
        error = client.refusal("transaction/commit", transaction=number)
        assert error["code"] == "conflict" and "refused (1)" in error["message"]
    assert product.memories() == before


def test_a_file_is_stored_whole_or_not_at_all(product: Product) -> None:
    before = product.memories()
    good = "".join(json.dumps({"content": f"zebra {n}", "project": "zoo"}) + "\n" for n in range(450))
    said = product.run("add", "--jsonl", "-", "--atomic", stdin=(good + "not json\n").encode())
    assert (said.status, said.out) == (2, "Nothing was stored: 1 line of 451 refused.\n")
    assert said.err.startswith("line 451: The line is not JSON")
    assert product.memories() == before
    assert "zoo" not in [row["name"] for row in product.good("project", "list", "--json").rows]
    taken = product.add("another tapir")
    clash = json.dumps({"content": "no tapir", "id": taken}) + "\n"
    said = product.run("add", "--jsonl", "-", "--atomic", "--json", stdin=(good + clash).encode())
    assert said.status == 2 and said.error["code"] == "conflict" and said.error["message"].startswith("Line 451: ")
    assert product.memories() == before + 1
    rows = product.good("add", "--jsonl", "-", "--atomic", "--json", stdin=good.encode()).rows
    assert [row["line"] for row in rows] == list(range(1, 451)) and len({row["change_set"] for row in rows}) == 1
    assert product.memories() == before + 451


def kill(product: Product) -> None:
    """kill -9 of the daemon, and another one."""
    process = psutil.Process(product.pid())
    os.kill(process.pid, signal.SIGKILL)
    psutil.wait_procs([process], timeout=10)


@pytest.fixture
def mortal(tmp_path: Path, model_dir: Path) -> Iterator[Product]:
    """A product whose daemon may die."""
    product = Product(tmp_path, model_dir)
    product.home.start(vectors=False)
    yield product
    product.home.stop()


def test_a_daemon_that_dies_before_the_commit_stores_nothing(mortal: Product) -> None:
    with mortal.client() as client:
        number = staged(client, lines(3, "dodo"))
        kill(mortal)
    mortal.home.start(vectors=False)
    assert mortal.memories() == 0
    with mortal.client() as client:
        error = client.refusal("transaction/commit", transaction=number)
        assert error["code"] == "not_found" and "the daemon was restarted" in error["hint"]
    assert mortal.good("audit", "verify").status == 0


def test_a_daemon_that_dies_in_a_commit_stores_all_or_nothing(mortal: Product) -> None:
    with mortal.client() as client:
        number = staged(client, lines(MANY, "measured"))
        began = time.monotonic()
        client.result("transaction/commit", transaction=number)
        took = time.monotonic() - began
    stored, outcomes = MANY, []
    for share in (0.2, 0.5, 0.8, 1.1):
        with mortal.client() as client:
            number = staged(client, lines(MANY, f"at {share}"))
            frame = {"jsonrpc": "2.0", "id": 9, "method": "transaction/commit", "params": {"transaction": number}}
            client.raw.say(json.dumps(frame).encode() + b"\n")
            time.sleep(took * share)  # the moment of the kill is what is tried; nothing tells of it from outside
            kill(mortal)
        mortal.home.start(vectors=False)
        after = mortal.memories()
        outcomes.append(after - stored)
        stored = after
    assert set(outcomes) <= {0, MANY}, outcomes
    assert 0 in outcomes, "no kill hit a commit"
    assert mortal.good("verify", "sqlite", "--json").status == 0
    assert mortal.good("audit", "verify").status == 0


def test_the_lines_of_a_bulk_add_are_one_change(product: Product, tmp_path: Path) -> None:
    def bulk(word: str, count: int) -> None:
        file = tmp_path / f"{word}.jsonl"
        file.write_text("".join(json.dumps({"content": line["content"]}) + "\n" for line in lines(count, word)))
        product.good("add", "--jsonl", str(file))

    bulk("axolotl", 450)  # three requests
    bulk("capybara", 3)
    kinds = [(row["kind"], row["count"]) for row in product.call("change/list", limit=2)["changes"]]
    assert kinds == [("bulk-add", 3), ("bulk-add", 450)]
    product.good("undo")
    assert (found(product, "capybara"), found(product, "axolotl")) == (0, 100)
    product.good("undo")
    assert found(product, "axolotl") == 0
    bulk("capybara", 3)
    assert found(product, "capybara") == 3


def test_a_run_that_was_undone_goes_on_as_another_change(product: Product) -> None:
    run = "a" * 32
    for word in ("ibex", "dormouse"):
        product.call("memory/add_many", items=lines(2, word), run=run)
        product.good("undo")
        assert found(product, word) == 0
    with product.client() as client:
        assert client.refusal("memory/add_many", items=[], run="every run")["code"] == "invalid_input"


def test_what_an_undo_took_back_comes_again_and_what_was_forgotten_does_not(product: Product) -> None:
    def give(word: str) -> list[bool]:
        items = [{"content": f"{word} {at}", "source_id": f"list-{at}", "line": at} for at in (1, 2)]
        return [row["created"] for row in product.call("memory/add_many", items=items, run="b" * 32)["results"]]

    assert give("quokka") == [True, True]
    product.good("undo")
    assert give("quokka") == [True, True] and found(product, "quokka") == 2
    product.good("undo")
    assert give("numbat") == [True, True], "with another text too"
    assert (found(product, "quokka"), found(product, "numbat")) == (0, 2)
    ids = [row["id"] for row in product.call("memory/search", query="numbat", only="fts", limit=5)["results"]]
    product.good("forget", *ids, "--yes")
    assert give("numbat") == [False, False] and found(product, "numbat") == 0
    first = product.call("memory/add", content="one bilby", source_id="bilby")
    product.good("undo")
    again = product.call("memory/add", content="one bilby", source_id="bilby")
    assert (again["id"], again["created"], found(product, "bilby")) == (first["id"], True, 1)
