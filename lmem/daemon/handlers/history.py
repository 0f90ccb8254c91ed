"""memory/history, diff, undo: parameters to service calls and back.

Not a rule in sight: those are in lmem.service.history.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from lmem.daemon.call import Call
from lmem.daemon.handlers.records import Json, changed_json, version_json
from lmem.daemon.params import Params
from lmem.daemon.services import Services
from lmem.domain import differences

NAMED, TITLE = 10_000, 200
"""Memories that an undo names, and characters of their titles: 3 MB of an answer, of the 8 that a frame may have.
All are counted: what was done must not be refused for its long answer."""


async def history(services: Services, call: Call, params: Params) -> Json:
    actor = services.actor(call)
    memory, versions, rest = await services.history.page(actor, params.text("id"), params.number("after", 0, 0, 2**53))
    services.activity.read(actor, [memory.id])
    shown: Json = {"id": memory.id, "versions": [version_json(version) for version in versions]}
    return shown if rest is None else {**shown, "next": rest}


async def diff(services: Services, call: Call, params: Params) -> Json:
    actor = services.actor(call)
    first, last = params.number("from", 0, 0, 2**53), params.number("to", 0, 0, 2**53)
    before, after, numbers = await services.history.diff(actor, params.text("id"), first or None, last or None)
    services.activity.read(actor, [after.id])
    return {
        "id": after.id,
        "title": after.title,
        "from": numbers[0],
        "to": numbers[1],
        "fields": {name: list(pair) for name, pair in differences.fields(before, after).items()},
        "text": await asyncio.to_thread(differences.lines, before, after),
    }


async def undo(services: Services, call: Call, params: Params) -> Json:
    number = params.number("change_set", 0, 0, 2**53)
    actor = services.actor(call)
    undone = await services.decay.undo(actor, number or None) or await services.history.undo(actor, number or None)
    services.scopes.changed()  # it may have parted projects
    named = tuple(replace(memory, title=memory.title[:TITLE]) for memory in undone.memories[:NAMED])
    return {
        **changed_json("reversed", replace(undone, memories=named)),
        "count": len(undone.memories),
        "kind": undone.kind,
        "undone_by": undone.undone_by,
        "reopened": [{"id": item.id, "name": item.name, "state": item.state} for item in undone.reopened],
    }
