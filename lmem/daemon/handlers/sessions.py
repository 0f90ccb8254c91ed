"""session/start, end, switch, list, show, resume, focus, unfocus: parameters to service calls and back.

Not a rule in sight: those are in lmem.service.sessions and lmem.service.endings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lmem.daemon.call import Call
from lmem.daemon.handlers.records import Json
from lmem.daemon.params import Params
from lmem.daemon.services import TERMINAL, Services
from lmem.domain.actors import Actor
from lmem.domain.memories import Memory, clean_text
from lmem.domain.scope import Scope
from lmem.domain.sessions import MOST_FILES, Session, files_of, goal_of, queries_of
from lmem.errors import InvalidInput
from lmem.service.endings import Moved
from lmem.service.sessions import CURRENT, Turned, Wanted

MOST_TEXT = 10_000
"""Bytes of a description or a goal."""
MOST_IDS = 1000


async def start(services: Services, call: Call, params: Params) -> Json:
    wanted = Wanted(
        name=_name(params, "name"),
        description=_text(params, "description"),
        goal=_text(params, "goal"),
        files=_files(params),
        parent=_name(params, "parent"),
    )
    scope, passed_over = await services.known_scope(call, params, create=True)
    place = await services.places.surely(call.caller.cwd, fresh=True)
    turned = await services.sessions.start(services.actor(call), wanted, scope, place)
    because = {"project_because": scope.because, "project_created": scope.created}
    return {**await _turned(services, call, turned), **because, **passed_over}


async def switch(services: Services, call: Call, params: Params) -> Json:
    scope, passed_over = await services.known_scope(call, Params({}))
    place, name = await services.places.of(call.caller.cwd), params.text("id")
    turned = await services.sessions.switch(services.actor(call), name, scope, place)
    return {**await _turned(services, call, turned), **passed_over}


async def resume(services: Services, call: Call, params: Params) -> Json:
    """The session is current again; the answer shows what was going on in it."""
    actor = services.actor(call)
    scope, passed_over = await services.known_scope(call, Params({}))
    place = await services.places.of(call.caller.cwd)
    turned = await services.sessions.resume(actor, _name(params, "id"), scope, place)
    shown = await _shown(services, actor, turned.session.id, scope)
    returned = {"returned": [_brief(memory) for memory in turned.returned], "change_set": turned.change_set}
    return {**shown, **await _turned(services, call, turned), **returned, **passed_over}


async def end(services: Services, call: Call, params: Params) -> Json:
    """Reads that are counted, but not written yet, count."""
    name = _name(params, "id")
    scope = await services.scope_to_name(call, Params({}), bool(name))
    await services.activity.flush()
    dry_run = params.flag("dry_run")
    ended = await services.endings.end(services.actor(call), name or CURRENT, scope, params.reason(), dry_run)
    projects = await services.project_names([ended.session.project_id])
    moved = {"promoted": ended.promoted, "faded": ended.faded, "kept": ended.kept}
    return {
        **session_json(ended.session, projects, call.caller.client),
        **{word: [_moved(item) for item in items] for word, items in moved.items()},
        "change_set": ended.change_set,
        "next": ended.next and {"id": ended.next.id, "name": ended.next.name},
        "dry_run": dry_run,
    }


async def listed(services: Services, call: Call, params: Params) -> Json:
    """The project's sessions; everybody's with 'all_projects', or where there is no project."""
    actor, (scope, passed_over) = services.actor(call), await services.known_scope(call, params)
    project_id = None if params.flag("all_projects") else scope.project_id
    limit = params.number("limit", 20, 1, 1000)
    rows = await services.sessions.page(
        actor, project_id, params.maybe_text("branch"), params.flag("ended"), limit
    )  # fmt: skip
    projects = await services.project_names([session.project_id for session, _ in rows])
    sessions = [
        {
            **session_json(session, projects, call.caller.client),
            "memories": count,
            "current": session.id == scope.session_id,
        }
        for session, count in rows
    ]
    return {"sessions": sessions, "project": None if project_id is None else scope.project, **passed_over}


async def show(services: Services, call: Call, params: Params) -> Json:
    name = _name(params, "id")
    scope = await services.scope_to_name(call, Params({}), bool(name))
    return await _shown(services, services.actor(call), name or CURRENT, scope)


async def focus(services: Services, call: Call, params: Params) -> Json:
    return await _focus(services, call, params, True)


async def unfocus(services: Services, call: Call, params: Params) -> Json:
    return await _focus(services, call, params, False)


def session_json(session: Session, projects: Mapping[str, str], client: str) -> Json:
    """A session; of its queries, those of the user's own terminal are for that terminal alone."""
    return {
        "id": session.id,
        "name": session.name,
        "description": session.description,
        "state": session.state,
        "project": projects.get(session.project_id or ""),
        "parent": session.parent_session_id,
        "branch": session.git_branch,
        "commit": session.git_commit,
        "directory": session.working_directory,
        "goal": goal_of(session.context),
        "files": files_of(session.context),
        "queries": [
            query.text for query in queries_of(session.context) if client == TERMINAL or query.client != TERMINAL
        ],
        "created_at": session.created_at,
        "last_active_at": session.last_active_at,
        "ended_at": session.ended_at,
    }


