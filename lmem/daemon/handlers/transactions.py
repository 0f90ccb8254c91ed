"""transaction/begin, stage, commit, rollback: parameters to service calls and back.

Not a rule in sight: those are in lmem.service.transactions. What is staged is parsed as its own method parses it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from lmem.daemon.call import Call
from lmem.daemon.handlers.drafts import bulk, draft, kinds_kept
from lmem.daemon.handlers.edits import changed_fields
from lmem.daemon.handlers.lifecycle import ids_of
from lmem.daemon.handlers.memories import max_bytes
from lmem.daemon.handlers.records import Json, error_json, made_json, note_place
from lmem.daemon.params import Params
from lmem.daemon.screening import screened_object
from lmem.daemon.services import Services
from lmem.domain.memories import Draft
from lmem.domain.scope import Scope
from lmem.errors import InvalidInput, LmemError
from lmem.service import staging
from lmem.service.drafts import Added
from lmem.service.edits import Edited
from lmem.service.staging import Done

Stage = Callable[[Services, Call, str, dict[str, object]], Awaitable[Json]]


async def begin(services: Services, call: Call, params: Params) -> Json:
    await services.scope(call, Params({}))  # a project or session that its environment names has to be there
    number = await services.transactions.begin(services.actor(call))
    limits = {"items": staging.MOST_ITEMS, "bytes": staging.MOST_BYTES, "idle_s": staging.IDLE_S}
    return {"transaction": number, "limits": limits}


async def stage(services: Services, call: Call, params: Params) -> Json:
    """Let one request wait. One that is not valid is answered with its error, and no commit will follow then."""
    number, method, actor = params.text("transaction"), params.text("method"), services.actor(call)
    services.transactions.waiting(actor, number)
    try:
        handle = STAGES.get(method)
        if handle is None:
            raise InvalidInput(f"'{method[:40]}' cannot be staged.", hint=f"These can: {', '.join(STAGES)}.")
        answer = await handle(services, call, number, params.mapping("params"))
    except LmemError:
        services.transactions.refuse(actor, number)
        raise
    return {**answer, "staged": services.transactions.waiting(actor, number)}


async def commit(services: Services, call: Call, params: Params) -> Json:
    actor, number, caller = services.actor(call), params.text("transaction"), call.caller
    reason = params.reason()
    create = services.transactions.may_make_project(actor, number)
    enter = await services.scopes.within(actor, caller.cwd, caller.project, caller.session, create)
    done = await services.transactions.commit(actor, number, reason, enter)
    await services.scopes.settled(actor, caller.cwd, done.scope)
    added = [item for item in done.done if isinstance(item, Added)]
    projects = [item.new_project for item in added if item.new_project]
    results = [_done_json(item) for item in done.done]
    if done.scope.created and done.scope.project:
        projects.append(done.scope.project)
        belongs = [_is_in(item, done.scope) for item in done.done]
        note_place(list(zip(results, belongs, strict=True)), done.scope.project)
    return {
        "change_set": done.change_set,
        "results": results,
        "projects_created": projects,
        "sessions_created": [item.new_session for item in added if item.new_session],
    }


async def rollback(services: Services, call: Call, params: Params) -> Json:
    return {"forgotten": services.transactions.rollback(services.actor(call), params.text("transaction"))}


async def _add(services: Services, call: Call, number: str, given: dict[str, object]) -> Json:
    params = await screened_object(given, may_keep=True)
    new = draft(params, services.clock.now(), max_bytes(services), f"{call.caller.client}.add")
    if new.project or new.session:
        await services.scope(call, params)  # as everywhere, an unknown name is an error; a bulk add makes it
    new = replace(new, git_context=await services.git_status.now(call.caller.cwd))
    place = f"Request {services.transactions.waiting(services.actor(call), number) + 1}"
    in_force = await services.in_force(call)
    ids = services.transactions.stage_adds(services.actor(call), number, [(place, new)], False, in_force)
    return {"id": ids[0], "redacted": params.redacted, **({"kept_secrets": params.kept} if params.kept else {})}


async def _add_many(services: Services, call: Call, number: str, given: dict[str, object]) -> Json:
    lines = await bulk(Params(given), services.clock.now(), max_bytes(services), call.caller.client)
    actor, in_force = services.actor(call), await services.in_force(call)
    good = [(f"Line {line.number}", line.draft) for line in lines if isinstance(line.draft, Draft)]
    ids = iter(services.transactions.stage_adds(actor, number, good, True, in_force))
    if len(good) < len(lines):
        services.transactions.refuse(actor, number, len(lines) - len(good))
    return {
        "results": [
            {"line": line.number, "error": error_json(line.draft)}
            if isinstance(line.draft, LmemError)
            else {"line": line.number, "id": next(ids), "redacted": line.redacted}
            for line in lines
        ]
    }


async def _edit(services: Services, call: Call, number: str, given: dict[str, object]) -> Json:
    params = await screened_object(given, may_keep=True)
    memory_id, reason = params.text("id"), params.reason()
    changes = changed_fields(Params(params.mapping("changes")), max_bytes(services))
    rev = params.number("rev", 0, 0, 2**53) or None
    kept = kinds_kept(params)
    await services.transactions.stage_edit(services.actor(call), number, memory_id, changes, reason, rev, kept)
    return {"redacted": params.redacted, **({"kept_secrets": params.kept} if params.kept else {})}


async def _forget(services: Services, call: Call, number: str, given: dict[str, object]) -> Json:
    return await _archive(services, call, number, given, archived=True)


async def _restore(services: Services, call: Call, number: str, given: dict[str, object]) -> Json:
    return await _archive(services, call, number, given, archived=False)


async def _archive(services: Services, call: Call, number: str, given: dict[str, object], archived: bool) -> Json:
    for name in ("purge", "dry_run", "version"):
        if given.get(name) not in (None, False):
            raise InvalidInput(f"A request with '{name}' cannot be staged.", hint="Make it outside of a transaction.")
    params = await screened_object(given, may_keep=False)
    actor, ids, reason = services.actor(call), ids_of(params), params.reason()
    await services.transactions.stage_archive(actor, number, ids, archived, reason)
    return {"redacted": params.redacted}


def _is_in(done: Done, scope: Scope) -> bool:
    return isinstance(done, Added) and done.memory.project_id == scope.project_id


def _done_json(done: Done) -> Json:
    if isinstance(done, Added):
        return {"id": done.memory.id, "created": done.created, **made_json(done)}
    if isinstance(done, Edited):
        return {"id": done.memory.id, "rev": done.memory.rev, "changed": list(done.changed)}
    return {"ids": [memory.id for memory in done.memories]}


STAGES: dict[str, Stage] = {
    "memory/add": _add,
    "memory/add_many": _add_many,
    "memory/edit": _edit,
    "memory/forget": _forget,
    "memory/restore": _restore,
}
"""Methods whose requests can wait, with what parses and stages one."""
