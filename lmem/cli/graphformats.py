"""Formats of an exported graph: DOT for Graphviz, GraphML for Gephi, yEd and Cytoscape, JSON for programs.

Not its reading; every node and edge is given, with all of its properties.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TextIO
from xml.sax.saxutils import escape, quoteattr

Nodes = Mapping[tuple[str, str], Mapping[str, Any]]
"""(label, id) -> properties."""
Edges = Sequence[Mapping[str, Any]]
"""{"type", "from": {"label", "id"}, "to", "properties"}."""

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TYPES = {bool: "boolean", int: "long", float: "double"}
_NAMES = {"Memory": "title", "Project": "name", "Pattern": "pattern_name", "User": "username"}
"""What a node is called by its label."""


def write_json(file: TextIO, nodes: Nodes, edges: Edges) -> None:
    """One object with `nodes` and `edges`, one of them a line."""
    file.write('{"directed": true, "nodes": [\n')
    rows = ({"label": label, "id": id_, "properties": held} for (label, id_), held in nodes.items())
    file.write(",\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    file.write('\n], "edges": [\n')
    file.write(",\n".join(json.dumps(edge, ensure_ascii=False) for edge in edges))
    file.write("\n]}\n")


def write_dot(file: TextIO, nodes: Nodes, edges: Edges) -> None:
    """A digraph: a node's label is its name, an edge's its type; all properties are attributes."""
    file.write("digraph lmem {\n  node [shape=box];\n")
    for (label, id_), held in nodes.items():
        attributes = {"label": held.get(_NAMES[label]) or id_, "kind": label, **_attributes(held)}
        file.write(f"  {_quoted(id_)} [{_listed(attributes)}];\n")
    for edge in edges:
        ends = f"{_quoted(edge['from']['id'])} -> {_quoted(edge['to']['id'])}"
        file.write(f"  {ends} [{_listed({'label': edge['type'], **_attributes(edge['properties'])})}];\n")
    file.write("}\n")


def write_graphml(file: TextIO, nodes: Nodes, edges: Edges) -> None:
    """GraphML with a typed key for each property."""
    keys = {
        "node": _keys([{"label": "", **held} for held in nodes.values()]),
        "edge": _keys([{"type": "", **edge["properties"]} for edge in edges]),
    }
    file.write('<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n')
    for kind, found in keys.items():
        for name, type_ in found.items():
            key, named = quoteattr(f"{kind}_{name}"), quoteattr(name)
            file.write(f'  <key id={key} for="{kind}" attr.name={named} attr.type="{type_}"/>\n')
    file.write('  <graph id="lmem" edgedefault="directed">\n')
    for (label, id_), held in nodes.items():
        file.write(f"    <node id={quoteattr(id_)}>{_data('node', {'label': label, **held})}</node>\n")
    for edge in edges:
        ends = f"source={quoteattr(edge['from']['id'])} target={quoteattr(edge['to']['id'])}"
        file.write(f"    <edge {ends}>{_data('edge', {'type': edge['type'], **edge['properties']})}</edge>\n")
    file.write("  </graph>\n</graphml>\n")


FORMATS: dict[str, Callable[[TextIO, Nodes, Edges], None]] = {
    "dot": write_dot,
    "graphml": write_graphml,
    "json": write_json,
}
"""Name -> writer."""


def _attributes(held: Mapping[str, Any]) -> dict[str, str]:
    """Properties under names that mean nothing to Graphviz; its own 'id' would be the id of a drawn element."""
    return {f"lmem_{name}": _text(value) for name, value in held.items() if value is not None and name != "id"}


def _listed(attributes: Mapping[str, object]) -> str:
    return ", ".join(f"{name}={_quoted(str(value))}" for name, value in attributes.items())


def _quoted(text: str) -> str:
    spelt = text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "").replace("\n", "\\n").replace("\0", "")
    return f'"{spelt}"'


def _keys(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Property -> its type in GraphML; one of several types is a text, but for whole numbers among others."""
    found: dict[str, set[str]] = {}
    for row in rows:
        for name, value in row.items():
            if value is not None:
                found.setdefault(name, set()).add(_TYPES.get(type(value), "string"))
    return {name: _common(types) for name, types in sorted(found.items())}


def _common(types: set[str]) -> str:
    if types == {"long", "double"}:
        return "double"
    return types.pop() if len(types) == 1 else "string"


def _data(kind: str, held: Mapping[str, Any]) -> str:
    return "".join(
        f"<data key={quoteattr(f'{kind}_{name}')}>{escape(_NO_XML.sub('�', _text(value)))}</data>"
        for name, value in held.items()
        if value is not None
    )


def _text(value: object) -> str:
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    return value if isinstance(value, str) else json.dumps(value)
