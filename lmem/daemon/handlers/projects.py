"""project/list, show, init, set, rename, merge, archive: parameters to service calls and back.

Not a rule in sight: those are in lmem.service.projects.
"""

from __future__ import annotations

from lmem.config import parse, setting
from lmem.daemon.call import Call
from lmem.daemon.handlers.records import Json
from lmem.daemon.params import Params
from lmem.daemon.services import Services
from lmem.domain.memories import clean_text, clean_word
from lmem.errors import InvalidInput, NotFound
from lmem.service.projects import Shown
from lmem.settings import SETTINGS

MAX_DESCRIPTION = 10_000
"""Bytes."""


async def listed(services: Services, call: Call, params: Params) -> Json:
    """The current project is marked; `because` says why it is current."""
    actor, archived = services.actor(call), params.flag("archived")
    kind = clean_word(params.text("type"), "type") if "type" in params else None
    scope, passed_over = await services.known_scope(call, Params({}))
    await services.activity.flush()  # the order is that of the last use
    found = await services.projects.page(actor, archived, kind)
    services.activity.listed(actor, "project", params.names(), len(found))
    rows = [{**project_json(item), "current": item.project.id == scope.project_id} for item in found]
    return {"projects": rows, "current": scope.project, "because": scope.because, **passed_over}


async def names(services: Services, call: Call, params: Params) -> Json:
    """What a name is completed from: nothing is counted."""
    found = await services.projects.names(services.actor(call))
    return {"projects": [{"name": item.name, "description": item.description} for item in found]}


async def show(services: Services, call: Call, params: Params) -> Json:
    """The project that is named, else that of the caller's place."""
    actor = services.actor(call)
    named = Params({"project": params.maybe_text("name")})
    scope = await services.scope_to_name(call, named, bool(named.maybe_text("project")))
    if scope.project_id is None:
        raise NotFound(
            f"There is no current project: {scope.because}.", hint="Name one, or make one with 'lmem project init'."
        )
    shown = await services.projects.show(actor, scope.project_id)
    services.activity.noted(actor, "read", "project", shown.project.id)
    return {**project_json(shown), "because": scope.because}


async def init(services: Services, call: Call, params: Params) -> Json:
    """Make the caller's directory a project, or look again at the one that it is, whatever its environment names."""
    actor, place = services.actor(call), await services.places.surely(call.caller.cwd, fresh=True)
    made = await services.projects.init(actor, place, params.maybe_text("name"))
    await services.facts.learn(actor, made.project.id, place, made.created)
    at = await services.scopes.of(actor, call.caller.cwd, None, None)  # a clone's may have been merged into another
    _, passed_over = await services.known_scope(call, Params({}))
    shown = await services.projects.show(actor, at.project_id or made.project.id)
    where = f"the repository at {place.top}" if place.common_dir else f"the directory {place.cwd}"
    return {**project_json(shown), "created": made.created, "because": where, **passed_over}


async def set_(services: Services, call: Call, params: Params) -> Json:
    actor, name = services.actor(call), await _named(services, call, params)
    changes = _changes(Params(params.mapping("changes")))
    add, remove = params.texts("add_alias"), params.texts("remove_alias")
    config = _config(params.mapping("config"))
    if config:
        before = (await services.projects.show(actor, name)).project.config
        kept = {**before, **config}
        changes["config"] = {key: value for key, value in kept.items() if value is not None}
    if not changes and not add and not remove:
        raise InvalidInput("There is nothing to change.", hint="Name a field, for example --description.")
    shown, changed = await services.projects.set(actor, name, changes, add, remove)
    return {**project_json(shown), "changed": list(changed)}


async def rename(services: Services, call: Call, params: Params) -> Json:
    shown = await services.projects.rename(services.actor(call), params.text("name"), params.text("new_name"))
    services.known_projects.clear()
    return project_json(shown)


async def archive(services: Services, call: Call, params: Params) -> Json:
    restore = params.flag("restore")
    return project_json(await services.projects.archive(services.actor(call), params.text("name"), restore))


async def merge(services: Services, call: Call, params: Params) -> Json:
    merged = await services.projects.merge(
        services.actor(call), params.text("source"), params.text("into"), params.reason(), params.flag("dry_run")
    )
    return {
        "source": merged.source.name,
        "into": merged.target.name,
        "moved": merged.moved,
        "left": merged.left,
        "sessions": merged.sessions,
        "change_set": merged.change_set,
    }


def project_json(shown: Shown) -> Json:
    """A project as the wire shows it."""
    project = shown.project
    return {
        "id": project.id,
        "name": project.name,
        "description": project.description,
        "path": project.path,
        "remote": project.git_remote_url,
        "branch": project.git_branch,
        "type": project.project_type,
        "language": project.language,
        "framework": project.framework,
        "config": dict(project.config),
        "memories": shown.memories,
        "aliases": [value for kind, value in shown.identities if kind == "alias"],
        "identities": [{"kind": kind, "value": value} for kind, value in shown.identities if kind != "alias"],
        "archived": not project.is_active,
        "created_at": project.created_at,
        "updated_at": project.updated_at,
        "last_accessed_at": project.last_accessed_at,
    }


async def _named(services: Services, call: Call, params: Params) -> str:
    """The name that was given, else the id of the current project."""
    name = params.maybe_text("name") or (await services.scope(call, Params({}))).project_id
    if name is None:
        raise NotFound("There is no current project.", hint="Name one: 'lmem project list' shows them.")
    return name


def _changes(params: Params) -> dict[str, object]:
    """The fields that `changes` names; null or an empty text takes a value away. Raises InvalidInput."""
    columns = {"description": "description", "type": "project_type", "language": "language", "framework": "framework"}
    changes: dict[str, object] = {}
    for name in params.names():
        if name not in columns:
            raise InvalidInput(f"A project has no field '{name[:40]}'.", hint=f"Fields are: {', '.join(columns)}.")
        text = (params.maybe_text(name) or "").strip()
        if not text:
            changes[columns[name]] = None
        elif name == "description":
            changes["description"] = clean_text(text, MAX_DESCRIPTION, "description")
        else:
            changes[columns[name]] = clean_word(text, name)
    return changes


def _config(values: dict[str, object]) -> dict[str, object]:
    """Settings of a project, parsed; null takes one away. Raises InvalidInput for one that a project cannot have."""
    found: dict[str, object] = {}
    for key, value in values.items():
        known = setting(key)
        if known is None or not known.live:
            fit = ", ".join(item.key for item in SETTINGS if item.live)
            raise InvalidInput(f"A project cannot have the setting '{key[:60]}'.", hint=f"It may have: {fit}.")
        found[key] = None if value is None else parse(known, value)
    return found
