"""The dispatch table: every method of the wire and its handler. The whole API of the daemon fits on this screen.

Not a server; one of the three doors where any exception is recorded and reported.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from lmem.daemon.call import Call
from lmem.daemon.handlers import (
    audit,
    backup,
    config,
    consistency,
    context,
    cypher,
    daemon,
    decay,
    graph,
    history,
    hook,
    jobs,
    layers,
    lifecycle,
    memories,
    models,
    patterns,
    projects,
    relations,
    search,
    sessions,
    stats,
    status,
    timeline,
    transactions,
    users,
)
from lmem.daemon.params import Params
from lmem.daemon.screening import screened
from lmem.daemon.services import Services
from lmem.errors import Internal, LmemError, UnknownMethod

Handler = Callable[[Services, Call, Params], Awaitable[dict[str, object]]]

HANDLERS: dict[str, Handler] = {
    "memory/add": memories.add,
    "memory/add_many": memories.add_many,
    "memory/get": memories.get,
    "memory/list": memories.page,
    "memory/search": search.search,
    "search/history": stats.history,
    "memory/edit": memories.edit,
    "memory/forget": lifecycle.forget,
    "memory/restore": lifecycle.restore,
    "memory/history": history.history,
    "memory/diff": history.diff,
    "memory/undo": history.undo,
    "memory/merge": lifecycle.merge,
    "memory/timeline": timeline.timeline,
    "change/list": timeline.changes,
    "memory/done": lifecycle.done,
    "memory/tags": memories.tags,
    "memory/export": memories.export,
    "session/start": sessions.start,
    "session/end": sessions.end,
    "session/switch": sessions.switch,
    "session/list": sessions.listed,
    "session/show": sessions.show,
    "session/resume": sessions.resume,
    "session/focus": sessions.focus,
    "session/unfocus": sessions.unfocus,
    "context/get": context.get,
    "memory/pin": decay.pin,
    "memory/unpin": decay.unpin,
    "decay/run": decay.run,
    "hook/backfill": hook.backfill,
    "jobs/list": jobs.listed,
    "jobs/run": jobs.run,
    "jobs/history": jobs.history,
    "layer/list": layers.listed,
    "layer/show": layers.show,
    "layer/move": layers.move,
    "project/list": projects.listed,
    "project/names": projects.names,
    "project/show": projects.show,
    "project/init": projects.init,
    "project/set": projects.set_,
    "project/rename": projects.rename,
    "project/merge": projects.merge,
    "project/archive": projects.archive,
    "pattern/add": patterns.add,
    "pattern/list": patterns.listed,
    "pattern/show": patterns.show,
    "pattern/outcome": patterns.outcome,
    "pattern/forget": patterns.forget,
    "transaction/begin": transactions.begin,
    "transaction/stage": transactions.stage,
    "transaction/commit": transactions.commit,
    "transaction/rollback": transactions.rollback,
    "user/show": users.show,
    "user/set": users.set_,
    "config/get": config.get,
    "config/set": config.set_,
    "config/unset": config.unset,
    "config/list": config.listed,
    "audit/list": audit.listed,
    "audit/verify": audit.verify,
    "backup/create": backup.create,
    "backup/list": backup.listed,
    "backup/verify": backup.verify,
    "backup/restore": backup.restore,
    "store/verify": consistency.verify,
    "store/repair": consistency.repair,
    "store/rebuild": consistency.rebuild,
    "store/sync": consistency.sync,
    "relation/link": relations.link,
    "relation/unlink": relations.unlink,
    "relation/related": relations.related,
    "graph/neighbours": graph.neighbours,
    "graph/path": graph.path,
    "graph/communities": graph.communities,
    "graph/patterns": graph.patterns,
    "graph/projects": graph.projects,
    "graph/export": graph.export,
    "graph/cypher": cypher.cypher,
    "status/get": status.get,
    "status/wait": status.wait,
    "status/doctor": status.doctor,
    "stats/get": stats.get,
    "model/list": models.listed,
    "model/use": models.use,
    "model/pull": models.pull,
    "daemon/stop": daemon.stop,
}

log = logging.getLogger(__name__)


async def dispatch(services: Services, call: Call) -> object:
    """The answer of a call. Raises LmemError only: anything else is logged and becomes Internal."""
    handler = HANDLERS.get(call.method)
    if handler is None:
        raise UnknownMethod(f"There is no method {call.method[:80]!r}.")
    try:
        params = await screened(call)
        answer = await handler(services, await services.arrived(call), params)
        if "degraded" not in answer and (lost := services.caches.degraded()):
            answer = {**answer, "degraded": lost}
        return {**answer, "redacted": params.redacted} if params.redacted else answer
    except LmemError:
        raise
    except Exception as err:
        log.exception("%s failed", call.method)
        raise Internal(f"{call.method} failed inside the daemon: {type(err).__name__}.") from err
