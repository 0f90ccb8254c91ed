"""Wrong values on the socket: every parameter of every method gets each of them, and the daemon has an answer for all.

An answer is a result where the value happens to fit, else an error that names what is wrong. Never `internal`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lmem.protocol.messages import METHODS
from tests.integration.lifecycle_support import HELLO, Raw, home_paths
from tests.integration.product import Json, Product, helpful, refused, running

SENTINEL = "5e471e1" + "0" * 25
FILTERS = ["type", "tag", "project", "layer", "category", "session", "since", "until", "min_importance", "archived",
           "private", "all_projects"]  # fmt: skip
DRAFT = ["content", "title", "type", "tags", "importance", "layer", "project", "session", "category", "summary",
         "decay_rate", "private", "context", "created_at", "source_tool", "source_id", "author", "id"]  # fmt: skip
CHANGES = ["title", "content", "summary", "type", "category", "tags", "add_tags", "remove_tags", "importance",
           "decay_rate", "layer", "private", "context", "no_such_field"]  # fmt: skip
ONE: Json = {"id": "nothing"}
PARAMS: dict[str, tuple[Json, list[str]]] = {
    "memory/add": ({"content": "wrong values beside it"}, [*DRAFT, "check_duplicates"]),
    "memory/add_many": ({"items": [{"content": "wrong values beside it"}]}, ["items", "source_tool"]),
    "memory/get": (ONE, ["id"]),
    "memory/list": ({"limit": 1}, [*FILTERS, "limit", "offset", "order"]),
    "memory/search": ({"query": "values", "limit": 1}, [*FILTERS, "query", "limit", "explain", "only", "semantic",
                       "as_of", "recorded_as_of"]),
    "memory/edit": ({"id": "nothing", "changes": {"title": "new"}}, ["id", "changes", "reason", "rev"]),
    "memory/forget": ({"ids": ["nothing"]}, ["ids", "purge", "dry_run", "reason"]),
    "memory/restore": ({"ids": ["nothing"]}, ["ids", "version", "reason"]),
    "memory/history": (ONE, ["id"]),
    "memory/undo": ({"change_set": 10**9}, ["change_set"]),
    "memory/done": (ONE, ["id", "failed", "by", "reason"]),
    "memory/tags": ({}, FILTERS),
    "memory/export": ({"limit": 1}, [*FILTERS, "after", "limit", "no_private"]),
    "memory/merge": ({"ids": ["nothing", "naught"]}, ["ids", "reason", "dry_run"]),
    "memory/diff": (ONE, ["id", "from", "to"]),
    "memory/timeline": ({"limit": 1}, ["around", "limit", *FILTERS]),
    "memory/pin": ({"ids": ["nothing"]}, ["ids"]),
    "memory/unpin": ({"ids": ["nothing"]}, ["ids"]),
    "change/list": ({"limit": 1}, ["limit", "offset"]),
    "context/get": ({"budget": 50}, ["budget", "project", "session", "shared"]),
    "hook/backfill": ({"directory": "/"}, ["directory", "since"]),
    "layer/list": ({}, ["project"]),
    "layer/show": ({"name": "global"}, ["name"]),
    "layer/move": ({"id": "nothing", "layers": ["global"]}, ["id", "layers", "reason"]),
    "decay/run": ({}, ["anything"]),
    "jobs/list": ({}, ["anything"]),
    "jobs/run": ({"name": "decay", "dry_run": True}, ["name"]),
    "jobs/history": ({"limit": 1}, ["name", "limit"]),
    "project/list": ({}, ["archived", "type"]),
    "project/names": ({}, ["anything"]),
    "project/show": ({}, ["name"]),
    "project/init": ({"name": "wrong-values"}, ["description"]),
    "project/set": ({"name": "nothing"}, ["name", "changes", "add_alias", "remove_alias", "config"]),
    "project/rename": ({"name": "nothing", "new_name": "naught"}, ["name", "new_name"]),
    "project/archive": ({"name": "nothing"}, ["name", "restore"]),
    "project/merge": ({"source": "nothing", "into": "naught"}, ["source", "into", "reason", "dry_run"]),
    "relation/link": ({"from": "nothing", "to": "naught"}, ["from", "to", "type", "strength", "context", "properties",
                      "project", "relevance", "reason"]),
    "relation/unlink": ({"from": "nothing", "to": "naught"}, ["from", "to", "type", "project", "reason"]),
    "relation/related": ({"limit": 1}, ["id", "type", "detected", "similar", "all_projects", "limit", "offset"]),
    "graph/cypher": ({"query": "RETURN 1"}, ["query", "limit"]),
    "graph/neighbours": ({"node": "nothing"}, ["node", "type", "depth", "limit"]),
    "graph/path": ({"from": "nothing", "to": "naught"}, ["from", "to", "type", "longest"]),
    "graph/communities": ({"limit": 1}, ["type", "min_strength", "limit", "named"]),
    "graph/patterns": ({"project": "nothing"}, ["project"]),
    "graph/projects": ({"pattern": "nothing"}, ["pattern"]),
    "graph/export": ({"limit": 1}, ["type", "private", "after", "limit"]),
    "pattern/add": ({"type": "testing", "name": "wrong values", "description": "beside it", "project": "nothing"},
                    ["type", "name", "description", "data", "evidence", "project"]),
    "pattern/list": ({"limit": 1},
                     ["type", "project", "all_projects", "min_success", "order", "like", "limit", "offset"]),
    "pattern/show": ({"pattern": "nothing"}, ["pattern"]),
    "pattern/outcome": ({"pattern": "nothing", "success": True}, ["pattern", "success", "project", "reason", "memory"]),
    "pattern/forget": ({"pattern": "nothing"}, ["pattern", "dry_run"]),
    "transaction/begin": ({}, ["anything"]),
    "transaction/stage": ({"transaction": "nothing", "method": "memory/add", "params": {"content": "x"}},
                          ["transaction", "method", "params"]),
    "transaction/commit": ({"transaction": "nothing"}, ["transaction", "reason"]),
    "transaction/rollback": ({"transaction": "nothing"}, ["transaction"]),
    "user/show": ({}, ["anything"]),
    "user/set": ({"display_name": "Ada"}, ["display_name", "email"]),
    "config/list": ({}, ["anything"]),
    "config/get": ({"key": "memory.max_bytes"}, ["key"]),
    "config/set": ({"key": "nothing", "value": 1}, ["key", "value", "level"]),
    "config/unset": ({"key": "nothing"}, ["key", "level"]),
    "audit/list": ({"limit": 1}, ["since", "until", "action", "kind", "id", "session", "limit", "offset"]),
    "audit/verify": ({}, ["anything"]),
    "session/start": ({"goal": "wrong values"}, ["name", "description", "goal", "files", "parent", "project"]),
    "session/end": ({"dry_run": True}, ["id", "reason", "dry_run"]),
    "session/switch": (ONE, ["id"]),
    "session/list": ({"limit": 1}, ["project", "all_projects", "branch", "ended", "limit"]),
    "session/show": ({}, ["id"]),
    "session/resume": (ONE, ["id"]),
    "session/focus": ({"ids": ["nothing"]}, ["ids", "session"]),
    "session/unfocus": ({"ids": ["nothing"]}, ["ids", "session"]),
    "backup/create": ({"output": "/nowhere/backup.db"}, ["output"]),
    "backup/list": ({}, ["anything"]),
    "backup/verify": ({"backups": ["nothing"]}, ["backups"]),
    "backup/restore": ({"backup": "nothing", "dry_run": True}, ["backup", "dry_run"]),
    "store/verify": ({"stores": ["sqlite"]}, ["stores"]),
    "store/repair": ({"dry_run": True}, ["stores", "dry_run"]),
    "store/rebuild": ({"store": "nothing"}, ["store", "wait"]),
    "store/sync": (ONE, ["id"]),
    "search/history": ({"limit": 1}, ["limit"]),
    "stats/get": ({}, ["anything"]),
    "status/get": ({}, ["anything"]),
    "status/wait": ({"timeout": 0.1}, ["timeout"]),
    "status/doctor": ({}, ["anything"]),
    "model/list": ({}, ["anything"]),
    "model/use": ({"name": "nothing"}, ["name", "engine"]),
    "model/pull": ({"name": "nothing"}, ["name"]),
    "daemon/stop": ({}, ["if_idle"]),
}
HARMFUL = {("daemon/stop", "if_idle"): ["null", "true", "false"]}
"""Values that fit, and would end the daemon."""
WRONG = [
    "null", "true", "false", "0", "-1", "1.5", "1e999", "-1e999", "NaN", "1" + "0" * 40,
    '""', '" "', '"x"', '"\\u0000"', '"\\ud800"', '"1.5"', '"-1"', '"nan"', json.dumps("ü" * 50_000),
    '"../../etc/passwd"', '"%s"', "[]", "[1]", "[[]]", "[null]", '["a", 1]', '["\\ud800"]', '["\\u0000"]',
    json.dumps(["t"] * 2000), "{}", '{"a": 1}', '{"\\ud800": NaN}',
    '[{"content": 1}]', '[{"content": "x", "line": [[[]]], "tags": 5, "context": [], "id": "short"}]', '[{}, 5, null]',
    "[" * 900 + "]" * 900, '{"a":' * 900 + "1" + "}" * 900,
]  # fmt: skip
ERRORS = ["invalid_input", "not_found", "ambiguous_id", "conflict", "bad_frame", "store_unavailable"]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[Product]:
    with running(tmp_path_factory.mktemp("params"), model_dir) as product:
        product.call("memory/add", content="The sentinel stands", id=SENTINEL)
        yield product
        assert product.call("memory/get", id=SENTINEL)["content"] == "The sentinel stands"


def answer(raw: Raw, method: str, params: str) -> Json:
    """The daemon's answer to params that are JSON text, which need not be sound JSON."""
    raw.say(f'{{"jsonrpc": "2.0", "id": 1, "method": "{method}", "params": {params}}}\n'.encode())
    while (frame := raw.hear()) and "method" in frame:
        pass
    return frame


