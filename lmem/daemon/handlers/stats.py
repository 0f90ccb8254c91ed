"""stats/get, search/history: sizes of the stores, what the cache does, and what is asked.

Not the state of the stores (lmem.daemon.health).
"""

from __future__ import annotations

from dataclasses import asdict

from lmem.daemon.call import Call
from lmem.daemon.handlers.records import Json
from lmem.daemon.params import Params
from lmem.daemon.services import Services
from lmem.daemon.sizes import sizes
from lmem.service.searches import MOST


async def get(services: Services, call: Call, params: Params) -> Json:
    """Popular questions are the user's own, so nobody else is told of them."""
    actor, caches = services.actor(call), services.caches
    popular = [] if actor.shared else await services.popular.questions()
    return {
        "sizes": await sizes(services),
        "cache": asdict(await caches.store.facts()) if caches.store is not None else None,
        "hit_rates": {
            pattern: {**asdict(tally), "rate": round(tally.hits / asked, 4) if asked else None}
            for pattern, tally in caches.tallies.items()
            for asked in [tally.hits + tally.misses]
        },
        "popular": [{"query": asked.text, "times": services.popular.times(asked)} for asked in popular],
    }


async def history(services: Services, call: Call, params: Params) -> Json:
    actor = services.actor(call)
    found = await services.searches.last(actor, params.number("limit", 20, 1, MOST))
    return {"searches": [asdict(item) for item in found], "degraded": services.caches.degraded()}
