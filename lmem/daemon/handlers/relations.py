"""relation/link, unlink, related: parameters to service calls and back.

Not a rule in sight: those are in lmem.service.relations and lmem.domain.relationwords.
"""

from __future__ import annotations

from lmem.daemon.call import Call
from lmem.daemon.handlers.records import Json
from lmem.daemon.params import Params
from lmem.daemon.services import Services
from lmem.domain.memories import Memory
from lmem.domain.related import Related
from lmem.domain.relations import RelationType, word_for
from lmem.domain.relationwords import clean_context, clean_properties, relation_type
from lmem.errors import InvalidInput
from lmem.service.linkrules import LinkDraft
from lmem.service.relations import AppliedTo

DEFAULT = "relates_to"


async def link(services: Services, call: Call, params: Params) -> Json:
    """Link two memories, or a memory to a project."""
    actor, reason = services.actor(call), params.reason()
    if "project" in params:
        _refuse(params, "project", ("to", "type", "strength", "context", "properties"))
        project = await _project(services, call, params)
        relevance = params.share("relevance", "relevance")
        applied = await services.relations.apply(actor, params.text("from"), project, relevance, reason)
        return {**_applied_json(applied), "change_set": applied.change_set, "redacted": params.redacted}
    _refuse(params, "to", ("relevance",))
    kind, turned = relation_type(params.maybe_text("type") or DEFAULT)
    ends = params.text("from"), params.text("to")
    context = params.maybe_text("context")
    draft = LinkDraft(
        *(ends[::-1] if turned else ends),
        kind,
        params.share("strength", "strength"),
        clean_context(context) if context and context.strip() else None,
        clean_properties(kind, params.mapping("properties"), services.clock.now()),
    )
    done = await services.relations.link(actor, draft, reason)
    return {
        **_relation_json(done.related),
        "created": done.created,
        "change_set": done.change_set,
        "redacted": params.redacted,
    }


async def unlink(services: Services, call: Call, params: Params) -> Json:
    """Take away a link of a type, all links between two memories, or one to a project."""
    actor, reason = services.actor(call), params.reason()
    if "project" in params:
        _refuse(params, "project", ("to", "type"))
        project = await _project(services, call, params)
        done = await services.relations.unapply(actor, params.text("from"), project, reason)
    else:
        kind, turned = _kind(params)
        ends = params.text("from"), params.text("to")
        done = await services.relations.unlink(actor, *(ends[::-1] if turned else ends), kind, reason)
    removed = [_relation_json(item) for item in done.removed]
    applied = _applied_json(done.project) if done.project else None
    return {"removed": removed, "applied": applied, "change_set": done.change_set}


async def related(services: Services, call: Call, params: Params) -> Json:
    """What a memory is related to; without an id relations of any memories, the strongest first."""
    actor = services.actor(call)
    if params.flag("similar"):
        return await _similar(services, call, params)
    types = tuple(dict.fromkeys(relation_type(word)[0].name for word in params.texts("type")))
    detected = params.flag("detected") or None
    if "id" not in params:
        limit, offset = params.number("limit", 50, 1, 1000), params.number("offset", 0, 0, 10_000_000)
        rows = await services.relatives.page(actor, types, detected, limit, offset)
        services.activity.listed(actor, "relationship", params.names(), len(rows))
        return {"relations": [_relation_json(item) for item in rows]}
    found = await services.relatives.of(actor, params.text("id"), types, detected)
    services.activity.noted(actor, "read", "relationship", found.memory.id, {"results": len(found.relations)})
    return {
        "memory": _title(found.memory),
        "relations": [_seen_json(item, found.memory.id) for item in found.relations],
        "projects": [
            {"id": item.project_id, "name": item.name, "relevance": item.relevance} for item in found.projects
        ],
    }


async def _similar(services: Services, call: Call, params: Params) -> Json:
    actor, limit = services.actor(call), params.number("limit", 10, 1, 64)
    _refuse(params, "similar", ("type", "detected"))
    scope = await services.scope(call, params)
    least = (await services.config(call, scope.project_id)).share("semantic_search_threshold")
    found = await services.relatives.similar(actor, params.text("id"), params.flag("all_projects"), least, limit)
    services.activity.noted(actor, "search", "memory", found.memory.id, {"results": len(found.found)})
    projects = await services.project_names(item.project_id for item, _ in found.found)
    return {
        "memory": _title(found.memory),
        "similar": [
            {**_title(item), "type": item.memory_type, "project": projects.get(item.project_id or ""),
             "cosine": round(cosine, 6)}
            for item, cosine in found.found
        ],
        "threshold": found.least,
    }  # fmt: skip


def _kind(params: Params) -> tuple[RelationType | None, bool]:
    word = params.maybe_text("type")
    return relation_type(word) if word is not None else (None, False)


async def _project(services: Services, call: Call, params: Params) -> str:
    """The project that is named. Raises NotFound, InvalidInput for no name."""
    scope = await services.scope(call, params)
    if not params.text("project").strip() or scope.project_id is None:
        raise InvalidInput("The name of the project is empty.", hint="lmem link ID --project NAME")
    return scope.project_id


def _refuse(params: Params, with_: str, others: tuple[str, ...]) -> None:
    """Raise InvalidInput for parameters that mean nothing beside another one."""
    for name in others:
        if name in params and params.raw(name) not in (False, [], {}):
            raise InvalidInput(f"'{name}' and '{with_}' do not go together.", hint="See 'lmem link --help'.")


def _relation_json(item: Related) -> Json:
    """A relation with both of its ends."""
    relation = item.relation
    return {
        "id": relation.id,
        "type": relation.type,
        "from": {"id": relation.from_id, "title": item.from_title},
        "to": {"id": relation.to_id, "title": item.to_title},
        **_held(item),
    }


def _seen_json(item: Related, memory_id: str) -> Json:
    """A relation as one of its ends sees it."""
    relation, out = item.relation, item.relation.from_id == memory_id
    direction = "out" if out else "in"
    return {
        "type": word_for(relation.type, direction),
        "direction": direction,
        "id": relation.to_id if out else relation.from_id,
        "title": item.to_title if out else item.from_title,
        "relation": relation.id or None,
        **_held(item),
    }


def _held(item: Related) -> Json:
    relation = item.relation
    return {
        "strength": relation.strength,
        "context": relation.context,
        "properties": dict(relation.properties),
        "detected": relation.auto_detected,
        "derived": item.derived,
        "created_at": relation.created_at or None,
    }


def _applied_json(done: AppliedTo) -> Json:
    return {
        "type": "applies_to",
        "from": _title(done.memory),
        "project": {"id": done.applied.project_id, "name": done.applied.name},
        "relevance": done.applied.relevance,
        "created": done.created,
    }


def _title(memory: Memory) -> Json:
    return {"id": memory.id, "title": memory.title}
