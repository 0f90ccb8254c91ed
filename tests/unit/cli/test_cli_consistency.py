"""verify, repair, rebuild and sync in the terminal: what is asked, what is shown, and the exit status."""

from __future__ import annotations

import json

import pytest

from tests.unit.cli.fake_daemon import ID, FakeDaemon, Params
from tests.unit.cli.terminal import Terminal


def report(**changes: object) -> Params:
    """One store's part of an answer; a clean one unless `changes` say otherwise."""
    found: Params = {
        "missing": 0, "stale": 0, "orphaned": 0, "checked": 1200, "waiting": 0, "parked": 0, "buckets": 256,
        "differing": 0, "problems": [], "unavailable": None, "hint": None, "objects": {}, **changes,
    }  # fmt: skip
    wrong = found["missing"] or found["stale"] or found["orphaned"] or found["problems"] or found["parked"]
    return {**found, "clean": not (wrong or found["unavailable"])}


DAMAGED = report(missing=21, differing=4, objects={"missing": [f"memory {ID}"]}, waiting=2)


def verified(daemon: FakeDaemon, **stores: Params) -> None:
    clean = all(store["clean"] for store in stores.values())
    daemon.answers["store/verify"] = lambda params: {"stores": stores, "clean": clean}


def test_all_agree(daemon: FakeDaemon, lmem: Terminal) -> None:
    verified(daemon, sqlite=report(), vectors=report())
    done = lmem.run("verify")
    assert done.out.splitlines() == ["sqlite\t1,200\t0\t0\t0\t0\tclean", "vectors\t1,200\t0\t0\t0\t0\tclean"]
    assert (done.status, done.err) == (0, "")


def test_a_difference_is_named_and_is_exit_1(daemon: FakeDaemon, lmem: Terminal) -> None:
    verified(daemon, vectors=DAMAGED)
    done = lmem.run("verify", "vectors")
    assert daemon.calls("store/verify") == [{"stores": ["vectors"]}]
    assert done.out.splitlines() == [
        "vectors\t1,200\t21\t0\t0\t2\tdiffers", f"vectors: missing: memory {ID}", "vectors: missing: and 20 more",
    ]  # fmt: skip
    assert "lmem repair" in done.err
    assert done.status == 1
    assert json.loads(lmem.run("verify", "--json").out)["vectors"]["missing"] == 21


def test_a_store_that_cannot_be_asked_is_exit_6(daemon: FakeDaemon, lmem: Terminal) -> None:
    down = report(unavailable="Qdrant does not answer.", hint="Start it.")
    verified(daemon, vectors=down)
    done = lmem.run("verify")
    assert "vectors: Qdrant does not answer." in done.out
    assert (done.status, done.err) == (6, "Start it.\n"), "a repair would not help"
    verified(daemon, vectors=down, graph={**down}, cache=DAMAGED)
    done = lmem.run("verify")
    assert (done.status, done.err.splitlines()[0], len(done.err.splitlines())) == (1, "Start it.", 2)
    assert "lmem repair" in done.err


def test_what_is_parked_or_broken_is_said(daemon: FakeDaemon, lmem: Terminal) -> None:
    verified(daemon, sqlite=report(problems=["row 7 missing from index x"]), vectors=report(parked=1))
    done = lmem.run("verify")
    assert "sqlite: row 7 missing from index x" in done.out
    assert "vectors: 1 row is parked" in done.out
    assert done.status == 1


@pytest.mark.parametrize(("left", "status"), [(report(), 0), (DAMAGED, 1)])
def test_repair_says_what_was_written_again(daemon: FakeDaemon, lmem: Terminal, left: Params, status: int) -> None:
    daemon.answers["store/repair"] = lambda params: {
        "found": {"vectors": DAMAGED, "graph": report()}, "left": {"vectors": left}, "clean": left["clean"],
        "dry_run": False,
    }  # fmt: skip
    done = lmem.run("repair")
    assert done.out.splitlines()[:2] == ["vectors: 21 objects were written again", "graph: nothing to repair"]
    assert done.status == status


def test_a_dry_run_of_a_repair(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["store/repair"] = lambda params: {
        "found": {"vectors": DAMAGED}, "left": {}, "clean": False, "dry_run": True,
    }  # fmt: skip
    done = lmem.run("repair", "--dry-run")
    assert daemon.calls("store/repair") == [{"dry_run": True}]
    assert done.out == "vectors: 21 objects would be written again\n"
    assert done.status == 1


def test_a_server_that_was_left_is_said_to_be_empty(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["store/repair"] = lambda params: {
        "emptied": [{"server": "Qdrant at http://old:6333", "prefix": "lmem_", "left_at": "2026-11-20T10:00:00.000Z"}]
    }
    done = lmem.run("repair", "--emptied", "http://old:6333")
    assert daemon.calls("store/repair") == [{"emptied": "http://old:6333"}]
    assert done.out == "Qdrant at http://old:6333 ('lmem_'): no receipt names it any more\n"
    assert done.status == 0
    assert lmem.run("repair", "--emptied", "http://old:6333", "--json").json()["emptied"][0]["prefix"] == "lmem_"


def test_sync_names_each_store(daemon: FakeDaemon, lmem: Terminal) -> None:
    states = {"vectors": {"state": "agrees", "reason": None}, "graph": {"state": "unavailable", "reason": "Down."}}
    daemon.answers["store/sync"] = lambda params: {"id": ID, "stores": states}
    done = lmem.run("sync", ID[:8])
    assert done.out.splitlines() == ["3f2a9c1d  vectors: agrees", "3f2a9c1d  graph: unavailable  Down."]
    assert done.status == 6


@pytest.mark.parametrize(("flags", "wait"), [((), True), (("--no-wait",), False)])
def test_rebuild_waits_unless_told_not_to(
    daemon: FakeDaemon, lmem: Terminal, flags: tuple[str, ...], wait: bool
) -> None:
    daemon.answers["store/rebuild"] = lambda params: {
        "store": "vectors", "generation": "gen-0002", "objects": 1200, "done": params["wait"], "restart": False,
    }  # fmt: skip
    done = lmem.run("rebuild", "vectors", *flags)
    assert daemon.calls("store/rebuild") == [{"store": "vectors", "wait": wait}]
    assert done.out.startswith("Rebuilt vectors: 1,200 objects" if wait else "vectors: 1,200 objects to write")
    assert lmem.run("rebuild", "vectors", "--json", *flags).json()["generation"] == "gen-0002"
