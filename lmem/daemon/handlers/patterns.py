"""pattern/add, list, show, outcome, forget: parameters to service calls and back.

Not a rule in sight: those are in lmem.service.patterns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict

from lmem.daemon.call import Call
from lmem.daemon.handlers.records import Json
from lmem.daemon.handlers.search import degraded_json
from lmem.daemon.params import Params
from lmem.daemon.services import Services
from lmem.domain.memories import clean_text, clean_word
from lmem.domain.patterns import (
    MAX_OUTCOME,
    ORDERS,
    SAID,
    Cited,
    Listed,
    Pattern,
    PatternDraft,
    PatternFilter,
    ProjectPattern,
    clean_data,
    clean_description,
    clean_pattern_name,
    evidence_kind,
)
from lmem.errors import InvalidInput
from lmem.service.patternrecords import Recorded

MAX_EVIDENCE = 100


async def add(services: Services, call: Call, params: Params) -> Json:
    draft = PatternDraft(
        clean_word(params.text("type"), "type"),
        clean_pattern_name(params.text("name")),
        clean_description(params.text("description")) if "description" in params else None,
        clean_data(params.mapping("data")) if "data" in params else None,
        _evidence(params.raw("evidence")),
    )
    project_id = await _project(services, call, params)
    done = await services.patterns.add(services.actor(call), draft, project_id)
    near = await services.pattern_search.near(done.pattern) if done.created else None
    return {
        **await _recorded(services, done),
        "near": near and {"id": near[0].id, "type": near[0].type, "name": near[0].name, "cosine": round(near[1], 3)},
    }


async def outcome(services: Services, call: Call, params: Params) -> Json:
    success = params.raw("success")
    if not isinstance(success, bool):
        raise InvalidInput("'success' must be true or false.", hint="lmem patterns outcome PATTERN --success|--failed")
    name, reason, memory = params.text("pattern"), params.reason(), params.maybe_text("memory")
    project_id = await _project(services, call, params)
    actor = services.actor(call)
    done = await services.patterns.outcome(actor, name, project_id, success, reason, memory or None)
    return {**await _recorded(services, done), "success": success}


async def listed(services: Services, call: Call, params: Params) -> Json:
    """Patterns of the project that is named or current, by what counts there; of all with 'all_projects'."""
    actor, order, like = services.actor(call), params.maybe_text("order") or ORDERS[0], params.maybe_text("like")
    if order not in ORDERS:
        raise InvalidInput(f"There is no order '{order[:40]}'.", hint=f"Orders are: {', '.join(ORDERS)}.")
    anywhere = params.flag("all_projects") and "project" not in params
    scope = None if anywhere else await services.scope(call, params)
    wanted = PatternFilter(
        actor.user_id,
        clean_word(params.text("type"), "type") if "type" in params else None,
        scope.project_id if scope else None,
        params.share("min_success", "success rate"),
    )
    limit, offset = params.number("limit", 10 if like else 50, 1, 1000), params.number("offset", 0, 0, 10_000_000)
    answer: Json = {"scope": {"project": scope.project, "project_because": scope.because} if scope else None}
    if like is None:
        rows = await services.patterns.page(wanted, order, limit, offset)
        services.activity.listed(actor, "pattern", params.names(), len(rows))
        return {"patterns": await _rows(services, rows), **answer}
    if not like.strip():
        raise InvalidInput("The text is empty.", hint='lmem patterns list --like "how events are not lost"')
    found = await services.pattern_search.like(like, wanted, limit)
    services.activity.asked(actor, "pattern", like, len(found.found))
    scores = [{"cosine": round(item.cosine, 6), "words": round(item.words, 6)} for item in found.found]
    shown = await _rows(services, [item.listed for item in found.found])
    return {
        "patterns": [{**row, **score} for row, score in zip(shown, scores, strict=True)],
        **answer, "served_by": list(found.served_by), "degraded": degraded_json(found.degraded),
    }  # fmt: skip


async def show(services: Services, call: Call, params: Params) -> Json:
    actor = services.actor(call)
    shown = await services.patterns.show(actor, params.text("pattern"))
    services.activity.noted(actor, "read", "pattern", shown.pattern.id)
    projects = await services.project_names(shown.pattern.project_ids)
    return {
        **_pattern_json(shown.pattern, projects),
        "seen_in": [
            {**_here_json(seen, projects), "description": seen.description, "data": dict(seen.data), "memories": count}
            for seen, count in shown.projects
        ],
        "evidence": [{**asdict(item), "kind": SAID[item.kind]} for item in shown.evidence],
        "uses": [
            {"project": projects.get(use.project_id), "used_at": use.used_at, "success": use.success,
             "reason": use.reason}
            for use in shown.uses
        ],
        "discovered_by": services.username if shown.discovered_by == services.user_id else shown.discovered_by,
    }  # fmt: skip


async def forget(services: Services, call: Call, params: Params) -> Json:
    dry_run = params.flag("dry_run")
    gone = await services.patterns.forget(services.actor(call), params.text("pattern"), dry_run)
    return {**_pattern_json(gone, await services.project_names(gone.project_ids)), "dry_run": dry_run}


async def _project(services: Services, call: Call, params: Params) -> str:
    """The project that is named, else that of the caller's place. Raises InvalidInput where there is none."""
    scope = await services.scope(call, params, create=True)
    if scope.project_id is None:
        raise InvalidInput(
            f"A pattern is seen in a project: {scope.because}.",
            hint="Say which with --project NAME, or go to the project's directory.",
        )
    return scope.project_id


