"""A look every few seconds at what can happen to a daemon behind its back.

Not the answer to it: it returns the reason to end, and calls back to bind the socket again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable

from lmem.daemon.listener import Listener
from lmem.daemon.ownership import Ownership
from lmem.errors import LmemError

log = logging.getLogger(__name__)

WATCH_SECONDS = 3.0
TOUCH_SECONDS = 3600.0


async def watch(
    ownership: Ownership,
    listener: Listener,
    bind_again: Callable[[], Awaitable[None]],
    idle_seconds: Callable[[], float],
    idle_exit: float,
) -> str:
    """Wait until there is a reason to end, and say it: the data directory went away, or nobody came for `idle_exit` s.

    An unlinked socket is bound again; one in use is touched every hour, for cleaners of temporary directories.
    """
    touched = time.monotonic()
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        if not ownership.holds():
            return "the data directory was removed or replaced"
        if idle_exit and idle_seconds() > idle_exit:
            return f"no client for {idle_exit:g} s"
        if not listener.present():
            try:
                await bind_again()
                log.warning("the socket was gone; it is back")
            except LmemError as err:
                log.error("the socket is gone and cannot be made again: %s", err.message)
        elif time.monotonic() - touched > TOUCH_SECONDS:
            touched = time.monotonic()
            with contextlib.suppress(FileNotFoundError):  # gone this instant: seen in the next round
                listener.touch()
