"""status, version, tags, model and lmem without a command."""

from __future__ import annotations

import pytest

from lmem.errors import StoreUnavailable
from tests.unit.cli.fake_daemon import FakeDaemon, Params, memory, status
from tests.unit.cli.terminal import Terminal


def test_status_shows_what_runs_and_every_path(daemon: FakeDaemon, lmem: Terminal) -> None:
    rows = [{"projection": "vectors", "kind": "memory", "id": "3f2a9c1d0000", "error": "not finite", "attempts": 3}]
    stores = {
        "sqlite": {"state": "ready", "bytes": 123_456, "version": "3.45", "schema": 4},
        "vectors": {"state": "down", "reason": "The worker died.", "hint": "Run 'lmem doctor'."},
    }
    daemon.answers["status/get"] = lambda params: status(
        outbox={"pending": 2, "parked": 1, "rows": rows}, stores=stores
    )
    assert lmem.run("status").out.splitlines() == [
        "lmem 0.1.0: 3 memories, 1 project, vectors down, 2 pending, 1 parked",
        "daemon     pid 4242, up 3 min, 40.0 MB",
        "worker     pid 4243, 200 MB",
        "sqlite     ready, schema 4, 123 kB",
        "vectors    down: The worker died. Run 'lmem doctor'.",
        "outbox     2 pending, 1 parked",
        "  parked: memory 3f2a9c1d for vectors: not finite (3 tries)",
        "user       me",
        "now        2026-01-02T03:04:05Z",
        "paths",
        "  data     /data",
        "  log      /state/daemon.log",
    ]


def test_a_server_is_shown_with_its_version_and_address(daemon: FakeDaemon, lmem: Terminal) -> None:
    server = {"state": "ready", "engine": "qdrant", "url": "http://127.0.0.1:6333", "version": "1.18.3", "points": 3}
    daemon.answers["status/get"] = lambda params: status(stores={"vectors": server})
    line = "vectors    ready, points 3, engine qdrant, version 1.18.3 at http://127.0.0.1:6333"
    assert line in lmem.run("status").out.splitlines()


def test_status_for_programs_is_the_daemons_answer(lmem: Terminal, daemon: FakeDaemon) -> None:
    assert lmem.run("status", "--json").json() == status()


