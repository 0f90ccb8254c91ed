"""memory/forget, restore, history, undo, done: parameters to service calls and back.

Not a rule in sight: those are in lmem.service.lifecycle.
"""

from __future__ import annotations

from lmem.daemon.call import Call
from lmem.daemon.handlers.records import Json, short_json, version_json
from lmem.daemon.params import Params
from lmem.daemon.services import Services
from lmem.errors import InvalidInput
from lmem.service.lifecycle import Changed

MAX_IDS = 1000


async def forget(services: Services, call: Call, params: Params) -> Json:
    dry_run = params.flag("dry_run")
    actor, ids = services.actor(call), _ids(params)
    if params.flag("purge"):
        changed = await services.lifecycle.purge(actor, ids, dry_run)
        receipt = [] if dry_run else await services.receipt([memory.id for memory in changed.memories])
        return {**_changed("forgotten", changed), "receipt": receipt, "dry_run": dry_run}
    changed = await services.lifecycle.forget(actor, ids, params.reason(), dry_run)
    return {**_changed("forgotten", changed), "dry_run": dry_run}


async def restore(services: Services, call: Call, params: Params) -> Json:
    return _changed("restored", await services.lifecycle.restore(services.actor(call), _ids(params)))


async def history(services: Services, call: Call, params: Params) -> Json:
    actor = services.actor(call)
    memory, versions = await services.lifecycle.history(actor, params.text("id"))
    services.activity.read(actor, [memory.id])
    return {"id": memory.id, "versions": [version_json(version) for version in versions]}


async def undo(services: Services, call: Call, params: Params) -> Json:
    number = params.number("change_set", 0, 0, 2**53)
    undone = await services.lifecycle.undo(services.actor(call), number or None)
    return {**_changed("reversed", undone), "kind": undone.kind}


async def done(services: Services, call: Call, params: Params) -> Json:
    failed = params.flag("failed")
    task, resolver = await services.lifecycle.done(
        services.actor(call), params.text("id"), failed, params.maybe_text("by"), params.reason()
    )
    return {"id": task.id, "title": task.title, "resolved_by": resolver.id, "outcome": "failed" if failed else "done"}


def _ids(params: Params) -> tuple[str, ...]:
    ids = params.texts("ids")
    if not 0 < len(ids) <= MAX_IDS:
        raise InvalidInput(f"Give from 1 to {MAX_IDS} ids.")
    return ids


def _changed(word: str, changed: Changed) -> Json:
    return {word: short_json(changed.memories), "change_set": changed.change_set}
