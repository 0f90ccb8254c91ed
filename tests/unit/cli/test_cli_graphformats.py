"""Formats of a graph: other programs' rules, whatever a title holds."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ElementTree

import pytest

from lmem.cli.graphformats import FORMATS, Edges, Nodes

ONE, TWO, PROJECT = "1" * 32, "2" * 32, "3" * 32
NASTY = 'a "quoted" \\ <tag> & line\nend \x01 ünïcode 日本'
NODES: Nodes = {
    ("Memory", ONE): {"id": ONE, "title": NASTY, "importance_score": 1, "category": None,
                      "layer_assignments": ["a", "b"]},
    ("Memory", TWO): {"id": TWO, "title": "two", "importance_score": 0.5},
    ("Project", PROJECT): {"id": PROJECT, "name": "web"},
}  # fmt: skip
EDGES: Edges = [
    {"type": "RELATES_TO", "from": {"label": "Memory", "id": ONE}, "to": {"label": "Memory", "id": TWO},
     "properties": {"strength": 0.5, "context": NASTY}},
    {"type": "USED_IN", "from": {"label": "Memory", "id": ONE}, "to": {"label": "Project", "id": PROJECT},
     "properties": {"success": True}},
]  # fmt: skip
GRAPHML = "{http://graphml.graphdrawing.org/xmlns}"


def written(name: str, nodes: Nodes = NODES, edges: Edges = EDGES) -> str:
    file = io.StringIO()
    FORMATS[name](file, nodes, edges)
    return file.getvalue()


def test_json_holds_everything_as_it_was() -> None:
    found = json.loads(written("json"))
    assert {(node["label"], node["id"]): node["properties"] for node in found["nodes"]} == NODES
    assert found["edges"] == EDGES


def test_graphml_is_xml_with_a_typed_key_for_each_property() -> None:
    root = ElementTree.fromstring(written("graphml"))
    keys = {key.get("id"): key.get("attr.type") for key in root.iter(f"{GRAPHML}key")}
    assert keys["node_importance_score"] == "double", "whole numbers among others"
    assert (keys["edge_success"], keys["edge_strength"], keys["node_title"]) == ("boolean", "double", "string")
    nodes = list(root.iter(f"{GRAPHML}node"))
    data = {item.get("key"): item.text for item in nodes[0]}
    assert [node.get("id") for node in nodes] == [ONE, TWO, PROJECT]
    assert data["node_title"] == NASTY.replace("\x01", "�")
    assert (data["node_label"], data["node_layer_assignments"]) == ("Memory", "a,b")
    assert "node_category" not in data
    edge = next(root.iter(f"{GRAPHML}edge"))
    assert (edge.get("source"), edge.get("target")) == (ONE, TWO)
    assert {item.get("key"): item.text for item in edge}["edge_type"] == "RELATES_TO"
    assert {item.get("key") for item in root.iter(f"{GRAPHML}data")} <= keys.keys()


def test_dot_quotes_what_means_something_to_it() -> None:
    lines = written("dot").splitlines()
    assert (lines[0], lines[-1]) == ("digraph lmem {", "}")
    assert lines[2].startswith(f'  "{ONE}" [label="a \\"quoted\\" \\\\ <tag> & line\\nend ')
    assert 'kind="Memory"' in lines[2] and 'lmem_importance_score="1"' in lines[2]
    assert f'"{ONE}" -> "{TWO}" [label="RELATES_TO", lmem_strength="0.5"' in lines[5]
    assert f'"{PROJECT}" [label="web", kind="Project"' in lines[4]
    for line in lines[2:-1]:
        assert line.replace("\\\\", "").replace('\\"', "").count('"') % 2 == 0, line


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_graph_is_a_graph(name: str) -> None:
    text = written(name, {}, [])
    if name == "json":
        assert json.loads(text) == {"directed": True, "nodes": [], "edges": []}
    elif name == "graphml":
        assert ElementTree.fromstring(text).find(f"{GRAPHML}graph") is not None
    else:
        assert text == "digraph lmem {\n  node [shape=box];\n}\n"
