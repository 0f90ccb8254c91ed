"""memory/add, add_many, get, list, edit, tags, export: parameters to service calls and back.

Not a rule in sight: those are in lmem.service and lmem.domain.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from lmem.daemon.call import Call
from lmem.daemon.handlers import past
from lmem.daemon.handlers.drafts import bulk, client_id, draft, kinds_kept
from lmem.daemon.handlers.edits import changed_fields
from lmem.daemon.handlers.records import Json, error_json, made_json, memory_json, next_json, note_place, version_json
from lmem.daemon.params import Params
from lmem.daemon.reading import read
from lmem.daemon.services import Services
from lmem.domain.actors import Actor
from lmem.domain.filters import Filter, Sight
from lmem.domain.memories import Draft, Memory
from lmem.domain.scope import Scope
from lmem.errors import InvalidInput, LmemError, StoreUnavailable
from lmem.service.drafts import Added
from lmem.service.duplicates import near_duplicate


async def add(services: Services, call: Call, params: Params) -> Json:
    actor = services.actor(call)
    new = draft(params, services.clock.now(), max_bytes(services), f"{call.caller.client}.add")
    with services.storage.announced():  # git's files take longer than a lull
        scope = await services.scope(call, params, create=True)
        new = replace(new, project=None, session=None, git_context=await services.git_status.now(call.caller.cwd))
        added = await services.memories.add(actor, new, scope, config=await services.in_force(call))
    memory = added.memory
    if memory.session_id is not None:
        file = new.context.get("file")
        services.activity.worked(memory.session_id, file=file if isinstance(file, str) else None)
    near = None
    if params.flag("check_duplicates") and added.created:
        with suppress(StoreUnavailable):  # it took too long; the memory is stored, and that is what was asked
            near = await near_duplicate(services.storage, memory, _seen_beside(actor, memory, scope))
    names = await services.project_names([memory.project_id])
    return {
        "id": memory.id,
        "created": added.created,
        **({"changed": list(added.changed)} if added.changed else {}),
        "title": memory.title,
        "layer": memory.layers.primary,
        "layers": list(memory.layers.names),
        "routed_because": added.because,
        "project": names.get(memory.project_id or ""),
        "project_because": scope.because,
        "project_created": scope.created,
        "near_duplicate": near and {"id": near[0].id, "title": near[0].title, "similarity": round(near[1], 3)},
        "redacted": params.redacted,
        **({"kept_secrets": params.kept} if params.kept else {}),
    }


async def add_many(services: Services, call: Call, params: Params) -> Json:
    lines = await bulk(params, services.clock.now(), max_bytes(services), call.caller.client)
    drafts = [line.draft for line in lines if isinstance(line.draft, Draft)]
    scope = await services.scope(call, Params({}), create=any(item.project is None for item in drafts))
    actor, run = services.actor(call), client_id(params.maybe_text("run"))
    series = services.memories.runs.series(actor, run) if run else None
    stored = iter(await services.memories.add_many(actor, drafts, scope, await services.in_force(call), series))
    rows: list[tuple[Json, bool]] = []
    made: dict[str, list[str]] = {"projects_created": [], "sessions_created": []}
    for line in lines:
        result = line.draft if isinstance(line.draft, LmemError) else next(stored)
        here = isinstance(line.draft, Draft) and line.draft.project is None
        if isinstance(result, Added):
            row = {"id": result.memory.id, "created": result.created, "redacted": line.redacted}
            rows.append(({"line": line.number, **row, **made_json(result)}, here))
            made["projects_created"] += [result.new_project] if result.new_project else []
            made["sessions_created"] += [result.new_session] if result.new_session else []
        else:
            rows.append(({"line": line.number, "error": error_json(result)}, here))
    if made["projects_created"] or made["sessions_created"]:
        services.scopes.changed()
    if scope.created and scope.project:
        made["projects_created"].append(scope.project)
        note_place(rows, scope.project)
    return {"results": [row for row, _ in rows], **made}


async def get(services: Services, call: Call, params: Params) -> Json:
    then = await past.moment(services, call, params)
    if then is not None:
        return await past.get(services, call, params, then)
    actor = services.actor(call)
    detail = await services.memories.get(actor, params.text("id"))
    services.activity.read(actor, [detail.memory.id])
    names = await services.project_names([detail.memory.project_id])
    return memory_json(detail.memory, names, detail.links)


async def page(services: Services, call: Call, params: Params) -> Json:
    order = params.maybe_text("order") or "rank"
    if order not in ("rank", "created"):
        raise InvalidInput(f"There is no order '{order[:40]}'.", hint="Orders are: rank, created.")
    then = await past.moment(services, call, params)
    if then is not None:
        return await past.page(services, call, params, order, then)
    reading = await read(services, call, params)
    limit, offset = params.number("limit", 20, 1, 1000), params.number("offset", 0, 0, 10_000_000)
    found = await services.memories.page(reading.wanted, order, limit, offset, reading.route.may_join)
    if found.too_little:
        services.router.joined()
    services.activity.listed(reading.actor, "memory", params.names(), len(found.memories))
    names = await services.project_names(memory.project_id for memory in found.memories)
    return {
        "memories": [memory_json(memory, names) for memory in found.memories],
        "total": found.total,
        **next_json(found.ended, offset + len(found.memories)),
        "degraded": services.caches.degraded(),
        "scope": reading.to_wire(found.too_little),
    }


async def edit(services: Services, call: Call, params: Params) -> Json:
    rev = params.number("rev", 0, 0, 2**53)
    edited = await services.memories.edit(
        services.actor(call),
        params.text("id"),
        changed_fields(Params(params.mapping("changes")), max_bytes(services)),
        params.reason(),
        rev or None,
        kinds_kept(params),
    )
    return {
        "id": edited.memory.id,
        "rev": edited.memory.rev,
        "changed": list(edited.changed),
        "change_set": edited.change_set,
        "redacted": params.redacted,
        **({"kept_secrets": params.kept} if params.kept else {}),
    }


async def tags(services: Services, call: Call, params: Params) -> Json:
    reading = await read(services, call, params)
    counted = await services.memories.tags(replace(reading.wanted, temporal=True))
    services.activity.listed(reading.actor, "tag", params.names(), len(counted))
    return {"tags": [{"tag": tag, "count": count} for tag, count in counted], "scope": reading.to_wire()}


async def export(services: Services, call: Call, params: Params) -> Json:
    """Everything, from wherever it is asked, unless a filter says less: a copy with gaps would be trusted.

    With 'no_private' it is what others than the user may read, of versions too.
    """
    reading = await read(services, call, params, everywhere=True)
    if params.flag("no_private"):
        if reading.wanted.private_only:
            raise InvalidInput("'private' and 'no_private' together leave nothing.", hint="Give one of them.")
        public = replace(reading.wanted, shared=True)
        reading = replace(reading, actor=replace(reading.actor, shared=True), wanted=public)
    wanted, limit = replace(reading.wanted, temporal=True), params.number("limit", 500, 1, 1000)
    page = await services.history.exported(reading.actor, wanted, params.number("after", 0, 0, 2**62), limit)
    names = await services.project_names(item.memory.project_id for item in page.records)
    services.activity.exported(reading.actor, len(page.records))
    records = [
        {
            **memory_json(item.memory, names),
            "versions": [version_json(version) for version in item.versions],
            **({} if item.rest is None else {"versions_next": item.rest}),
        }
        for item in page.records
    ]
    return {"records": records, "next": page.next, "scope": reading.to_wire()}


def _seen_beside(actor: Actor, memory: Memory, scope: Scope) -> Filter:
    """What is seen from where a new memory belongs: no other project's text is named to its author."""
    return Filter(actor.user_id, shared=actor.shared, sight=Sight(memory.project_id, scope.lineage))


def max_bytes(services: Services) -> int:
    """What one memory may have, by the settings."""
    return services.settings.of(None).number("memory.max_bytes")
