"""audit/list, verify: parameters to the audit service and back.

Not the chain's rules: those are in lmem.domain.audit.
"""

from __future__ import annotations

from lmem.daemon.call import Call
from lmem.daemon.handlers.records import Json
from lmem.daemon.params import Params
from lmem.daemon.services import Services
from lmem.domain import times
from lmem.domain.audit import Wanted


async def listed(services: Services, call: Call, params: Params) -> Json:
    actor, now = services.actor(call), services.clock.now()
    since, until = params.moment("since", now), params.moment("until", now, end_of_day=True)
    wanted = Wanted(
        user_id=actor.user_id,
        action=params.maybe_text("action"),
        kind=params.maybe_text("kind"),
        object_id=params.maybe_text("id"),
        session_id=params.maybe_text("session"),
        since=times.to_text(since) if since else None,
        until=times.to_text(until) if until else None,
    )
    limit, offset = params.number("limit", 50, 1, 1000), params.number("offset", 0, 0, 2**62)
    entries = await services.audit.page(actor, wanted, limit, offset)
    return {
        "entries": [
            {
                "seq": entry.seq,
                "at": entry.at,
                "action": entry.action,
                "kind": entry.kind,
                "id": entry.object_id,
                "details": dict(entry.details),
                "session": entry.session_id,
                "address": entry.address,
                "agent": entry.agent,
            }
            for entry in entries
        ]
    }


async def verify(services: Services, call: Call, params: Params) -> Json:
    services.actor(call)
    found = await services.audit.verify()
    return {
        "ok": found.problem is None,
        "checked": found.checked,
        "start": found.start,
        "head": found.head,
        "problem": found.problem,
        "seq": found.seq,
    }