def assert_answered(frame: Json, sent: str) -> None:
    if "result" not in frame:
        assert helpful(refused(frame), ERRORS), f"{sent[:200]}: {str(frame)[:600]}"


def test_every_method_is_tried() -> None:
    assert PARAMS.keys() == METHODS.keys()


@pytest.mark.parametrize("method", PARAMS)
def test_a_wrong_value_is_an_error_of_the_caller(product: Product, method: str) -> None:
    base, names = PARAMS[method]
    with product.client() as client:
        for name in names:
            for value in WRONG:
                if value not in HARMFUL.get((method, name), ()):
                    rest = {key: kept for key, kept in base.items() if key != name}
                    params = json.dumps(rest)[:-1] + (", " if rest else "") + f'"{name}": {value}}}'
                    assert_answered(answer(client.raw, method, params), f"{method} {params}")


@pytest.mark.parametrize("name", CHANGES)
def test_a_wrong_value_changes_nothing_in_an_edit(product: Product, name: str) -> None:
    target = product.add(f"An edit of {name}")
    with product.client() as client:
        for value in WRONG:
            frame = answer(client.raw, "memory/edit", f'{{"id": "{target}", "changes": {{"{name}": {value}}}}}')
            assert_answered(frame, f"{name} {value}")
            assert client.result("memory/get", id=target)["content"]


