"""memory/history, undo: parameters to service calls and back.

Not a rule in sight: those are in lmem.service.history.
"""

from __future__ import annotations

from lmem.daemon.call import Call
from lmem.daemon.handlers.records import Json, changed_json, version_json
from lmem.daemon.params import Params
from lmem.daemon.services import Services


async def history(services: Services, call: Call, params: Params) -> Json:
    actor = services.actor(call)
    memory, versions = await services.history.versions(actor, params.text("id"))
    services.activity.read(actor, [memory.id])
    return {"id": memory.id, "versions": [version_json(version) for version in versions]}


async def undo(services: Services, call: Call, params: Params) -> Json:
    number = params.number("change_set", 0, 0, 2**53)
    undone = await services.history.undo(services.actor(call), number or None)
    services.scopes.changed()  # it may have parted projects
    return {**changed_json("reversed", undone), "kind": undone.kind, "undone_by": undone.undone_by}
