"""Briefs of the whole product, measured by the model's own tokenizer; annotations that come by themselves."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from tests.integration.product import Json, Product, running

TEXTS = (
    "We chose WAL because two writers lost rows.\nReaders never wait, and the file stays one.",
    "def parse(self, line: str) -> Frame | None:\n    return json.loads(line) if line[:1] == b'{' else None",
    "缓存层把查询的结果保留十分钟。 Über die Größe: naïve café \U0001f680\U0001f680",
    "sha256 53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db /usr/lib/x86_64-linux-gnu/libc.so.6",
)
LONG = " ".join(
    f"The planner's cache keeps the plan of question {number} until the schema changes." for number in range(30)
)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[Product]:
    with running(tmp_path_factory.mktemp("context"), model_dir) as product:
        lines = [
            {"content": f"{text} ({number})", "type": kind, "project": "api"}
            for number in range(30)
            for text, kind in zip(TEXTS, ("decision", "note", "task", "preference"), strict=True)
        ]
        product.good("add", "--jsonl", "-", stdin="\n".join(map(json.dumps, lines)).encode())
        yield product


@pytest.mark.parametrize("budget", [100, 333, 1000, 4000])
def test_a_brief_keeps_its_budget_by_the_real_tokenizer(product: Product, model_dir: Path, budget: int) -> None:
    brief = product.good("context", "--project", "api", "--budget", str(budget), "--json").json
    tokenizer = Tokenizer.from_file(str(model_dir / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    real = len(tokenizer.encode(brief["text"]).ids)
    assert real <= brief["tokens"] <= budget
    assert real >= 0.7 * brief["tokens"] and brief["items"] and brief["left_out"]
    assert all({"id", "date", "source"} <= item.keys() for item in brief["items"])
    assert brief["counted_by"] != "bytes"


def test_a_brief_has_the_same_bytes_again_and_in_text(product: Product) -> None:
    said = [product.good("context", "--project", "api", "--json").out for _ in range(2)]
    assert said[0] == said[1]
    assert product.good("context", "--project", "api").out == json.loads(said[0])["text"]


def test_a_brief_is_told_to_others_without_what_is_private(product: Product) -> None:
    product.add("The canary is private", "--private", "--type", "decision")
    assert "canary" in product.call("context/get", budget=500)["text"]
    assert "canary" not in product.good("context", "--budget", "500").out  # an agent's context is read from a pipe
    assert "canary" not in product.good("context", "--budget", "500", "--json").out
    with product.client("mcp") as agent:
        assert "canary" not in json.dumps(agent.result("context/get", budget=500))


def test_the_window_of_a_session_is_written_after_the_answer(product: Product) -> None:
    session = product.good("session", "start", "window", "--json").json["id"]
    ids = [product.add(f"Window note {number}", "--session", session) for number in range(2)]
    product.call("session/focus", ids=[ids[1]], session=session)
    brief = product.call("context/get", session=session)
    assert (brief["items"][0]["id"], brief["items"][0]["part"]) == (ids[1], "focus")
    places = {item["id"]: item["position"] for item in brief["items"] if item["id"] in ids}

    def written(said: Json) -> bool:
        return {item["id"]: item["context_window_position"] for item in said["memories"]} == places

    assert _until(lambda: product.call("session/show", id=session), written)


@pytest.mark.parametrize(("budget", "refused"), [("0", True), ("1", False)])
def test_a_budget_is_a_number_of_tokens(product: Product, budget: str, refused: bool) -> None:
    said = product.run("context", "--budget", budget, "--json")
    assert (said.status == 2) is refused
    assert refused or (said.json["text"], said.json["tokens"]) == ("", 0)


def test_a_category_and_a_summary_come_by_themselves_and_go_by_undo(product: Product) -> None:
    told = product.add("The test suite mocks the clock and its fixtures start a server for integration tests.")
    long = product.add(LONG)
    memory = _until(lambda: _show(product, told), lambda said: bool(said["category"]))
    assert memory["category"] == "testing" and memory["context"]["automatic"]["category"]["by"]
    assert "(automatic, by " in product.good("show", told).out
    summed = _until(lambda: _show(product, long), lambda said: bool(said["summary"]))
    assert summed["summary"] in LONG and len(summed["summary"]) < len(LONG) / 2
    versions = product.good("history", told, "--json").json["versions"]
    product.good("undo", str(versions[-1]["change_set"]))
    assert _show(product, told)["category"] is None
    own = product.add("Unit tests and fixtures that mock the clock of the server.", "--category", "mine")
    near = product.add("Unit tests and fixtures that mock the clock of another server.")
    _until(lambda: _show(product, near), lambda said: said["category"] == "mine")
    assert _show(product, own)["rev"] == 1


def _show(product: Product, memory_id: str) -> Json:
    return product.good("show", memory_id, "--json").json


def _until(ask: Callable[[], Json], enough: Callable[[Json], bool]) -> Json:
    """What `ask` answers, as soon as that is enough; at the latest after 30 seconds."""
    deadline = time.monotonic() + 30
    while not enough(said := ask()) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert enough(said), said
    return said