def test_wait_asks_for_the_end_and_then_for_the_status(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["status/wait"] = lambda params: {"pending": 0}
    daemon.progress["status/wait"] = [{"token": "wait", "done": 1, "total": 2, "what": "vectors"}]
    assert lmem.run("status", "--wait", "--timeout", "5", "--json").json() == status()
    assert [name for name, _ in daemon.asked] == ["status/wait", "status/get"]
    assert daemon.calls("status/wait") == [{"timeout": 5.0}]
    assert "vectors" in lmem.type("status", "--wait").out


def test_what_was_written_between_the_wait_and_the_look_is_waited_for(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["status/wait"] = lambda params: {"pending": 0}
    looks = iter((2, 0))
    daemon.answers["status/get"] = lambda params: status(outbox={"pending": next(looks), "parked": 0})
    assert lmem.run("status", "--wait", "--json").json()["outbox"]["pending"] == 0
    assert [name for name, _ in daemon.asked] == ["status/wait", "status/get"] * 2


def test_what_a_wait_waits_for_is_said_when_it_changes(daemon: FakeDaemon, lmem: Terminal) -> None:
    def give_up(params: Params) -> None:
        raise StoreUnavailable("4 rows still wait for the index: 61 MB are free.", hint="Free some space.")

    daemon.answers["status/wait"] = give_up
    well: Params = {"token": "wait", "done": 0, "total": 4, "what": "indexing"}
    full = {**well, "trouble": {"code": "storage_full", "message": "60 MB are free.", "hint": "Free some space."}}
    fuller = {**well, "trouble": {"code": "storage_full", "message": "61 MB are free.", "hint": "Free some space."}}
    daemon.progress["status/wait"] = [well, full, full, well, full, fuller]
    done = lmem.run("status", "--wait", "--timeout", "1")
    assert (done.status, done.err.splitlines()) == (6, [
        "Waiting: 60 MB are free. Free some space.",
        "Waiting: 61 MB are free. Free some space.",
        "lmem: 4 rows still wait for the index: 61 MB are free.",
        "Free some space.",
    ])  # fmt: skip
    assert "Waiting: 60 MB are free." in lmem.type("status", "--wait").out
    assert lmem.run("status", "--wait", "--json").error()["hint"] == "Free some space."


@pytest.mark.parametrize(
    ("changes", "memories", "next_"),
    [
        ({}, [memory()], "lmem show 3f2a9c1d"),
        ({}, [memory()] * 5, "lmem search 'why did we ...'"),
        ({}, [], "lmem list --all-projects"),
        ({"outbox": {"pending": 0, "parked": 2}}, [memory()], "lmem doctor"),
        ({"stores": {"embedder": {"state": "missing"}}}, [], "lmem init"),
        (
            {"counts": {"memories": 0, "projects": 0}}, [],
            'lmem add "we chose SQLite because it needs no server" --type decision',
        ),
    ],
)  # fmt: skip
def test_lmem_alone_says_what_to_do_next(
    daemon: FakeDaemon, lmem: Terminal, changes: Params, memories: list[Params], next_: str
) -> None:
    daemon.answers["status/get"] = lambda params: status(**changes)
    daemon.answers["memory/list"] = lambda params: {"memories": memories, "total": len(memories)}
    lines = lmem.run().out.splitlines()
    assert lines[0].startswith("lmem 0.1.0: ")
    assert len(lines) == len(memories) + 2
    assert lines[-1] == f"Next: {next_}"
    assert daemon.calls("memory/list") == [{"order": "created", "limit": 5}]
    assert lmem.run("--json").json()["next"] == next_


def test_tags_are_a_table_on_a_terminal_and_tabs_in_a_pipe(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["memory/tags"] = lambda params: {
        "tags": [{"tag": "sqlite", "count": 1200}, {"tag": "[b]", "count": 1}]
    }
    assert lmem.run("tags").out == "sqlite\t1,200\n[b]\t1\n"
    seen = lmem.type("tags", env={"NO_COLOR": "1"}).out.split("\n")
    assert [line.split() for line in seen[:3]] == [["Tag", "Memories"], ["sqlite", "1,200"], ["[b]", "1"]]
    assert lmem.run("tags", "--json").json()["tags"][0]["count"] == 1200


def test_no_tags(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["memory/tags"] = lambda params: {"tags": []}
    done = lmem.run("tags")
    assert not done.out
    assert done.err.startswith("No memory has a tag.")


@pytest.fixture
def pulled(daemon: FakeDaemon) -> None:
    daemon.answers["model/pull"] = lambda params: {"name": "m", "path": "/models/m", "source": "hub"}
    daemon.progress["model/pull"] = [{"token": "pull", "what": "model.safetensors", "done": 5, "total": 10}]


def test_init_gets_the_model_and_says_what_next(lmem: Terminal, pulled: None) -> None:
    done = lmem.run("init")
    assert done.out.startswith("Model m from hub, checksum verified.\n/models/m\nlmem is ready. Next:\n  lmem add ")
    assert not done.err
    assert "model.safetensors" in lmem.type("init").out
    assert lmem.run("init", "--json").json()["path"] == "/models/m"


def test_model_pull_sends_the_name(daemon: FakeDaemon, lmem: Terminal, pulled: None) -> None:
    assert lmem.run("model", "pull", "m").out == "Model m from hub, checksum verified.\n/models/m\n"
    assert daemon.calls("model/pull") == [{"name": "m"}]


def test_model_list(daemon: FakeDaemon, lmem: Terminal) -> None:
    models = [{"name": "m", "dimensions": 384, "present": True, "active": True, "path": "/models/m", "source": "hub"}]
    daemon.answers["model/list"] = lambda params: {"models": models, "engine": "light"}
    done = lmem.run("model", "list")
    assert (done.out, done.err) == ("*\tm\t384\there\t/models/m\n", "Engine: light\n")
    assert "Dimensions" in lmem.type("model", "list").out


def test_model_use(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["model/use"] = lambda params: {"name": "m", "engine": "light", "fingerprint": "ab" * 20}
    assert lmem.run("model", "use", "m", "--engine", "light").out == "In use: m by the light engine (abababababab).\n"
    assert daemon.calls("model/use") == [{"name": "m", "engine": "light"}]
