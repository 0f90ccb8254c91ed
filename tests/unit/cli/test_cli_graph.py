"""graph neighbours, path, communities, patterns, projects and export: what is asked, what is said, what is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lmem.errors import NotFound
from tests.unit.cli.fake_daemon import ID, OTHER, FakeDaemon, Params
from tests.unit.cli.terminal import Terminal

THIRD = "55" * 16
SERVED: Params = {"served_by": ["sqlite"], "degraded": []}
DOWN: Params = {
    "served_by": ["sqlite"],
    "degraded": [{"store": "graph", "code": "store_down", "reason": "Neo4j does not answer.", "hint": "Wait."}],
}


def spot(id_: str, name: str, label: str = "Memory") -> Params:
    return {"label": label, "id": id_, "name": name}


def hop(direction: str = "out", **properties: object) -> Params:
    return {"type": "RELATES_TO", "direction": direction, "from": ID, "to": OTHER, "properties": properties}


def test_neighbours_are_rows_with_the_way_there(daemon: FakeDaemon, lmem: Terminal) -> None:
    found = [
        {**spot(OTHER, "Readers"), "distance": 1, "by": hop(strength=0.5, context="why")},
        {**spot(THIRD, "outbox", "Pattern"), "distance": 2, "by": hop("in")},
    ]
    daemon.answers["graph/neighbours"] = lambda params: {
        "node": spot(ID, "WAL"), "depth": 2, "neighbours": found, **SERVED
    }  # fmt: skip
    done = lmem.run("graph", "neighbours", ID, "--depth", "2", "--type", "relates_to", "-n", "5")
    assert done.out.splitlines() == [
        "1\tmemory\t77b0c4de\t-> RELATES_TO (strength 0.5, context why)\tReaders",
        "2\tpattern\t55555555\t<- RELATES_TO\toutbox",
    ]
    assert daemon.calls("graph/neighbours") == [{"node": ID, "depth": 2, "type": ["relates_to"], "limit": 5}]
    assert lmem.run("graph", "neighbours", ID, "--json").json()["neighbours"][1]["distance"] == 2
    assert "Away" in lmem.type("graph", "neighbours", ID).out


def test_no_neighbour_is_said(daemon: FakeDaemon, lmem: Terminal) -> None:
    none: Params = {"node": spot(ID, "WAL"), "depth": 1, "neighbours": [], **SERVED}
    daemon.answers["graph/neighbours"] = lambda params: none
    assert lmem.run("graph", "neighbours", ID).err == "Nothing lies within 1 edge of WAL.\n"


def test_a_way_is_nodes_with_edges_between(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["graph/path"] = lambda params: {
        "length": 1, "longest": 6, "nodes": [spot(ID, "WAL"), spot(OTHER, "web", "Project")], "hops": [hop("in")],
        **SERVED,
    }  # fmt: skip
    done = lmem.run("graph", "path", ID, "project:web")
    assert done.out.splitlines() == ["3f2a9c1d  WAL  memory", "  <- RELATES_TO", "77b0c4de  web  project"]
    assert daemon.calls("graph/path") == [{"from": ID, "to": "project:web"}]


def test_no_way_is_status_1(daemon: FakeDaemon, lmem: Terminal) -> None:
    none: Params = {"length": None, "longest": 3, "nodes": None, "hops": None, **SERVED}
    daemon.answers["graph/path"] = lambda params: none
    done = lmem.run("graph", "path", ID, OTHER, "--longest", "3")
    assert (done.status, done.out) == (1, "")
    assert "no way between the two of at most 3 edges" in done.err
    asked = lmem.run("graph", "path", ID, OTHER, "--json")
    assert (asked.status, json.loads(asked.out)["nodes"]) == (1, None)


def test_communities_are_told_with_some_of_their_members(daemon: FakeDaemon, lmem: Terminal) -> None:
    group = {"size": 3, "memories": [{"id": ID, "title": "WAL"}, {"id": OTHER, "title": "Readers"}]}
    daemon.answers["graph/communities"] = lambda params: {"communities": [group], **DOWN}
    done = lmem.run("graph", "communities", "--min-strength", "0.5")
    assert done.out.splitlines() == ["1  3 memories", "   3f2a9c1d  WAL", "   77b0c4de  Readers", "   and 1 more"]
    assert done.err == "Without the graph: Neo4j does not answer. Wait.\n"
    assert daemon.calls("graph/communities") == [{"min_strength": 0.5}]
    daemon.answers["graph/communities"] = lambda params: {"communities": [], **SERVED}
    assert "No memories are linked yet" in lmem.run("graph", "communities").err


def test_uses_of_patterns_and_projects(daemon: FakeDaemon, lmem: Terminal) -> None:
    rows = {"used": [{"id": ID, "name": "outbox"}], "failed": [{"id": OTHER, "name": "sagas"}], **SERVED}
    daemon.answers["graph/patterns"] = lambda params: {"project": {"id": THIRD, "name": "web"}, **rows}
    daemon.answers["graph/projects"] = lambda params: {"pattern": {"id": THIRD, "name": "x"}, **rows}
    assert lmem.run("graph", "patterns", "-p", "web").out == "worked\t3f2a9c1d\toutbox\nfailed\t77b0c4de\tsagas\n"
    assert lmem.run("graph", "projects", "x", "--json").json()["used"][0]["name"] == "outbox"
    rows["used"] = rows["failed"] = []
    assert "No use is recorded of the pattern x." in lmem.run("graph", "projects", "x").err


@pytest.fixture
def pages(daemon: FakeDaemon) -> FakeDaemon:
    """A graph in two pages that share a node."""
    edge = {"type": "RELATES_TO", "properties": {"strength": 0.5}}
    ends = [{"label": "Memory", "id": id_} for id_ in (ID, OTHER)]
    nodes = [{"label": "Memory", "id": id_, "properties": {"id": id_, "title": id_[:4]}} for id_ in (ID, OTHER)]

    def page(params: Params) -> Params:
        first = "after" not in params
        return {
            "nodes": nodes if first else nodes[:1], "next": "Pattern/" if first else None,
            "edges": [{**edge, "from": ends[0], "to": ends[1]}] if first else [],
        }  # fmt: skip

    daemon.answers["graph/export"] = page
    return daemon


def test_export_joins_the_pages(pages: FakeDaemon, lmem: Terminal) -> None:
    found = lmem.run("graph", "export", "--json").json()
    assert [node["id"] for node in found["nodes"]] == [ID, OTHER]
    assert len(found["edges"]) == 1
    assert [params.get("after") for params in pages.calls("graph/export")] == [None, "Pattern/"]
    assert lmem.run("graph", "export").out.startswith("digraph lmem {\n")
    lmem.run("graph", "export", "--type", "relates_to", "--private", "--format", "graphml")
    assert pages.calls("graph/export")[-1] == {
        "type": ["relates_to"], "private": True, "limit": 500, "after": "Pattern/"
    }  # fmt: skip


def test_export_writes_a_file_whole_or_not_at_all(pages: FakeDaemon, lmem: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "graph.graphml"
    assert lmem.run("graph", "export", "-f", "graphml", "-o", str(file)).out == f"Wrote 2 nodes and 1 edge to {file}.\n"
    assert file.read_text().startswith("<?xml")
    assert file.stat().st_mode & 0o077 == 0
    file.unlink()

    def refuse(params: Params) -> Params:
        raise NotFound("gone")

    pages.answers["graph/export"] = refuse
    assert lmem.run("graph", "export", "-o", str(file)).status == 4
    assert list(tmp_path.glob("graph*")) == []


def test_an_unknown_format_is_refused(daemon: FakeDaemon, lmem: Terminal) -> None:
    done = lmem.run("graph", "export", "--format", "svg")
    assert done.status == 2 and "dot, graphml, json" in done.err


def test_json_is_no_other_format(pages: FakeDaemon, lmem: Terminal, tmp_path: Path) -> None:
    for name in ("dot", "graphml"):
        refused = lmem.run("graph", "export", "--format", name, "--json")
        assert refused.status == 2
        assert refused.error()["message"] == f"--json and --format {name} do not go together."
    written = lmem.run("graph", "export", "--format", "dot", "--json", "-o", str(tmp_path / "graph.dot")).json()
    assert written["path"] == str(tmp_path / "graph.dot")


def test_a_format_has_its_own_encoding(pages: FakeDaemon, lmem: Terminal) -> None:
    node = {"label": "Memory", "id": ID, "properties": {"title": "größe 😀"}}
    pages.answers["graph/export"] = lambda params: {"nodes": [node], "edges": [], "next": None}
    for name in ("dot", "graphml", "json"):
        assert "größe 😀" in lmem.run("graph", "export", "--format", name, env={"PYTHONIOENCODING": "ascii"}).out
