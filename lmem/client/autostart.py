"""The daemon as a whole, seen from a client: started, stopped, restarted, looked at.

Not what a command needs to be answered: `lmem.client.connection` starts what it needs by itself.
"""

from __future__ import annotations

import os
import signal

from lmem.client import presence
from lmem.client.connection import connect
from lmem.client.starting import END_SECONDS, check, start, wait_for_end
from lmem.errors import (
    DaemonError,
    DaemonNotRunning,
    DaemonUnresponsive,
    LmemError,
    SocketDenied,
    VersionMismatch,
)

TYPE_CHECKING = False  # as typing's, without its import
if TYPE_CHECKING:
    from lmem.paths import Paths

__all__ = ["restart", "start", "status", "stop", "wait_for_end"]


def stop(paths: Paths, *, force: bool = False) -> bool:
    """End the daemon and wait until it has ended; False when none ran.

    `force` kills one that does not answer, if it provably holds the lock. Raises DaemonUnresponsive without it.
    """
    if not presence.lock_held(paths):
        return False
    try:
        with connect(paths, autostart=False) as connection:
            connection.call("daemon/stop", {}, timeout=END_SECONDS)
        wait_for_end(paths)
    except DaemonNotRunning:
        return True  # it ended by itself between the two looks
    except SocketDenied:
        raise
    except VersionMismatch:
        _send(paths, signal.SIGTERM)  # that much every version understands
    except DaemonError:
        if not force:
            raise
        _send(paths, signal.SIGKILL)
    return True


def restart(paths: Paths, *, force: bool = False) -> None:
    """Stop the daemon if one runs, then start one. One that could not be started again is not stopped: raises why."""
    try:
        check(paths)
    except LmemError as err:
        if not presence.lock_held(paths):
            raise
        raise type(err)(f"{err.message} The daemon that runs was not stopped.", hint=err.hint) from err
    stop(paths, force=force)
    start(paths, explicit=True)


def status(paths: Paths) -> dict[str, object]:
    """What can be known without starting anything: 'state' is 'stopped', 'running' or 'unresponsive'.

    A running one adds the fields of its hello and 'socket'; an unresponsive one 'pid', 'message' and 'hint'. Raises
    SocketDenied when this process may not ask.
    """
    known = presence.daemon_file(paths)
    try:
        with connect(paths, autostart=False) as connection:
            return {"state": "running", "socket": known.get("socket"), **connection.hello}
    except DaemonNotRunning:
        return {"state": "stopped"}
    except SocketDenied:
        raise
    except DaemonError as err:
        pid = presence.lock_holder(paths) or known.get("pid")
        return {"state": "unresponsive", "pid": pid, "message": err.message, "hint": err.hint}


def _send(paths: Paths, number: signal.Signals) -> None:
    """A signal for the process that holds the lock, and for no other; waits for its end."""
    pid = presence.lock_holder(paths)
    if pid is None:
        if not presence.lock_held(paths):
            return
        known = presence.daemon_file(paths).get("pid", "unknown")
        raise DaemonUnresponsive(
            f"The daemon cannot be asked to end, and it cannot be proved that process {known} is the one.",
            hint=f"If it is an lmem daemon, end it with 'kill {known}'.",
        )
    os.kill(pid, number)
    wait_for_end(paths)