@pytest.mark.parametrize("name", [*DRAFT, "line"])
def test_a_wrong_value_spoils_its_own_line_only(product: Product, name: str) -> None:
    good = {"content": "a good neighbour", "line": 1}
    with product.client() as client:
        for value in WRONG:
            bad = f'{{"content": "x", "line": 2, "{name}": {value}}}'
            frame = answer(client.raw, "memory/add_many", f'{{"items": [{json.dumps(good)}, {bad}]}}')
            rows = frame["result"]["results"]
            assert rows[0]["line"] == 1 and "id" in rows[0] and len(rows) == 2
            assert "id" in rows[1] or helpful(rows[1]["error"], ERRORS), f"{name} {value[:80]}: {rows[1]}"


@pytest.mark.parametrize("method", ["memory/add", "memory/add_many", "memory/edit", "memory/forget", "memory/restore"])
def test_a_wrong_value_of_what_is_staged_is_an_error_of_the_caller(product: Product, method: str) -> None:
    base, names = PARAMS[method]
    before = product.memories()
    with product.client("stager") as client:  # a process of its own: the others have begun as many as they may
        for name in ["method", *names]:
            for value in WRONG:
                number = client.result("transaction/begin")["transaction"]
                inner = json.dumps({key: kept for key, kept in base.items() if key != name})[:-1]
                inner += (", " if len(inner) > 1 else "") + f'"{name}": {value}}}'
                outer = f'{{"transaction": "{number}", "method": "{method}", "params": {inner}}}'
                assert_answered(answer(client.raw, "transaction/stage", outer), f"{method} {inner}")
                client.ask("transaction/rollback", {"transaction": number})
    assert product.memories() == before


@pytest.mark.parametrize("params", ["null", "5", '"x"', "[]", "[1]", "true"])
def test_params_are_an_object(product: Product, params: str) -> None:
    with product.client() as client:
        for method in METHODS:
            assert refused(answer(client.raw, method, params))["code"] == "bad_frame"


def test_a_frame_that_is_too_deep_is_refused(product: Product) -> None:
    with product.client() as client:
        for depth in (990, 5000, 1_000_000):
            frame = answer(client.raw, "memory/add", f'{{"content": {"[" * depth}{"]" * depth}}}')
            assert refused(frame)["code"] == "bad_frame"
        assert client.result("memory/get", id=SENTINEL)


def test_an_unknown_method_is_named(product: Product) -> None:
    with product.client() as client:
        for method in ("memory/nothing", "", "__class__", "m" * 10_000, "memory/add\n"):
            error = client.refusal(method)
            assert helpful(error, ["unknown_method"]) and len(error["message"]) < 200


@pytest.mark.parametrize("name", ["client", "version"])
@pytest.mark.parametrize("value", ["", "a\0b", "\ud800", "new\nline", "x" * 65, 5, None, ["cli"], {"cli": 1}, True])
def test_an_odd_name_in_the_hello_is_refused(product: Product, name: str, value: object) -> None:
    with Raw(home_paths(product.home.path).socket, greet=False) as raw:
        error = refused(raw.ask({**HELLO, name: value}))
        assert helpful(error, ["bad_frame"]) and name in error["message"]
        assert raw.hear() == {}


def test_a_foreign_but_printable_name_is_kept(product: Product) -> None:
    with product.client("mein éditeur 日本") as client:
        made = client.result("memory/add", content="From an editor with a name of its own")["id"]
    assert product.call("memory/get", id=made)["source_tool"] == "mein éditeur 日本.add"


def test_a_working_directory_of_any_kind_is_taken(product: Product) -> None:
    for cwd in (None, 5, "", "/gone\ud800", "x" * 50_000):
        with Raw(home_paths(product.home.path).socket, greet=False) as raw:
            assert raw.ask({**HELLO, "cwd": cwd})["lmem"] == 1
            assert "result" in raw.call("memory/add", content="From an odd place")
