"""add --jsonl and export."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import Any, cast

import pytest

from lmem.cli import transfer
from lmem.errors import StorageFull
from tests.unit.cli.fake_daemon import ID, FakeDaemon, Params, memory
from tests.unit.cli.terminal import Terminal


def add_many(params: Params) -> Params:
    """Refuses what has no content, takes the rest."""
    items = params["items"]
    assert isinstance(items, list)
    error = {"code": "invalid_input", "message": "The text is empty.", "hint": "Say something."}
    return {
        "results": [
            {"line": item["line"], "id": item["id"], "created": True}
            if item.get("content")
            else {"line": item["line"], "error": error}
            for item in items
        ],
        "projects_created": [],
        "sessions_created": [],
    }


@pytest.fixture(autouse=True)
def answers(daemon: FakeDaemon) -> None:
    daemon.answers["memory/add_many"] = add_many


def rows(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_a_bad_line_spoils_no_other(daemon: FakeDaemon, lmem: Terminal) -> None:
    lines = [
        b'{"content": "one"}',
        b"",
        b"not json",
        b'["a list"]',
        b'{"content": ""}',
        b'{"content": "\xff"}',
        b'{"content": "two"}',
    ]
    done = lmem.run("add", "--jsonl", "-", "--json", stdin=b"\n".join(lines))
    assert done.status == 1
    told = rows(done.out)
    assert [row["line"] for row in told] == [1, 3, 4, 5, 6, 7]
    assert [set(row) for row in told if "id" in row] == [{"line", "id", "created"}] * 2
    assert [row["error"]["message"] for row in told if isinstance(row.get("error"), dict)] == [
        "The line is not JSON: Expecting value: line 1 column 1 (char 0).",
        "The line is not a JSON object.",
        "The text is empty.",
        "The line is not valid UTF-8.",
    ]
    (sent,) = daemon.calls("memory/add_many")
    assert sent["source_tool"] == "cli.bulk"


def test_for_people_only_what_went_wrong_and_the_sum(lmem: Terminal) -> None:
    (lmem.folder / "notes.jsonl").write_text('{"content": "one"}\nnot json\n{"content": "two"}\n')
    done = lmem.run("add", "--jsonl", "notes.jsonl")
    assert done.status == 1
    assert done.out == "Remembered 2 memories; 1 line refused.\n"
    assert done.err.startswith("line 2: The line is not JSON: ")


def test_what_was_known_already_is_not_called_remembered(daemon: FakeDaemon, lmem: Terminal) -> None:
    def answer(params: Params) -> Params:
        results: Any = add_many(params)["results"]
        return {"results": [{**results[0], "created": False}, *results[1:]]}

    daemon.answers["memory/add_many"] = answer
    done = lmem.run("add", "--jsonl", "-", stdin=b'{"content": "one"}\n{"content": "two"}\n')
    assert done.out == "Remembered 1 memory, 1 known already; 0 lines refused.\n"


def make(params: Params) -> Params:
    """As the daemon: what a line names is made for the first line that names it."""
    answer = add_many(params)
    answered: Any = answer["results"]
    items: Any = params["items"]
    for row, item in zip(answered, items, strict=True):
        row |= {f"new_{what}": item[what] for what in ("project", "session") if what in item}
    return answer


def test_what_was_made_for_a_line_is_reported(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["memory/add_many"] = make
    last = {"content": "", "project": "b", "session": "s"}
    lines = [{"content": "one", "project": "a\x1b"}, {"content": "two"}, last]
    stdin = "\n".join(map(json.dumps, lines)).encode()
    done = lmem.run("add", "--jsonl", "-", stdin=stdin)
    assert done.out == "Remembered 2 memories; 1 line refused.\n"
    assert done.err.splitlines() == [
        "line 1: New project a\\x1b.", "line 3: The text is empty. Say something.", "line 3: New project b.",
        "line 3: New session s.",
    ]  # fmt: skip
    done = lmem.run("add", "--jsonl", "-", "--json", stdin=stdin)
    assert [set(row) for row in rows(done.out)] == [
        {"line", "id", "created", "new_project"}, {"line", "id", "created"},
        {"line", "error", "new_project", "new_session"},
    ]  # fmt: skip
    assert done.err == ""


def test_all_good_is_status_0_and_options_hold_for_every_line(daemon: FakeDaemon, lmem: Terminal) -> None:
    stdin = b'{"content": "one"}\n{"content": "two", "project": "web", "source_id": "7"}\n'
    assert lmem.run("add", "--jsonl", "-", "--project", "api", "--tag", "x", stdin=stdin).status == 0
    items = daemon.calls("memory/add_many")[0]["items"]
    assert isinstance(items, list)
    assert [(item["project"], item["tags"], item["line"]) for item in items] == [("api", ["x"], 1), ("web", ["x"], 2)]
    assert len({item["id"] for item in items}) == 2


def test_many_lines_go_in_chunks_and_come_back_in_order(daemon: FakeDaemon, lmem: Terminal) -> None:
    count = 5 * transfer.CHUNK_ITEMS + 7
    stdin = b"".join(b'{"content": "note %d"}\n' % number for number in range(count))
    done = lmem.run("add", "--jsonl", "-", "--json", stdin=stdin)
    assert done.status == 0
    assert [row["line"] for row in rows(done.out)] == list(range(1, count + 1))
    assert len(daemon.calls("memory/add_many")) == 6


def test_large_lines_make_small_chunks(daemon: FakeDaemon, lmem: Terminal) -> None:
    line = json.dumps({"content": "x" * 900_000}).encode() + b"\n"
    too_long = json.dumps({"content": "x" * transfer.LINE_BYTES}).encode() + b"\n"
    done = lmem.run("add", "--jsonl", "-", "--json", stdin=line * 5 + too_long)
    assert [len(call["items"]) for call in daemon.calls("memory/add_many") if isinstance(call["items"], list)] == [
        2,
        2,
        1,
    ]
    assert "over 4 MB" in str(rows(done.out)[-1]["error"])


def test_nothing_at_all_is_nothing(daemon: FakeDaemon, lmem: Terminal) -> None:
    done = lmem.run("add", "--jsonl", "-", stdin=b"\n\n")
    assert (done.status, done.out) == (0, "Remembered 0 memories; 0 lines refused.\n")
    assert not daemon.asked


def test_a_store_that_is_full_stops_it_with_its_error(daemon: FakeDaemon, lmem: Terminal) -> None:
    def refuse(params: Params) -> None:
        raise StorageFull

    daemon.answers["memory/add_many"] = refuse
    done = lmem.run("add", "--jsonl", "-", "--json", stdin=b'{"content": "one"}\n')
    assert done.status == 1
    assert done.error()["code"] == "storage_full"


NEXT = {"None": "p2", "p2": "p3", "p3": None}


def pages(params: Params) -> Params:
    after = str(params.get("after"))
    return {"records": [memory(versions=[], content=after)], "next": NEXT[after]}


def test_export_reads_page_after_page(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["memory/export"] = pages
    done = lmem.run("export", "--type", "decision")
    assert [row["content"] for row in rows(done.out)] == ["None", "p2", "p3"]
    assert daemon.calls("memory/export")[1] == {"type": ["decision"], "limit": transfer.PAGE, "after": "p2"}


def test_export_to_a_file_that_only_its_owner_reads(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["memory/export"] = pages
    done = lmem.run("export", "--output", "all.jsonl")
    assert done.out == "Wrote 3 memories to all.jsonl.\n"
    assert [row["id"] for row in rows((lmem.folder / "all.jsonl").read_text())] == [ID] * 3
    assert (lmem.folder / "all.jsonl").stat().st_mode & 0o777 == 0o600
    told = lmem.run("export", "--output", "all.jsonl", "--json").json()
    assert told == {"path": str(lmem.folder / "all.jsonl"), "memories": 3, "private": 0}
    assert not done.err, "nothing in it is private"


def test_an_export_says_how_many_private_memories_it_holds(daemon: FakeDaemon, lmem: Terminal) -> None:
    def some(params: Params) -> Params:
        private = {"version": 1, "diff": {"is_private": [True, False]}}
        found = [memory(versions=[], private=True), memory(versions=[private]), memory(versions=[])]
        return {"records": found[2:] if params.get("no_private") else found, "next": None}

    daemon.answers["memory/export"] = some
    said = "2 private memories are among them; --no-private leaves out what others should not read.\n"
    for options in ([], ["--output", "all.jsonl"], ["--json"]):
        assert lmem.run("export", *options).err == said
    assert lmem.run("export", "--output", "all.jsonl", "--json").json()["private"] == 2
    assert not lmem.run("export", "--private").err, "it was asked for"
    done = lmem.run("export", "--no-private")
    assert (len(rows(done.out)), done.err) == (1, "")
    assert daemon.calls("memory/export")[-1]["no_private"] is True


def test_an_export_that_breaks_leaves_the_old_file(daemon: FakeDaemon, lmem: Terminal) -> None:
    def breaks(params: Params) -> Params:
        if params.get("after"):
            raise StorageFull
        return pages(params)

    daemon.answers["memory/export"] = breaks
    (lmem.folder / "all.jsonl").write_text("old")
    assert lmem.run("export", "--output", "all.jsonl").status == 1
    assert (lmem.folder / "all.jsonl").read_text() == "old"
    assert [path.name for path in lmem.folder.glob("all*")] == ["all.jsonl"]


def test_a_progress_bar_on_a_terminal(lmem: Terminal) -> None:
    (lmem.folder / "notes.jsonl").write_text('{"content": "one"}\n' * 3)
    seen = lmem.type("add", "--jsonl", "notes.jsonl").out
    assert "Adding notes.jsonl" in seen
    assert "Remembered 3 memories; 0 lines refused." in seen
    assert "Adding" not in lmem.type("add", "--jsonl", "notes.jsonl", env={"TERM": "dumb"}).out


@pytest.mark.parametrize("endless", [False, True], ids=["a file", "a pipe that goes on"])
def test_ctrl_c_says_how_far_it_came(daemon: FakeDaemon, lmem: Terminal, endless: bool) -> None:
    running: list[subprocess.Popen[bytes]] = []

    def add(params: Params) -> Params:
        if len(daemon.calls("memory/add_many")) == 2:
            running[0].send_signal(signal.SIGINT)
        return add_many(params)

    daemon.answers["memory/add_many"] = add
    lines = b'{"content": "one"}\n' * (transfer.CHUNK_ITEMS * (2 if endless else 20) + 1)
    (lmem.folder / "my notes.jsonl").write_bytes(lines)
    process = subprocess.Popen(
        [sys.executable, "-m", "lmem", "add", "--jsonl", "-" if endless else "my notes.jsonl"], cwd=lmem.folder,
        env=lmem.environment({}), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    running.append(process)
    with process:
        assert process.stdin and process.stdout and process.stderr
        if endless:
            process.stdin.write(lines)
            process.stdin.flush()
        assert process.wait(30) == 130
        out, err = process.stdout.read().decode(), process.stderr.read().decode()
    stored = sum(len(cast("list[Params]", call["items"])) for call in daemon.calls("memory/add_many"))
    assert 0 < stored <= transfer.CHUNK_ITEMS * 8
    assert out == f"Remembered {stored:,} memories; 0 lines refused.\n"
    assert err.splitlines()[0] == f"Interrupted after line {stored:,}; the lines after it are not stored."
    assert (f"Go on with: tail -n +{stored + 1} 'my notes.jsonl' | lmem add --jsonl -\n" in err) is not endless


def test_the_bar_knows_how_many_lines_a_file_has(lmem: Terminal) -> None:
    (lmem.folder / "notes.jsonl").write_text('{"content": "one"}\n' * 449 + '{"content": "no line end"}')
    assert "450/450" in lmem.type("add", "--jsonl", "notes.jsonl").out