async def _turned(services: Services, call: Call, turned: Turned) -> Json:
    projects = await services.project_names([turned.session.project_id])
    paused = turned.paused and {"id": turned.paused.id, "name": turned.paused.name}
    return {**session_json(turned.session, projects, call.caller.client), "paused": paused}


async def _shown(services: Services, actor: Actor, name: str, scope: Scope) -> Json:
    shown = await services.sessions.show(actor, name, scope)
    services.activity.noted(actor, "read", "session", shown.session.id)
    projects = await services.project_names([shown.session.project_id])
    items = [
        {
            **_brief(memory),
            "type": memory.memory_type,
            "layer": memory.layers.primary,
            "created_at": memory.created_at,
            "position": member.position,
            "focused": member.working_memory,
            "context_window_position": member.context_window_position,
        }
        for member, memory in shown.items
    ]
    return {
        **session_json(shown.session, projects, actor.client),
        "parents": _relatives(shown.parents),
        "children": _relatives(shown.children),
        "memories": items,
    }


async def _focus(services: Services, call: Call, params: Params, focused: bool) -> Json:
    ids = params.texts("ids")
    if not 0 < len(ids) <= MOST_IDS:
        raise InvalidInput(f"Give from 1 to {MOST_IDS} ids.")
    scope = await services.scope(call, params)
    session, changed = await services.sessions.focus(services.actor(call), CURRENT, ids, focused, scope)
    return {"id": session.id, "name": session.name, "focused": focused, "changed": [_brief(item) for item in changed]}


def _relatives(sessions: Sequence[Session]) -> list[Json]:
    return [{"id": session.id, "name": session.name, "state": session.state} for session in sessions]


def _brief(memory: Memory) -> Json:
    return {"id": memory.id, "title": memory.title}


def _moved(item: Moved) -> Json:
    return {**_brief(item.memory), "layers": list(item.memory.layers.names), "because": item.because}


def _name(params: Params, name: str) -> str | None:
    value = params.maybe_text(name)
    return " ".join(clean_text(value, 500, name).split()) if value else None


def _text(params: Params, name: str) -> str | None:
    value = params.maybe_text(name)
    return clean_text(value, MOST_TEXT, name) if value else None


def _files(params: Params) -> tuple[str, ...]:
    files = params.texts("files")
    if len(files) > MOST_FILES:
        raise InvalidInput(f"{len(files)} open files are too many.", hint=f"Name at most {MOST_FILES}.")
    return tuple(clean_text(file, 4096, "file") for file in files)
