"""context/get: a scope and a budget to the context service, its brief to JSON.

Not the words of the brief; those are lmem.service.context's.
"""

from __future__ import annotations

from dataclasses import replace

from lmem.daemon.call import Call
from lmem.daemon.handlers.records import Json
from lmem.daemon.params import Params
from lmem.daemon.services import Services

MOST = 1_000_000
"""Tokens; more than any model reads."""


async def get(services: Services, call: Call, params: Params) -> Json:
    actor = services.actor(call)
    actor = replace(actor, shared=params.flag("shared") or actor.shared)
    scope = await services.scope(call, params)
    usual = (await services.config(call, scope.project_id)).number("context.budget")
    budget = params.number("budget", usual, 1, MOST)
    brief = await services.context.brief(actor, scope, budget)
    named = "project" in params or call.caller.project
    here = scope.project_id if not named else None
    git = await services.git_status.of(here, call.caller.cwd) if here is not None else {}
    actor = replace(actor, session_id=scope.session_id)
    services.activity.briefed(actor, scope.session_id, scope.project_id, [item.memory.id for item in brief.items])
    names = await services.project_names(item.memory.project_id for item in brief.items)
    return {
        "text": brief.text,
        "tokens": brief.tokens,
        "budget": budget,
        "counted_by": brief.counted_by,
        "project": scope.project,
        "project_because": scope.because,
        "session": scope.session_id,
        "items": [
            {
                "id": item.memory.id,
                "date": item.memory.created_at,
                "source": item.memory.source_tool,
                "type": item.memory.memory_type,
                "title": item.memory.title,
                "project": names.get(item.memory.project_id or ""),
                "part": item.part,
                "position": item.position,
            }
            for item in brief.items
        ],
        "left_out": brief.left_out,
        "git": git,
        "degraded": services.caches.degraded(),
    }
