"""A real daemon around a small app, run as a script: `python lifecycle_daemon.py [--detached]`.

Not a test: tests of the life cycle, of the socket and of the client start it where they need a daemon without stores.
LMEM_TEST_BUILD says how the start goes: "" well, "damaged" with an error of the tree, "bug" with another one, "slow".
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
import types

from lmem.daemon.call import Call, Host
from lmem.errors import Damaged, NotFound


class SmallApp:
    """Methods for tests: echo, sleep, big, progress, count, fail, bug, and the real daemon/stop."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._runs = 0
        self._sleeping = 0

    async def dispatch(self, call: Call) -> object:
        self._runs += 1
        number = call.params.get("number", 0)
        assert isinstance(number, int | float)
        match call.method:
            case "test/sleep":
                self._sleeping += 1
                try:
                    await asyncio.sleep(number)
                finally:
                    self._sleeping -= 1
            case "test/big":
                return {"text": "x" * int(number)}
            case "test/progress":
                for done in range(int(number)):
                    call.progress({"token": "t", "done": done, "total": number})
            case "test/thread":
                self._threads = asyncio.ensure_future(asyncio.to_thread(time.sleep, number))
            case "test/die_once":
                if not os.path.exists(marker := str(self._host.paths.state / "died")):
                    open(marker, "x").close()
                    os._exit(9)
            case "test/fail":
                raise NotFound("There is no such thing.", hint="Look elsewhere.")
            case "test/bug":
                raise ZeroDivisionError("a bug")
            case "daemon/stop":
                return {"stopping": self._host.stop(bool(call.params.get("if_idle"))), "pid": self._host.pid}
            case _:
                pass
        counts = {"runs": self._runs, "sleeping": self._sleeping}
        return {**call.params, **counts, "uid": call.caller.uid, "pid": self._host.pid}

    def describe(self) -> dict[str, object]:
        return {"ready": {"storage": True, "vectors": False}}

    async def close(self) -> None:
        (self._host.paths.state / "closed").write_text(str(self._runs), encoding="utf-8")


async def build(host: Host) -> SmallApp:
    match os.environ.get("LMEM_TEST_BUILD"):
        case "damaged":
            raise Damaged("The test says that it is damaged.")
        case "bug":
            raise ZeroDivisionError("a bug in build")
        case "slow":
            await asyncio.sleep(1.0)
        case _:
            pass
    return SmallApp(host)


if __name__ == "__main__":
    stand_in = types.ModuleType("lmem.daemon.bootstrap")
    stand_in.__dict__["build"] = build
    sys.modules["lmem.daemon.bootstrap"] = stand_in
    from lmem.daemon.__main__ import main

    os._exit(main(sys.argv[1:]))
