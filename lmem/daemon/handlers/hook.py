"""hook/backfill: the commits that a repository has already.

Not the watch over new ones (lmem.daemon.capture).
"""

from __future__ import annotations

import os

from lmem.daemon import commits
from lmem.daemon.call import Call
from lmem.daemon.handlers.records import Json
from lmem.daemon.params import Params
from lmem.daemon.services import Services
from lmem.errors import NotFound
from lmem.service.changesets import BACKFILL, Series


async def backfill(services: Services, call: Call, params: Params) -> Json:
    actor = services.actor(call)
    directory = os.path.join(call.caller.cwd, params.maybe_text("directory") or "")
    place = await services.places.surely(os.path.normpath(directory), fresh=True)
    if place.common_dir is None:
        raise NotFound(f"There is no repository around {directory[:200]}.", hint="Give the directory of a repository.")
    if place.commit is None:
        raise NotFound(f"The repository around {directory} has no commit yet.", hint="Commit something first.")
    since = params.moment("since", services.clock.now())
    shas = await commits.history(place.common_dir, place.commit, since)

    def seen(done: int, total: int) -> None:
        call.progress({"token": "backfill", "what": "Storing commits", "done": done, "total": total})

    recorder = services.recorder
    series = Series(BACKFILL)
    stored = await recorder.record(place.common_dir, dict.fromkeys(shas, place.branch), actor, seen, series)
    scope = await recorder.scope(place.common_dir)
    return {
        "commits": len(shas),
        "stored": stored,
        "project": scope.project,
        "branch": place.branch,
        "change_set": series.number,
    }
