"""The contract for scripts: what lmem prints with --json, and that LMEM_HOME holds all of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.product import Product, running

RESULT = {"id", "title", "content", "type", "score", "created_at", "project", "layer"}
MEMORY = {
    "id", "title", "content", "summary", "type", "category", "tags", "importance", "decay_rate", "layer", "layers",
    "project", "session", "context", "git", "source_tool", "external_id", "private", "archived", "access_count",
    "created_at", "updated_at", "rev", "valid_until",
}  # fmt: skip
TIMINGS = ["encode", "dense", "sparse", "fts", "rows", "rank"]
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[Product]:
    with running(tmp_path_factory.mktemp("scripts"), model_dir) as product:
        yield product
        outside = [*product.user.rglob("*"), *product.temporary.rglob("*")]
        assert not outside, f"written outside of LMEM_HOME: {outside}"


@pytest.fixture(scope="module")
def wal(product: Product) -> str:
    """A memory that is in every index."""
    made = product.add("We chose WAL for SQLite because readers never wait for the writer", "--type", "decision")
    product.settle()
    return made


def test_home_moves_every_path_at_once(product: Product) -> None:
    paths = product.good("status", "--json").json["paths"]
    home = str(product.home.path)
    assert paths["home"] == home
    assert {"config", "data", "state", "cache", "database", "vectors", "log", "socket", "models"} <= paths.keys()
    assert all(path.startswith(home) for path in paths.values())


def test_add_prints_the_id_of_what_is_stored(product: Product) -> None:
    added = product.good("add", "Retries use exponential back-off", "--tag", "net", "--importance", ".9", "--json")
    assert re.fullmatch("[0-9a-f]{32}", added.json["id"])
    assert added.err == "" and len(added.out.splitlines()) == 1
    shown = product.good("show", added.json["id"], "--json").json
    assert shown.keys() == MEMORY | {"links"}
    assert (shown["content"], shown["tags"], shown["importance"]) == ("Retries use exponential back-off", ["net"], 0.9)


def test_add_reads_standard_input_and_files(product: Product, tmp_path: Path) -> None:
    text = "Thé first line\n\n  - indented, with \"quotes\" and 日本語\n"
    (tmp_path / "note.md").write_text(text, encoding="utf-8")
    for said in (product.good("add", "-", "--json", stdin=text.encode()),
                 product.good("add", "--file", str(tmp_path / "note.md"), "--json")):  # fmt: skip
        assert product.good("show", said.json["id"], "--json").json["content"] == text.strip()


def test_a_bad_line_spoils_no_other(product: Product) -> None:
    good = {"content": "Line one of a bulk add", "title": "One", "type": "insight", "tags": ["bulk"], "importance": 0.7,
            "project": "ports", "session": "monday", "author": "Ada", "created_at": "2025-03-01T10:00:00Z",
            "source_id": "one"}  # fmt: skip
    lines = [
        json.dumps(good).encode(), b"{not json", b"", b'{"content": "caf\xe9"}', b"[1, 2]", b'{"content": ""}',
        b'{"content": "too much", "importance": 1.5}', b'{"content": "no day", "created_at": "the 32nd"}',
        b'{"content": "nul \\u0000 byte"}', b'{"content": "half a pair \\ud800"}', b'{"title": "no content"}',
        b'{"content": "deep", "context": ' + b"[" * 100_000 + b"}", b'{"content": "the last line"}',
    ]  # fmt: skip
    said = product.run("add", "--jsonl", "-", "--json", stdin=b"\n".join(lines))
    assert said.status == 1
    rows = said.rows
    assert [row["line"] for row in rows] == [1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]
    assert [row["line"] for row in rows if "id" in row] == [1, 13]
    for row in rows:
        assert ("id" in row) != ("error" in row)
        if "error" in row:
            assert row["error"]["code"] == "invalid_input" and row["error"]["message"] and row["error"]["hint"]
    stored = product.good("show", rows[0]["id"], "--json").json
    assert {name: stored[name] for name in ("content", "title", "type", "tags", "importance", "project")} == {
        name: good[name] for name in ("content", "title", "type", "tags", "importance", "project")
    }
    assert (stored["created_at"], stored["external_id"]) == ("2025-03-01T10:00:00.000Z", "one")
    assert stored["context"]["author"] == "Ada" and stored["session"]


def test_the_same_source_id_is_the_same_memory(product: Product) -> None:
    line = b'{"content": "Imported once", "project": "ports", "source_id": "twice"}'
    first = product.good("add", "--jsonl", "-", "--json", stdin=line).rows[0]["id"]
    assert product.good("add", "--jsonl", "-", "--json", stdin=line).rows[0]["id"] == first
    other = line.replace(b"once", b"again")
    assert product.good("add", "--jsonl", "-", "--json", stdin=other).rows[0]["id"] == first
    assert [version["version"] for version in product.good("history", first, "--json").json["versions"]] == [1, 2]


def test_what_export_writes_is_read_again(product: Product) -> None:
    memory = product.add("Exported once", "--tag", "round", "--type", "decision", "--importance", "0.9")
    session = product.good("session", "start", "--json").json["id"]
    product.add("Exported too", "--session", session)
    product.good("session", "end", session)
    product.good("edit", memory, "--importance", "0.8")
    records = product.good("export").rows
    again = "\n".join(map(json.dumps, records)).encode()
    rows = product.good("add", "--jsonl", "-", "--json", stdin=again).rows
    assert [(row["id"], row["created"]) for row in rows] == [(record["id"], False) for record in records]
    fresh = [{key: value for key, value in record.items() if key != "id"} for record in records]
    rows = product.good("add", "--jsonl", "-", "--json", stdin="\n".join(map(json.dumps, fresh)).encode()).rows
    for row, record in zip(rows, records, strict=True):
        stored = product.call("memory/get", id=row["id"])
        kept = ("content", "title", "type", "tags", "importance", "created_at", "project")
        assert row["created"] and [stored[name] for name in kept] == [record[name] for name in kept]


def test_search_prints_one_object(product: Product, wal: str) -> None:
    said = product.good("search", "why this journal mode of the database", "--json")
    found = said.json
    assert len(said.out.splitlines()) == 1 and found.keys() == {"results", "served_by", "degraded", "scope", "took_ms"}
    assert found["results"][0]["id"] == wal
    assert all(result.keys() >= RESULT for result in found["results"])
    assert found["served_by"] == ["dense", "sparse", "fts"] and found["degraded"] == []
    assert 0 < found["took_ms"] < 10_000
    assert STAMP.fullmatch(found["results"][0]["created_at"])
    scores = [result["score"] for result in found["results"]]
    assert scores == sorted(scores, reverse=True)


def test_explain_says_where_time_and_score_come_from(product: Product, wal: str) -> None:
    found = product.good("search", "readers", "wait", "--json", "--explain").json
    assert list(found["timings_ms"]) == TIMINGS
    assert all(value >= 0 for value in found["timings_ms"].values()) and found["timings_ms"]["encode"] > 0
    why = found["results"][0]["why"]
    assert {"cosine", "bm25", "dense_part", "sparse_part", "boosts", "importance"} <= why.keys()
    assert why["cosine"] > 0 and why["bm25"] > 0


@pytest.mark.parametrize("only", ["fts", "sparse", "dense"])
def test_one_index_alone_answers_when_asked(product: Product, wal: str, only: str) -> None:
    found = product.good("search", "SQLite readers writer", "--only", only, "--json").json
    assert found["served_by"] == [only] and found["results"][0]["id"] == wal


def test_an_empty_answer_says_why(product: Product, wal: str) -> None:
    found = product.good("search", '"a phrase that nobody wrote"', "--json").json
    assert found["results"] == [] and found["empty"]["reason"] and found["empty"]["corpus"] >= 1
    filtered = product.good("search", "SQLite", "--tag", "nowhere", "--json").json
    assert filtered["results"] == [] and filtered["empty"]["near"][0]["id"] == wal


def test_list_prints_json_lines_and_filters(product: Product, wal: str) -> None:
    product.add("A task to be listed", "--type", "task", "--tag", "listed")
    rows = product.good("list", "--json", "--limit", "100").rows
    assert wal in [row["id"] for row in rows] and all(row.keys() >= MEMORY for row in rows)
    assert [row["title"] for row in product.good("list", "--tag", "listed", "--json").rows] == ["A task to be listed"]
    assert product.good("list", "--tag", "nowhere", "--json").out == ""


def test_edit_history_undo_forget_and_restore_answer_as_objects(product: Product) -> None:
    made = product.add("First words of a text that changes")
    edited = product.good("edit", made[:8], "--title", "Another title", "--json").json
    assert edited["id"] == made and edited["changed"] == ["title"] and edited["rev"] == 2
    versions = product.good("history", made, "--json").json["versions"]
    assert [version["change_type"] for version in versions] == ["created", "updated"]
    undone = product.good("undo", "--json").json
    assert undone["change_set"] == edited["change_set"] and [item["id"] for item in undone["reversed"]] == [made]
    gone = product.good("forget", made, "--json").json
    assert [item["id"] for item in gone["forgotten"]] == [made]
    assert made not in [row["id"] for row in product.good("list", "--json", "--limit", "100").rows]
    back = product.good("restore", made, "--json").json
    assert [item["id"] for item in back["restored"]] == [made]
    assert product.good("show", made, "--json").json["archived"] is False


def test_a_task_is_closed_once(product: Product) -> None:
    task = product.add("Write the changelog", "--type", "task")
    closed = product.good("done", task, "--reason", "written", "--json").json
    assert closed["id"] == task and closed["outcome"] == "done"
    links = product.good("show", task, "--json").json["links"]
    assert [(link["type"], link["id"]) for link in links] == [("resolved_by", closed["resolved_by"])]
    again = product.run("done", task, "--json")
    assert (again.status, again.error["code"]) == (5, "conflict")


def test_purge_prints_its_receipt(product: Product) -> None:
    made = product.add("Nothing of this may stay")
    assert product.run("forget", made, "--purge", "--json").status == 2, "without --yes there is nobody to ask"
    rehearsed = product.good("forget", made, "--purge", "--dry-run", "--yes", "--json").json
    assert rehearsed["dry_run"] and [item["id"] for item in rehearsed["forgotten"]] == [made]
    purged = product.good("forget", made, "--purge", "--yes", "--json").json
    assert [item["id"] for item in purged["forgotten"]] == [made] and purged["change_set"] is None
    assert {entry["state"] for entry in purged["receipt"]} == {"gone"}
    assert all(entry.keys() == {"place", "check", "state"} for entry in purged["receipt"])
    assert product.run("show", made, "--json").status == 4


def test_status_has_what_scripts_read(product: Product) -> None:
    status = product.good("status", "--wait", "--json").json
    assert status["daemon"]["pid"] == product.pid() and Path(status["daemon"]["socket"]).is_socket()
    assert {"sqlite", "vectors", "embedder"} <= status["stores"].keys()
    assert all(store["state"] == "ready" for store in status["stores"].values())
    assert (status["outbox"]["pending"], status["outbox"]["parked"]) == (0, 0)
    assert status["counts"]["memories"] == status["stores"]["vectors"]["points"] - status["counts"]["archived"]


def test_status_wait_returns_when_every_projection_has_caught_up(product: Product) -> None:
    lines = "\n".join(json.dumps({"content": f"Note {number} of a crowd"}) for number in range(40))
    product.good("add", "--jsonl", "-", stdin=lines.encode())
    assert product.good("status", "--wait", "--timeout", "30.5", "--json").json["outbox"]["pending"] == 0
    found = product.good("search", "crowd", "--only", "dense", "--limit", "50", "--tag", "nowhere", "--json").json
    assert found["results"] == []
    found = product.good("search", "note of a crowd", "--only", "dense", "--limit", "50", "--json").json
    assert len(found["results"]) >= 40


def test_export_prints_every_record_with_its_versions(product: Product, wal: str) -> None:
    rows = product.good("export").rows
    assert len(rows) == product.memories()
    assert all(row.keys() >= MEMORY | {"versions"} and row["versions"] for row in rows)
    assert wal in [row["id"] for row in rows]


def test_tags_and_doctor_answer_as_objects(product: Product) -> None:
    product.add("Tagged for counting", "--tag", "counted")
    assert {"tag": "counted", "count": 1} in product.good("tags", "--json").json["tags"]
    findings = product.good("doctor", "--json").json["findings"]
    assert findings and not [item for item in findings if item["level"] == "fail"]


def test_plain_output_has_no_escape_and_says_the_same(product: Product, wal: str) -> None:
    said = product.good("search", "SQLite readers writer")
    assert wal[:8] in said.out and "\x1b" not in said.out and said.err == ""
