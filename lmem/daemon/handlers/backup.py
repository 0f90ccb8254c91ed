"""backup/create, list, verify and restore: the backups as their user sees them.

Not the restoring itself (lmem.daemon.restoring), which the next start does.
"""

from __future__ import annotations

from dataclasses import asdict

from lmem.daemon.call import Call
from lmem.daemon.handlers.records import Json
from lmem.daemon.params import Params
from lmem.daemon.services import Services
from lmem.domain.backup import Backup, Contents


async def create(services: Services, call: Call, params: Params) -> Json:
    made, gone = await services.backups.create(services.actor(call), params.maybe_text("output"))
    return {**_backup_json(made), "removed": list(gone)}


async def listed(services: Services, call: Call, params: Params) -> Json:
    return {"backups": [_backup_json(item) for item in await services.backups.listed(services.actor(call))]}


async def verify(services: Services, call: Call, params: Params) -> Json:
    def progress(name: str, done: int, total: int) -> None:
        call.progress({"token": "backup", "what": name, "done": done, "total": total})

    found = await services.backups.verify(services.actor(call), params.texts("backups"), progress)
    return {"backups": [{"name": name, "sound": not problem, "problem": problem or None} for name, problem in found]}


async def restore(services: Services, call: Call, params: Params) -> Json:
    """What would change; unless it is a dry run the daemon ends, and its next start does it. 'id' is the outcome's."""
    actor, wanted, dry_run = services.actor(call), params.text("backup"), params.flag("dry_run")
    if dry_run:
        plan, number = await services.backups.plan(actor, wanted), None
    else:
        plan, number = await services.backups.restore(actor, wanted)
        services.host.stop(False)
    return {
        "backup": _backup_json(plan.backup),
        "now": _contents_json(plan.now),
        "left_out": plan.left_out,
        "purges_known_since": plan.purges_known_since,
        "dry_run": dry_run,
        "id": number,
    }


def _backup_json(backup: Backup) -> Json:
    about = {"name": backup.name, "path": backup.path, "made_at": backup.at, "reason": backup.reason or None}
    return {**about, "bytes": backup.bytes, **_contents_json(backup.holds), "problem": backup.problem or None}


def _contents_json(holds: Contents | None) -> Json:
    return asdict(holds) if holds is not None else {"schema": None, "memories": None, "changed_at": None}
