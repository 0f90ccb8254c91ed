"""`python -m lmem.daemon`: the daemon, in the foreground, with --detached as a start on demand; --check only looks.

Not a command for people: `lmem daemon run` and `lmem daemon start` lead here.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lmem.daemon.call import App, Build, Host

_SWITCH_S = 0.0005
"""What the writer waits, after each statement, for the event loop to let it go on: not the usual 5 ms."""


def main(arguments: list[str]) -> int:
    """Run the daemon of this environment; the exit status.

    --detached leaves the process that spawned it: the parent ends at once, so that nobody has to wait for a child.
    --check says what would keep it from starting, as far as its settings and its code tell.
    """
    detached = arguments == ["--detached"]
    if arguments not in ([], ["--detached"], ["--check"]):
        print("Usage: python -m lmem.daemon [--detached | --check]", file=sys.stderr)
        return 2
    if detached and os.fork():
        os._exit(0)
    from lmem.daemon import lifecycle
    from lmem.paths import paths

    if arguments == ["--check"]:
        _bootstrap()
        return lifecycle.check(paths())
    sys.setswitchinterval(_SWITCH_S)
    return lifecycle.run(paths(), _build, detached=detached)


async def _build(host: Host) -> App:
    """The app of bootstrap, whose import alone takes longer than the socket should: hellos are answered meanwhile."""
    import asyncio
    import gc

    build = await asyncio.to_thread(_bootstrap)
    app = await build(host)
    gc.collect()
    gc.freeze()  # what is loaded by now stays: no later collection stops a request to look at it (6 ms each)
    return app


def _bootstrap() -> Build:
    from lmem.daemon.bootstrap import build

    return build


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(status)  # everything is closed: a thread in the middle of a download must not hold up the end
