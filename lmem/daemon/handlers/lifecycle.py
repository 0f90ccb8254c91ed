"""memory/forget, restore, merge, done: parameters to service calls and back.

Not a rule in sight: those are in lmem.service.lifecycle.
"""

from __future__ import annotations

from lmem.daemon.call import Call
from lmem.daemon.handlers.records import Json, changed_json
from lmem.daemon.params import Params
from lmem.daemon.services import Services
from lmem.errors import InvalidInput
from lmem.service.lifecycle import Changed

MAX_IDS = 1000


async def forget(services: Services, call: Call, params: Params) -> Json:
    dry_run = params.flag("dry_run")
    actor, ids = services.actor(call), ids_of(params)
    if params.flag("purge"):
        if not dry_run:
            services.activity.forget_work()
        purged = await services.lifecycle.purge(actor, ids, dry_run)
        receipt = [] if dry_run else await services.receipt(purged)
        forgotten = changed_json("forgotten", Changed(purged.memories, None))
        return {**forgotten, "gone": list(purged.gone), "receipt": receipt, "dry_run": dry_run}
    changed = await services.lifecycle.forget(actor, ids, params.reason(), dry_run)
    return {**changed_json("forgotten", changed), "dry_run": dry_run}


async def restore(services: Services, call: Call, params: Params) -> Json:
    actor, ids = services.actor(call), ids_of(params)
    version = params.number("version", 0, 0, 2**53)
    if not version:
        return changed_json("restored", await services.lifecycle.restore(actor, ids))
    if len(ids) != 1:
        raise InvalidInput("A version is restored of one memory at a time.", hint="lmem restore ID --version N")
    restored = await services.history.restore(actor, ids[0], version, params.reason())
    return {**changed_json("restored", restored), "version": version}


async def merge(services: Services, call: Call, params: Params) -> Json:
    dry_run, max_bytes = params.flag("dry_run"), services.host.config.number("memory.max_bytes")
    actor, ids = services.actor(call), ids_of(params)
    joined = await services.superseding.merge(actor, ids, params.reason(), max_bytes, dry_run)
    return {
        "id": joined.memory.id,
        "title": joined.memory.title,
        "content": joined.memory.content,
        "superseded": [{"id": memory.id, "title": memory.title} for memory in joined.superseded],
        "change_set": joined.change_set,
        "dry_run": dry_run,
    }


async def done(services: Services, call: Call, params: Params) -> Json:
    failed = params.flag("failed")
    task, resolver = await services.lifecycle.done(
        services.actor(call), params.text("id"), failed, params.maybe_text("by"), params.reason()
    )
    return {"id": task.id, "title": task.title, "resolved_by": resolver.id, "outcome": "failed" if failed else "done"}


def ids_of(params: Params) -> tuple[str, ...]:
    """The memories that a request names. Raises InvalidInput for none, or too many."""
    ids = params.texts("ids")
    if not 0 < len(ids) <= MAX_IDS:
        raise InvalidInput(f"Give from 1 to {MAX_IDS} ids.")
    return ids
