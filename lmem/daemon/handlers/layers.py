"""layer/list, layer/show, layer/move: the rules of the layers, what they hold, and moving a memory.

Not the rules themselves (lmem.domain.routing).
"""

from __future__ import annotations

from dataclasses import asdict, replace

from lmem.daemon.call import Call
from lmem.daemon.handlers.records import Json
from lmem.daemon.params import Params
from lmem.daemon.reading import read
from lmem.daemon.services import Services
from lmem.domain.filters import Filter
from lmem.domain.layers import LAYERS, layers
from lmem.service.holdings import Configured, Holding
from lmem.service.layers import moves

MOST = 10
"""Types and projects that a layer's page names."""


async def listed(services: Services, call: Call, params: Params) -> Json:
    reading = await read(services, call, params)
    found, rules = await _holdings(services, reading.wanted), await services.holdings.rules()
    return {
        "layers": [_holding_json(item, rules[item.layer]) for item in found],
        "router": asdict(await services.router.performance()),
        "scope": reading.to_wire(),
    }


async def show(services: Services, call: Call, params: Params) -> Json:
    """A layer by its name, or the layers of a memory by its id."""
    name = params.text("name").strip().lower()
    if name not in LAYERS:
        return await _of_memory(services, call, name)
    reading = await read(services, call, Params({}))
    holding = next(item for item in await _holdings(services, reading.wanted) if item.layer == name)
    names = await services.project_names(project_id for project_id, _ in holding.projects)
    rules = await services.holdings.rules()
    return {
        **_holding_json(holding, rules[name]),
        "types": [{"type": kind, "memories": count} for kind, count in holding.types[:MOST]],
        "projects": [
            {"project": names.get(project_id or ""), "memories": count} for project_id, count in holding.projects[:MOST]
        ],
        "scope": reading.to_wire(),
    }


async def move(services: Services, call: Call, params: Params) -> Json:
    actor = services.actor(call)
    wanted = layers(params.texts("layers"))
    scope = await services.scope(call, params)
    moved = await services.layers.move(actor, params.text("id"), wanted, scope, params.reason())
    names = await services.project_names([moved.memory.project_id])
    return {
        "id": moved.memory.id,
        "title": moved.memory.title,
        "layers": list(moved.memory.layers.names),
        "layer": moved.memory.layers.primary,
        "project": names.get(moved.memory.project_id or ""),
        "changed": list(moved.changed),
        "change_set": moved.change_set,
    }


async def _holdings(services: Services, here: Filter) -> list[Holding]:
    seen = replace(here, temporal=True)
    return await services.holdings.counts(Filter(here.user_id, shared=here.shared), seen)


async def _of_memory(services: Services, call: Call, text: str) -> Json:
    memory, versions = await services.history.versions(services.actor(call), text)
    names, rules = await services.project_names([memory.project_id]), await services.holdings.rules()
    return {
        "id": memory.id,
        "title": memory.title,
        "layers": list(memory.layers.names),
        "layer": memory.layers.primary,
        "project": names.get(memory.project_id or ""),
        "session": memory.session_id,
        "rules": {layer: rules[layer].rule.reads for layer in memory.layers.names},
        "moves": [
            {
                "version": version.number,
                "recorded_at": version.recorded_at,
                "before": version.diff["layers"][0],
                "after": version.diff["layers"][1],
                "reason": version.reason,
                "change_set": version.change_set,
            }
            for version in moves(versions)
        ],
    }


def _holding_json(holding: Holding, configured: Configured) -> Json:
    rule = configured.rule
    return {
        "layer": holding.layer,
        "memories": holding.memories,
        "here": holding.here,
        "primary": holding.primary,
        "alone": holding.alone,
        "writes": rule.writes,
        "reads": rule.reads,
        "leaves": rule.leaves,
        "settings": configured.settings,
    }
