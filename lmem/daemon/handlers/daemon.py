"""daemon/stop.

Not the stopping itself (lmem.daemon.lifecycle).
"""

from __future__ import annotations

from lmem.daemon.call import Call
from lmem.daemon.handlers.records import Json
from lmem.daemon.params import Params
from lmem.daemon.services import Services


async def stop(services: Services, call: Call, params: Params) -> Json:
    host = services.host
    return {"stopping": host.stop(params.flag("if_idle")), "pid": host.pid}
