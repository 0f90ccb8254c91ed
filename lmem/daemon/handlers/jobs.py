"""jobs/list, jobs/run and jobs/history: the daemon's upkeep as its user sees it.

Not the jobs (lmem.daemon.jobs).
"""

from __future__ import annotations

from lmem.daemon.call import Call
from lmem.daemon.handlers.records import Json
from lmem.daemon.params import Params
from lmem.daemon.services import Services
from lmem.domain import times
from lmem.domain.jobs import Run

MAX_RUNS = 1000


async def listed(services: Services, call: Call, params: Params) -> Json:
    return {
        "jobs": [
            {
                "name": item.name,
                "about": item.job.about,
                "schedule": str(item.job.schedule),
                "next_at": times.to_text(item.due) if item.due else None,
                "running": item.running,
                "last": run_json(item.last) if item.last else None,
            }
            for item in await services.jobs.listed()
        ]
    }


async def run(services: Services, call: Call, params: Params) -> Json:
    name, dry_run = params.text("name"), params.flag("dry_run")
    if not dry_run:
        services.actor(call)  # who asked is seen; the job itself acts as the daemon
    done = await (services.jobs.preview(name) if dry_run else services.jobs.run(name))
    return {**run_json(done), "dry_run": dry_run}


async def history(services: Services, call: Call, params: Params) -> Json:
    runs = await services.jobs.history(params.maybe_text("name"), params.number("limit", 20, 1, MAX_RUNS))
    return {"runs": [run_json(item) for item in runs]}


def run_json(run: Run) -> Json:
    """One run of a job."""
    return {
        "job": run.job,
        "cause": run.cause,
        "state": run.state,
        "changed": run.changed,
        "change_set": run.change_set,
        "message": run.message,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
    }
