"""graph/neighbours, path, communities, patterns, projects, export: parameters to service calls and back.

Not a rule in sight: those are in lmem.service.graph.
"""

from __future__ import annotations

from collections.abc import Sequence

from lmem.daemon.call import Call
from lmem.daemon.handlers.records import Json
from lmem.daemon.params import Params
from lmem.daemon.services import Services
from lmem.domain.graph import Edge, Hop, Node
from lmem.domain.relationwords import edge_types
from lmem.errors import InvalidInput, LmemError
from lmem.service.graph import Answer, Used
from lmem.service.spots import Spot

DEEPEST = 6
MOST = 1000
NAMED = 20
"""Memories of a community that are named, unless others are asked for."""


async def neighbours(services: Services, call: Call, params: Params) -> Json:
    """What lies around a node, nearest first."""
    actor, types = services.actor(call), edge_types(params.texts("type"))
    depth, limit = params.number("depth", 1, 1, DEEPEST), params.number("limit", 50, 1, MOST)
    spot, name, answer = await services.graph.neighbours(actor, params.text("node"), types, depth, limit)
    services.activity.noted(actor, "read", "graph", spot[1], {"results": len(answer.value)})
    found = [
        {**_spot_json((item.label, item.id), item.name), "distance": item.distance, "by": _hop_json(item.by)}
        for item in answer.value
    ]
    return {"node": _spot_json(spot, name), "depth": depth, "neighbours": found, **_served(answer)}


async def path(services: Services, call: Call, params: Params) -> Json:
    """A shortest way between two nodes; `nodes` is null when there is none within `longest` edges."""
    actor, types = services.actor(call), edge_types(params.texts("type"))
    longest = params.number("longest", DEEPEST, 1, DEEPEST)
    start, end, answer = await services.graph.path(actor, params.text("from"), params.text("to"), types, longest)
    services.activity.noted(actor, "read", "graph", start[1], {"to": end[1]})
    found = answer.value
    return {
        "length": len(found.hops) if found else None,
        "longest": longest,
        "nodes": [_spot_json((label, id_), name) for label, id_, name in found.nodes] if found else None,
        "hops": [_hop_json(hop) for hop in found.hops] if found else None,
        **_served(answer),
    }


async def communities(services: Services, call: Call, params: Params) -> Json:
    """Groups of memories that belong together by their links, the largest first."""
    actor, types = services.actor(call), edge_types(params.texts("type"))
    least = params.share("min_strength", "minimal strength") or 0.0
    limit, named = params.number("limit", 20, 1, MOST), params.number("named", NAMED, 1, MOST)
    answer = await services.graph.communities(actor, types, least, limit, named)
    services.activity.listed(actor, "graph", params.names(), len(answer.value))
    found = [
        {"size": group.size, "memories": [{"id": id_, "title": title} for id_, title in group.members]}
        for group in answer.value
    ]
    return {"communities": found, **_served(answer)}


async def patterns(services: Services, call: Call, params: Params) -> Json:
    """Which patterns a project uses with success, and which failed in it."""
    actor = services.actor(call)
    scope = await services.scope(call, params)
    if scope.project_id is None:
        raise InvalidInput(
            f"Patterns are used in a project: {scope.because}.",
            hint="Say which with --project NAME, or go to the project's directory.",
        )
    return _used_json(await services.graph.patterns_of_project(actor, scope.project_id), "project")


async def projects(services: Services, call: Call, params: Params) -> Json:
    """In which projects a pattern is used with success, and in which it failed."""
    answer = await services.graph.projects_of_pattern(services.actor(call), params.text("pattern"))
    return _used_json(answer, "pattern")


async def export(services: Services, call: Call, params: Params) -> Json:
    """A page of the graph: edges with the nodes at their ends."""
    actor, types = services.actor(call), edge_types(params.texts("type"))
    after, limit = params.maybe_text("after") or "", params.number("limit", 500, 1, MOST)
    page = await services.graph_export.page(actor, types, params.flag("private"), after, limit)
    services.activity.noted(actor, "export", "graph", "*", {"results": len(page.edges)})
    return {
        "nodes": [_node_json(node) for node in page.nodes],
        "edges": [_edge_json(edge) for edge in page.edges],
        "next": page.next,
    }


def _spot_json(spot: Spot, name: str) -> Json:
    return {"label": spot[0], "id": spot[1], "name": name}


def _hop_json(hop: Hop) -> Json:
    """An edge as it was walked: 'direction' is 'out' along it, 'in' against it."""
    return {
        "type": hop.type,
        "direction": "out" if hop.forward else "in",
        "from": hop.start,
        "to": hop.end,
        "properties": dict(hop.properties),
    }


def _node_json(node: Node) -> Json:
    return {"label": node.label, "id": node.id, "properties": dict(node.properties)}


def _edge_json(edge: Edge) -> Json:
    return {
        "type": edge.type,
        "from": {"label": edge.start_label, "id": edge.start},
        "to": {"label": edge.end_label, "id": edge.end},
        "properties": dict(edge.properties),
    }


def _used_json(answer: Answer[Used], kind: str) -> Json:
    found = answer.value
    rows = {
        word: [{"id": id_, "name": name} for id_, name in some]
        for word, some in (("used", found.used), ("failed", found.failed))
    }
    return {kind: {"id": found.spot[1], "name": found.name}, **rows, **_served(answer)}


def _served(answer: Answer[object]) -> Json:
    """Which store answered, and why the server did not."""
    return {"served_by": [answer.served_by], "degraded": _degraded(answer.degraded)}


def _degraded(errors: Sequence[LmemError]) -> list[Json]:
    return [{"store": "graph", "code": err.code, "reason": err.message, "hint": err.hint} for err in errors]