def _evidence(value: object) -> tuple[Cited, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MAX_EVIDENCE or not all(isinstance(item, dict) for item in value):
        raise InvalidInput(f"'evidence' must be a list of at most {MAX_EVIDENCE} objects.")
    return tuple(_cited(Params(item)) for item in value)


def _cited(item: Params) -> Cited:
    kind, outcome = evidence_kind(item.text("kind")), item.maybe_text("outcome")
    said = clean_text(outcome, MAX_OUTCOME, "outcome") if outcome and outcome.strip() else None
    if kind == "validates":
        said = said or "success"
    elif said is not None:
        raise InvalidInput("Only evidence that validates a pattern has an outcome.", hint="Give a reason instead.")
    return Cited(item.text("memory"), kind, said, item.reason())


async def _recorded(services: Services, done: Recorded) -> Json:
    projects = await services.project_names(done.pattern.project_ids)
    return {
        **_pattern_json(done.pattern, projects),
        "created": done.created,
        "new_here": done.new_here,
        "changed": list(done.changed),
        "here": _here_json(done.here, projects),
    }


async def _rows(services: Services, rows: Iterable[Listed]) -> list[Json]:
    rows = list(rows)
    projects = await services.project_names(id for row in rows for id in row.pattern.project_ids)
    return [
        {**_pattern_json(row.pattern, projects), "here": _here_json(row.here, projects) if row.here else None}
        for row in rows
    ]


def _pattern_json(pattern: Pattern, projects: Mapping[str, str]) -> Json:
    """A pattern with what its projects add up to."""
    return {
        "id": pattern.id,
        "type": pattern.type,
        "name": pattern.name,
        "description": pattern.description,
        "usage_count": pattern.usage_count,
        "success_rate": pattern.success_rate,
        "projects": sorted(projects[id] for id in pattern.project_ids if id in projects),
        "created_at": pattern.created_at,
        "updated_at": pattern.updated_at,
        "rev": pattern.rev,
    }


def _here_json(seen: ProjectPattern, projects: Mapping[str, str]) -> Json:
    """How a pattern went in one project."""
    return {
        "project": projects.get(seen.project_id),
        "usage_count": seen.usage_count,
        "success_rate": seen.success_rate,
        "last_used_at": seen.last_used_at,
    }
