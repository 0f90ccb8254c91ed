"""add --jsonl --atomic: what is staged, when it is committed, and what a bad line does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lmem.cli import transfer
from lmem.errors import Conflict, InvalidInput, StorageFull
from tests.unit.cli.fake_daemon import FakeDaemon, Params
from tests.unit.cli.terminal import Terminal


class Bank:
    """Answers transactions as the daemon does: lines without content are refused."""

    def __init__(self, daemon: FakeDaemon) -> None:
        self.staged: list[str] = []
        daemon.answers |= {
            "transaction/begin": lambda params: {"transaction": "t1", "limits": {}},
            "transaction/stage": self.stage,
            "transaction/commit": self.commit,
            "transaction/rollback": lambda params: {"forgotten": len(self.staged)},
        }

    def stage(self, params: Params) -> Params:
        assert params["transaction"] == "t1" and params["method"] == "memory/add_many"
        request: Any = params["params"]
        assert request["source_tool"] == "cli.bulk"
        error = {"code": "invalid_input", "message": "The text is empty.", "hint": "Say something."}
        rows = []
        for item in request["items"]:
            if item.get("content"):
                self.staged.append(item["id"])
                rows.append({"line": item["line"], "id": item["id"], "redacted": []})
            else:
                rows.append({"line": item["line"], "error": error})
        return {"results": rows, "staged": len(self.staged)}

    def commit(self, params: Params) -> Params:
        results = [{"id": id, "created": True} for id in self.staged]
        return {"change_set": 7, "results": results, "projects_created": [], "sessions_created": []}


@pytest.fixture(autouse=True)
def bank(daemon: FakeDaemon) -> Bank:
    return Bank(daemon)


def asked(daemon: FakeDaemon) -> list[str]:
    return [method.removeprefix("transaction/") for method, _ in daemon.asked]


def test_all_good_lines_are_one_change(daemon: FakeDaemon, lmem: Terminal) -> None:
    done = lmem.run("add", "--jsonl", "-", "--atomic", stdin=b'{"content": "one"}\n\n{"content": "two"}\n')
    assert (done.status, done.out) == (0, "Remembered 2 memories.\n")
    assert "'lmem undo 7' takes all of them back." in done.err
    assert asked(daemon) == ["begin", "stage", "commit"]


def test_each_row_names_the_change(bank: Bank, lmem: Terminal) -> None:
    done = lmem.run("add", "--jsonl", "-", "--atomic", "--json", stdin=b'{"content": "one"}\n{"content": "two"}\n')
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert [(row["line"], row["id"], row["created"], row["change_set"]) for row in rows] == [
        (1, bank.staged[0], True, 7), (2, bank.staged[1], True, 7),
    ]  # fmt: skip


def test_what_was_made_for_a_line_is_reported(daemon: FakeDaemon, bank: Bank, lmem: Terminal) -> None:
    def commit(params: Params) -> Params:
        answer = bank.commit(params)
        results: Any = answer["results"]
        results[1] |= {"new_project": "p", "new_session": "s"}
        return answer

    daemon.answers["transaction/commit"] = commit
    stdin = b'{"content": "one"}\n{"content": "two", "project": "p", "session": "s"}\n'
    done = lmem.run("add", "--jsonl", "-", "--atomic", stdin=stdin)
    assert done.err.splitlines()[:2] == ["line 2: New project p.", "line 2: New session s."]
    bank.staged.clear()
    told = lmem.run("add", "--jsonl", "-", "--atomic", "--json", stdin=stdin)
    assert [json.loads(line).get("new_project") for line in told.out.splitlines()] == [None, "p"]
    assert told.err == ""


@pytest.mark.parametrize("lines", [[b'{"content": "one"}', b"not json", b'{"content": ""}', b'{"content": "two"}']])
def test_a_bad_line_stores_nothing_and_each_is_named(daemon: FakeDaemon, lmem: Terminal, lines: list[bytes]) -> None:
    done = lmem.run("add", "--jsonl", "-", "--atomic", stdin=b"\n".join(lines))
    assert (done.status, done.out) == (2, "Nothing was stored: 2 lines of 4 refused.\n")
    assert [line.partition(":")[0] for line in done.err.splitlines()] == ["line 2", "line 3"]
    assert asked(daemon) == ["begin", "stage", "rollback"]
    told = lmem.run("add", "--jsonl", "-", "--atomic", "--json", stdin=b"\n".join(lines))
    assert told.status == 2
    assert [(row["line"], set(row)) for row in map(json.loads, told.out.splitlines())] == [
        (2, {"line", "error"}), (3, {"line", "error"}),
    ]  # fmt: skip


def test_many_lines_are_staged_in_order_one_request_at_a_time(daemon: FakeDaemon, bank: Bank, lmem: Terminal) -> None:
    count = 3 * transfer.CHUNK_ITEMS + 7
    stdin = b"".join(b'{"content": "note %d"}\n' % number for number in range(count))
    assert lmem.run("add", "--jsonl", "-", "--atomic", stdin=stdin).status == 0
    assert asked(daemon) == ["begin", *["stage"] * 4, "commit"]
    requests: list[Any] = [params["params"] for params in daemon.calls("transaction/stage")]
    assert [item["line"] for request in requests for item in request["items"]] == list(range(1, count + 1))


def test_a_line_that_does_not_fit_what_is_stored(daemon: FakeDaemon, lmem: Terminal) -> None:
    def refuse(params: Params) -> Params:
        raise Conflict("Line 1: The id 3f2a9c1d belongs to another memory. Nothing of the transaction is stored.")

    daemon.answers["transaction/commit"] = refuse
    done = lmem.run("add", "--jsonl", "-", "--atomic", stdin=b'{"content": "one"}\n')
    assert (done.status, done.out) == (2, "") and done.err.startswith("lmem: Line 1: The id 3f2a9c1d")


def test_a_full_store_keeps_its_own_status(daemon: FakeDaemon, lmem: Terminal) -> None:
    def full(params: Params) -> Params:
        raise StorageFull

    daemon.answers["transaction/commit"] = full
    assert lmem.run("add", "--jsonl", "-", "--atomic", stdin=b'{"content": "one"}\n').status == 1


def test_what_is_too_much_is_rolled_back(daemon: FakeDaemon, lmem: Terminal) -> None:
    def refuse(params: Params) -> Params:
        raise InvalidInput("A transaction takes at most 3 memories.")

    daemon.answers["transaction/stage"] = refuse
    assert lmem.run("add", "--jsonl", "-", "--atomic", stdin=b'{"content": "one"}\n').status == 2
    assert asked(daemon) == ["begin", "stage", "rollback"]


def test_it_goes_with_jsonl_alone(daemon: FakeDaemon, lmem: Terminal) -> None:
    done = lmem.run("add", "a text", "--atomic")
    assert done.status == 2 and "--atomic is for --jsonl." in done.err
    assert not daemon.asked
