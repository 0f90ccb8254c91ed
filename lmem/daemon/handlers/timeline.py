"""memory/timeline and change/list: parameters to service calls and back.

Not a rule in sight: those are in lmem.service.timeline.
"""

from __future__ import annotations

from dataclasses import replace

from lmem.daemon.call import Call
from lmem.daemon.handlers.records import Json, memory_json
from lmem.daemon.params import Params
from lmem.daemon.reading import read
from lmem.daemon.services import Services


async def timeline(services: Services, call: Call, params: Params) -> Json:
    reading = await read(services, call, params)
    actor, wanted = reading.actor, replace(reading.wanted, temporal=True)
    around = params.maybe_text("around")
    if around is None:
        anchor, memories = None, await services.timeline.newest(wanted, params.number("limit", 20, 1, 1000))
    else:
        limit = params.number("limit", 5, 1, 500)
        anchor, memories = await services.timeline.around(actor, around, wanted, limit)
    services.activity.listed(actor, "memory", params.names(), len(memories))
    names = await services.project_names(memory.project_id for memory in memories)
    return {"memories": [memory_json(memory, names) for memory in memories], "around": anchor.id if anchor else None}


async def changes(services: Services, call: Call, params: Params) -> Json:
    limit, offset = params.number("limit", 20, 1, 1000), params.number("offset", 0, 0, 10_000_000)
    actor = services.actor(call)
    found = await services.timeline.changes(actor, limit, offset)
    services.activity.listed(actor, "change", params.names(), len(found))
    return {
        "changes": [
            {
                "change_set": change.id,
                "kind": change.kind,
                "reason": change.reason,
                "created_at": change.created_at,
                "undone_by": change.undone_by,
                "count": change.count,
                "memories": [{"id": memory_id, "title": title} for memory_id, title in change.memories],
            }
            for change in found
        ]
    }
