"""model/list, use, pull.

Not the sources of a model (lmem.stores.embedding.models).
"""

from __future__ import annotations

from lmem.daemon.call import Call
from lmem.daemon.handlers.records import Json
from lmem.daemon.params import Params
from lmem.daemon.services import Services
from lmem.domain import times


async def listed(services: Services, call: Call, params: Params) -> Json:
    rows = services.models.listed()
    services.activity.listed(services.actor(call), "model", (), len(rows))
    return {"models": rows, "engine": services.models.choice.engine}


async def use(services: Services, call: Call, params: Params) -> Json:
    name, engine = params.text("name"), params.maybe_text("engine")
    at = times.to_text(services.clock.now())
    choice = await services.models.use(services.actor(call), name, engine, at)
    model = services.indexes.loaded
    return {"name": choice.name, "engine": choice.engine, "fingerprint": model and model.fingerprint}


async def pull(services: Services, call: Call, params: Params) -> Json:
    def progress(what: str, done: int, total: int) -> None:
        call.progress({"token": "pull", "what": what, "done": done, "total": total})

    actor = services.actor(call)
    name, path, source = await services.models.pull(params.maybe_text("name"), progress)
    services.activity.noted(actor, "pull", "model", name)
    return {"name": name, "path": str(path), "source": source}
