"""graph neighbours, path, communities, patterns, projects and export.

Not the graph; the daemon answers. Formats of an export are in `lmem.cli.graphformats`.
"""

from __future__ import annotations

import json
import os
import sys
from io import TextIOWrapper

from lmem.cli import output
from lmem.cli.link import ask, given
from lmem.cli.output import count, paint, short, stored
from lmem.cli.tables import print_rows
from lmem.cli.wholefile import whole
from lmem.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmem.cli.graphformats import Edges, Nodes
    from lmem.cli.link import Answer

PAGE = 500


def neighbours(*, node: str, relation: list[str] | None, as_json: bool, **fields: object) -> int:
    """lmem graph neighbours."""
    found = ask("graph/neighbours", given({"node": node, "type": relation, **fields}), idempotent=True)
    if as_json:
        output.answer_json(found)
        return 0
    output.note_degraded(found)
    rows = [
        (str(item["distance"]), _kind(item), short(item), _arrow(item["by"]), stored(item["name"]))
        for item in found["neighbours"]
    ]
    if not rows:
        depth = count(found["depth"], "edge")
        output.note(f"Nothing lies within {depth} of {output.visible(found['node']['name'])}.")
        return 0
    print_rows(("Away", "Kind", "Id", "By", "Name"), rows, numbers=(0,))
    return 0


def path(*, start: str, end: str, relation: list[str] | None, as_json: bool, **fields: object) -> int:
    """lmem graph path. Exit status 1 when there is no way."""
    found = ask("graph/path", given({"from": start, "to": end, "type": relation, **fields}), idempotent=True)
    if as_json:
        output.answer_json(found)
        return 0 if found["nodes"] else 1
    output.note_degraded(found)
    if not found["nodes"]:
        output.note(f"There is no way between the two of at most {count(found['longest'], 'edge')}.")
        return 1
    for number, node in enumerate(found["nodes"]):
        if number:
            output.line(paint(f"  {_arrow(found['hops'][number - 1])}", "dim"))
        output.line(f"{paint(short(node), 'cyan')}  {stored(node['name'])}  {paint(_kind(node), 'dim')}")
    return 0


def communities(*, relation: list[str] | None, as_json: bool, **fields: object) -> int:
    """lmem graph communities."""
    found = ask("graph/communities", given({"type": relation, **fields}), idempotent=True)
    if as_json:
        output.answer_json(found)
        return 0
    output.note_degraded(found)
    if not found["communities"]:
        output.note("No memories are linked yet. Link two: lmem link ID ID --type relates_to.")
    for number, group in enumerate(found["communities"], 1):
        output.line(f"{paint(str(number), 'bold')}  {count(group['size'], 'memory', 'memories')}")
        for memory in group["memories"]:
            output.line(f"   {paint(short(memory), 'cyan')}  {output.fit(stored(memory['title']), 13)}")
        if group["size"] > len(group["memories"]):
            output.line(paint(f"   and {group['size'] - len(group['memories'])} more", "dim"))
    return 0


def patterns(*, project: str | None, as_json: bool) -> int:
    """lmem graph patterns."""
    return _print_uses(ask("graph/patterns", given({"project": project}), idempotent=True), "project", as_json)


def projects(*, pattern: str, as_json: bool) -> int:
    """lmem graph projects."""
    return _print_uses(ask("graph/projects", {"pattern": pattern}, idempotent=True), "pattern", as_json)


def export(
    *, format: str | None, to: str | None, relation: list[str] | None, private: bool, as_json: bool
) -> int:
    """lmem graph export. With --output the file appears whole or not at all."""
    from lmem.cli.graphformats import FORMATS

    name = format or ("json" if as_json else "dot")
    if name not in FORMATS:
        raise InvalidInput(f"There is no format '{name[:40]}'.", hint=f"Formats are: {', '.join(FORMATS)}.")
    if as_json and name != "json" and to in (None, "-"):
        raise InvalidInput(f"--json and --format {name} do not go together.", hint="Give --format json, or --output.")
    nodes, edges = _collected(given({"type": relation, "private": private}))
    if to is None or to == "-":
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")  # as the formats have it, whatever the locale
        FORMATS[name](sys.stdout, nodes, edges)
        return 0
    with whole(to) as file:
        FORMATS[name](file, nodes, edges)
    if as_json:
        output.answer_json({"path": os.path.abspath(to), "nodes": len(nodes), "edges": len(edges)})
    else:
        output.line(f"Wrote {count(len(nodes), 'node')} and {count(len(edges), 'edge')} to {to}.")
    return 0


def _collected(request: dict[str, object]) -> tuple[Nodes, Edges]:
    """Every node once, by label and id, and every edge, page by page."""
    nodes: dict[tuple[str, str], Answer] = {}
    edges: list[Answer] = []
    after: object = None
    while True:
        page = ask("graph/export", {**request, "limit": PAGE, **given({"after": after})}, idempotent=True)
        nodes |= {(node["label"], node["id"]): node["properties"] for node in page["nodes"]}
        edges += page["edges"]
        after = page["next"]
        if not after:
            return nodes, edges


def _print_uses(found: Answer, kind: str, as_json: bool) -> int:
    if as_json:
        output.answer_json(found)
        return 0
    output.note_degraded(found)
    rows = [
        (went, short(item), stored(item["name"]))
        for went, some in (("worked", found["used"]), ("failed", found["failed"]))
        for item in some
    ]
    if not rows:
        output.note(f"No use is recorded of the {kind} {output.visible(found[kind]['name'])}.")
        return 0
    print_rows(("Went", "Id", "Name"), rows)
    return 0


def _kind(node: Answer) -> str:
    return str(node["label"]).lower()


def _arrow(hop: Answer) -> str:
    """An edge as it was walked: its type, its direction, what it holds."""
    held = ", ".join(f"{name} {_plain(value)}" for name, value in hop["properties"].items())
    sign = "->" if hop["direction"] == "out" else "<-"
    return stored(f"{sign} {hop['type']}" + (f" ({held})" if held else ""))


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
