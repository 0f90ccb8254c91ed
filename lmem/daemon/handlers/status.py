"""status/get, wait, doctor: what runs, how far it is, what is wrong and what to do.

Not the checks (lmem.daemon.health).
"""

from __future__ import annotations

import asyncio
import time

from lmem._version import __version__
from lmem.daemon import health, waiting
from lmem.daemon.call import Call
from lmem.daemon.handlers.records import Json
from lmem.daemon.params import Params
from lmem.daemon.services import Services
from lmem.daemon.waiting import Waiting
from lmem.domain import times
from lmem.errors import IndexLost, LmemError

WAIT_STEP = 0.1
WAIT_SHARE = 20
"""Times as long as a look took, until the next: to count what waits must not hold up what is waited for."""
LONGEST_STEP = 2.0
LONGEST_WAIT = 24 * 3600
PATIENCE = 60.0
"""Seconds of one trouble after another, without an end, after which a wait that has no timeout ends with the last."""


async def get(services: Services, call: Call, params: Params) -> Json:
    host = services.host
    counts, pending, parked, rows, instance = await services.storage.read(
        lambda tx: (
            tx.directory.counts(services.user_id),
            tx.outbox.pending(),
            tx.outbox.parked_count(),
            tx.outbox.parked(20),
            tx.directory.secret("instance_id"),
        )
    )
    paths = host.paths
    return {
        "version": __version__,
        "instance": instance,
        "now": times.to_text(services.clock.now()),
        "clock": "LMEM_NOW" if services.clock.shifted else "system",
        "daemon": {
            "pid": host.pid,
            "socket": str(paths.socket),
            "started_at": host.started_at,
            "uptime_s": round(time.monotonic() - host.began, 1),
            "rss_bytes": health.resident(host.pid),
            "connections": host.connections(),
        },
        "paths": {
            "home": str(paths.home) if paths.home else None,
            "config": str(paths.config_file),
            "data": str(paths.data),
            "state": str(paths.state),
            "cache": str(paths.cache),
            "database": str(paths.database),
            "vectors": str(paths.vectors),
            "log": str(paths.log_file),
            "socket": str(paths.socket),
            "models": str(paths.models),
        },
        "stores": await health.stores(services),
        "outbox": {
            "pending": sum(pending.values()),
            "parked": parked,
            "by_projection": pending,
            "rows": [
                {"projection": row.projection, "kind": row.kind, "id": row.object_id, "attempts": row.attempts,
                 "error": row.error}
                for row in rows
            ],
        },
        "counts": counts,
        "user": {"name": services.username},
        "worker": {
            "pid": services.worker.pid,
            "state": services.worker.state,
            "restarts": services.worker.restarts,
            "rss_bytes": health.resident(services.worker.pid) if services.worker.pid else None,
        },
    }  # fmt: skip


async def wait(services: Services, call: Call, params: Params) -> Json:
    """Answers when every projection has caught up; raises what keeps them from it when waiting cannot help.

    Its progress names what it waits for, as 'trouble'. Without a timeout a trouble that lasts for PATIENCE ends it.
    """
    deadline = time.monotonic() + params.seconds("timeout", LONGEST_WAIT, LONGEST_WAIT)
    patience = LONGEST_WAIT if "timeout" in params else PATIENCE
    most, well_until = 0, time.monotonic()
    while True:
        looked = time.monotonic()
        found = await waiting.look(services)
        pause = max(WAIT_STEP, WAIT_SHARE * (time.monotonic() - looked))
        if not found.rows and not _builds(services):
            parked = await services.storage.read(lambda tx: tx.outbox.parked_count())
            return {"pending": 0, "parked": parked}
        _refuse_hopeless(services)
        most = max(most, found.rows)
        call.progress({**_progress(found, most), "token": "wait", "what": "indexing"})
        well_until = well_until if found.trouble else time.monotonic()
        if time.monotonic() > deadline or (found.trouble and time.monotonic() > well_until + patience):
            raise found.error()
        await asyncio.sleep(min(pause, LONGEST_STEP))


def _progress(found: Waiting, most: int) -> Json:
    told: Json = {"done": most - found.rows, "total": most}
    if found.trouble is not None:
        told["trouble"] = {"message": found.trouble.message, **found.trouble.to_wire()}
    return told


def _builds(services: Services) -> bool:
    """Whether an index is being made; between two generations the relay alone knows of the next one."""
    indexes = services.indexes
    return indexes.optimising or indexes.reason is not None or _graph_builds(services) or not services.relay.resting


async def doctor(services: Services, call: Call, params: Params) -> Json:
    findings = await health.findings(services)
    return {
        "findings": [
            {"check": item.check, "level": item.level, "message": item.message, "next": item.next_step}
            for item in findings
        ]
    }


def _graph_builds(services: Services) -> bool:
    """Whether a graph server that answers has not got everything yet; one that was wiped will be filled again."""
    graph = services.graph_server
    if graph is None or not (graph.trouble is None or isinstance(graph.trouble, IndexLost)):
        return False
    return graph.projector.rebuilding or not graph.projector.serves


def _refuse_hopeless(services: Services) -> None:
    reason: LmemError | None = services.indexes.reason
    pulling = services.models.pulling
    if reason is not None and not pulling and (reason.code == "model_missing" or services.worker.state == "closed"):
        raise reason
