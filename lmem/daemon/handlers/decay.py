"""decay/run, memory/pin and memory/unpin: parameters to service calls and back.

Not a rule in sight: those are in lmem.service.decay and lmem.domain.fading.
"""

from __future__ import annotations

from lmem.daemon.call import Call
from lmem.daemon.handlers.records import Json, changed_json
from lmem.daemon.params import Params
from lmem.daemon.services import Services
from lmem.domain.decay import effective_importance
from lmem.errors import InvalidInput
from lmem.service.rates import rate_for

MAX_IDS = 1000


async def run(services: Services, call: Call, params: Params) -> Json:
    """What has faded, moved with `apply`, else only counted; the first of what would move are named."""
    actor, apply = services.actor(call), params.flag("apply")
    done = await (services.decay.run(actor) if apply else services.decay.preview(actor))
    now = services.clock.now()
    names = await services.project_names(memory.project_id for memory in done.some)
    return {
        "applied": apply,
        "change_set": done.change_set,
        "moved": done.moved,
        "days": done.days,
        "active": done.active,
        "cap": done.cap,
        "enabled": done.enabled,
        "memories": [
            {
                "id": memory.id,
                "title": memory.title,
                "type": memory.memory_type,
                "project": names.get(memory.project_id or ""),
                "importance": memory.importance_score,
                "effective_importance": round(
                    effective_importance(
                        memory.importance_score, memory.decay_rate, memory.access_count, memory.last_access, now
                    ), 4,
                ),
                "last_accessed_at": memory.last_accessed_at,
            }
            for memory in done.some
        ],
    }  # fmt: skip


async def pin(services: Services, call: Call, params: Params) -> Json:
    return await _pin(services, call, params, "pinned")


async def unpin(services: Services, call: Call, params: Params) -> Json:
    return await _pin(services, call, params, "unpinned")


async def _pin(services: Services, call: Call, params: Params, word: str) -> Json:
    ids = params.texts("ids")
    if not 0 < len(ids) <= MAX_IDS:
        raise InvalidInput(f"Give from 1 to {MAX_IDS} ids.")
    settings = await services.config(call)
    changed = await services.decay.pin(
        services.actor(call), ids, word == "pinned", lambda kind: rate_for(settings, kind)
    )  # fmt: skip
    return changed_json(word, changed)
