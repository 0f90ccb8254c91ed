"""store/verify, repair, rebuild and sync: the stores beside the truth as their user sees them.

Not a comparison (lmem.service.consistency).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lmem.daemon.call import Call
from lmem.daemon.handlers.records import Json
from lmem.daemon.params import Params
from lmem.daemon.services import Services
from lmem.domain.actors import Actor
from lmem.domain.consistency import STATES, Report
from lmem.errors import InvalidInput, NotFound

SHOWN = 20
"""Ids of each kind of difference that an answer names."""


async def verify(services: Services, call: Call, params: Params) -> Json:
    """One member per store; 'clean' says whether all agree."""
    actor = services.actor(call)
    reports = await services.consistency.verify(actor, _stores(services, params), _progress(call))
    return {"stores": _stores_json(reports, actor), "clean": all(item.clean for item in reports)}


async def repair(services: Services, call: Call, params: Params) -> Json:
    """What was found and, unless it was a dry run, what is left after it was put right.

    With `emptied`, the address of a server that was left, nothing is compared: its user says that it holds nothing.
    """
    if "emptied" in params:
        return await _emptied(services, call, params)
    actor, stores, dry_run = services.actor(call), _stores(services, params), params.flag("dry_run")
    found = await services.consistency.repair(actor, stores, dry_run, _progress(call))
    left = [] if dry_run else await services.consistency.verify(actor, [item.store for item in found], _progress(call))
    return {
        "found": _stores_json(found, actor),
        "left": _stores_json(left, actor),
        "clean": all(item.clean for item in (found if dry_run else left)),
        "dry_run": dry_run,
    }


async def _emptied(services: Services, call: Call, params: Params) -> Json:
    if params.texts("stores") or params.flag("dry_run"):
        raise InvalidInput("'emptied' goes with no store and no dry run.", hint="lmem repair --emptied URL")
    gone = await services.left_servers.emptied(services.actor(call), params.text("emptied"))
    return {
        "emptied": [{"server": item.name, "prefix": item.prefix, "left_at": item.left_at} for item in gone]
    }


async def rebuild(services: Services, call: Call, params: Params) -> Json:
    """Answers when the new one serves, or at once with 'wait' false; 'restart' when a setting waits for a start."""
    actor, store = services.actor(call), params.text("store")
    if services.waits_for_restart(store):
        return {"store": store, "restart": True}
    wait = not ("wait" in params and not params.flag("wait"))
    done = await services.rebuilding.rebuild(actor, store, wait, _progress(call))
    return {
        "store": done.store, "generation": done.generation, "objects": done.objects, "done": done.done,
        "restart": False,
    }  # fmt: skip


async def sync(services: Services, call: Call, params: Params) -> Json:
    memory_id, states = await services.consistency.sync(services.actor(call), params.text("id"))
    return {
        "id": memory_id,
        "stores": {item.store: {"state": item.state, "reason": item.reason} for item in states},
    }


def _stores_json(reports: Sequence[Report], actor: Actor) -> Json:
    return {item.store: _report_json(item, named=not actor.shared) for item in reports}


def _report_json(report: Report, named: bool) -> Json:
    """What was found of one store. Ids are `named` to the user alone: one may be a private memory's."""
    objects: dict[str, list[str]] = {
        state: [f"{issue.kind} {issue.id}" for issue in report.issues if issue.state == state][:SHOWN]
        for state in STATES
    }
    return {
        **{state: report.count(state) for state in STATES},
        "checked": report.checked,
        "waiting": report.waiting,
        "parked": report.parked,
        "buckets": report.buckets,
        "differing": report.differing,
        "problems": list(report.problems),
        "unavailable": report.unavailable,
        "hint": report.hint,
        "objects": {state: ids for state, ids in objects.items() if ids and named},
        "clean": report.clean,
    }


def _stores(services: Services, params: Params) -> tuple[str, ...]:
    known, wanted = services.consistency.stores, params.texts("stores")
    for name in wanted:
        if name not in known:
            raise NotFound(f"There is no store '{name[:60]}' here.", hint=f"Stores are: {', '.join(known)}.")
    return wanted


def _progress(call: Call) -> Callable[[str, int, int], None]:
    return lambda store, done, total: call.progress({"token": store, "what": store, "done": done, "total": total})
