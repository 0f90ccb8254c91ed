"""Memories near the limit of a megabyte: every answer comes, and none has more than a line of the wire holds."""

from __future__ import annotations

import asyncio
import json
import os
import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.integration.agents import agent, use
from tests.integration.product import Json, Product, running

TEXT = "lorem ipsum " * 80_000
SIZE = 960_000
MANY = 10


def words(number: int) -> str:
    """The text of a memory: its own words are at both ends."""
    return f"bigword{number} bigword {TEXT}\nlastword{number} of a long text"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[Product]:
    with running(tmp_path_factory.mktemp("large"), model_dir) as product:
        lines = [json.dumps({"content": words(number), "type": "decision"}) for number in range(MANY)]
        for line in lines:
            product.good("add", "--jsonl", "-", "--json", stdin=line.encode())
        yield product


def judge(rows: list[Json]) -> None:
    """Some rows are whole, of the others the beginning is there and says so."""
    cut = [row for row in rows if "truncated" in row]
    assert 0 < len(cut) < len(rows) == MANY
    for row in rows:
        whole = words(int(re.match(r"bigword(\d+) ", row["content"])[1]))  # type: ignore[index]
        if row in cut:
            assert row["truncated"] is True and row["content_length"] == len(whole)
            assert whole.startswith(row["content"]) and len(row["content"]) < 10_000
        else:
            assert row["content"] == whole and "content_length" not in row


def test_a_list_of_them(product: Product) -> None:
    judge(product.good("list", "--json").rows)
    assert product.good("list").out.count("bigword") >= MANY
    judge(product.good("list", "--json").rows)  # the second time from the cache's ids


def test_a_search_among_them(product: Product) -> None:
    for only in ((), ("--only", "fts")):
        judge(product.good("search", "bigword", *only, "--json").json["results"])
    found = product.good("search", '"of a long text"', "--json").json["results"]
    judge(found)
    assert all(row["line"]["number"] == 2 and row["line"]["text"].startswith("lastword") for row in found)
    assert product.good("search", "bigword").out.count("bigword") >= MANY


def test_their_past(product: Product) -> None:
    judge(product.good("list", "--as-of", "2090-01-01", "--json").rows)
    found = product.good("search", "lastword3", "--as-of", "2090-01-01", "--json").json["results"]
    assert [(row["content"], row["line"]["number"]) for row in found] == [(words(3), 2)]
    judge(product.good("search", "bigword", "--as-of", "2090-01-01", "--json").json["results"])
    then = datetime.now(UTC).isoformat(timespec="milliseconds")
    product.good("edit", str(found[0]["id"]), "--tag", "changed")
    judge(product.good("list", "--recorded-as-of", then, "--json").rows)


def test_their_timeline(product: Product) -> None:
    judge(product.call("memory/timeline")["memories"])
    first = product.call("memory/timeline")["memories"][5]["id"]
    around = product.call("memory/timeline", around=first, limit=50)
    assert len(around["memories"]) == MANY and around["around"] == first


def test_one_of_them_is_shown_whole(product: Product) -> None:
    for row in product.good("list", "--json").rows:
        shown = product.good("show", row["id"], "--json").json
        assert re.sub(r"\d", "", shown["content"]) == re.sub(r"\d", "", words(0))
        assert "truncated" not in shown


def test_an_export_has_all_of_all_of_them(product: Product) -> None:
    again = product.good("list", "--json").rows[0]["id"]
    versions = [f"version {number} of {TEXT}" for number in range(9)]
    for text in versions:
        product.call("memory/edit", id=again, changes={"content": text})
    records = product.good("export").rows
    assert len(records) == MANY and not any("truncated" in record for record in records)
    assert {len(record["content"]) >= SIZE for record in records} == {True}
    (record,) = (record for record in records if record["id"] == again)
    texts = [version["content"] for version in record["versions"]]
    assert texts[-9:] == [text.strip() for text in versions]
    assert [version["version"] for version in record["versions"]] == list(range(1, len(texts) + 1))
    assert "versions_next" not in record
    history = product.good("history", again, "--json").json
    assert history == {"id": again, "versions": record["versions"]}
    assert product.good("diff", again, "--json").json["text"]
    product.call("memory/edit", id=again, changes={"content": words(77)})


def test_what_an_agent_is_told_of_them(product: Product) -> None:
    async def scenario() -> tuple[Json, Json, Json]:
        async with agent(product.home.environ, product.user) as client:
            found = await use(client, "memory_search", query="bigword", limit=10, detail="detailed")
            one = found["results"][0]["id"]
            got = await use(client, "memory_get", ids=[one], from_char=900_000, max_chars=1000)
            return found, got, await use(client, "memory_context", budget=20_000)

    found, got, brief = asyncio.run(scenario())
    assert len(found["results"]) == MANY
    assert {len(row["excerpt"]) > 1500 for row in found["results"]} == {True}
    assert len(got["memories"][0]["content"]) == 1000 and got["memories"][0]["chars"] >= SIZE
    assert len(brief["items"]) == MANY


def test_memory_is_bounded_and_others_are_served_meanwhile(product: Product) -> None:
    def usage(name: str) -> int:
        return int(re.search(rf"{name}:\s+(\d+)", Path(f"/proc/{product.pid()}/status").read_text())[1]) // 1024  # type: ignore[index]

    text = "\n".join(json.dumps({"content": f"more{number} {TEXT}"}) for number in range(50))
    product.good("add", "--jsonl", "-", "--json", stdin=text.encode())
    product.settle()
    before, waits, done = usage("VmRSS"), list[float](), threading.Event()

    def ask() -> None:
        with product.client() as client:
            while not done.wait(0.01):
                started = time.monotonic()
                client.result("memory/tags")
                waits.append(time.monotonic() - started)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        listers = [threading.Thread(target=product.call, args=("memory/list",), kwargs={"limit": 1000 - number})
                   for number in range(8)]  # fmt: skip
        for lister in listers:
            lister.start()
        for lister in listers:
            lister.join()
    finally:
        done.set()
        asking.join()
    assert usage("VmHWM") - before < 120, f"{before} MB before, {usage('VmHWM')} at the most"
    assert max(waits) < 1.0, sorted(waits)[-3:]
    assert product.faults() == [] and os.path.exists(f"/proc/{product.pid()}")
