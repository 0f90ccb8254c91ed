"""Starting and ending the daemon from a client: one start for any number of clients, and an end to crash loops.

Not the daemon's own life (`lmem.daemon.lifecycle`), and imported only when there is something to start or stop.
"""

from __future__ import annotations

import fcntl
import os
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lmem.client import presence
from lmem.client.spawning import spawn
from lmem.client.starts import Starts
from lmem.errors import (
    AlreadyRunning,
    DaemonError,
    DaemonNotRunning,
    DaemonStartFailed,
    DaemonUnresponsive,
    LmemError,
    SocketDenied,
)
from lmem.paths import private_directory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lmem.paths import Paths

START_SECONDS = 30.0
"""The longest wait for another client's start."""
END_SECONDS = 12.0
"""The longest a daemon takes to end: it finishes calls and closes its stores, each within a limit."""
PAUSE = 0.02


def start(paths: Paths, *, explicit: bool = False) -> None:
    """Make sure that a daemon runs: start one, or share the start that another client has begun.

    `explicit` is a start that the user asked for: it is made even after a crash loop, and begins a new count.
    Raises the error that ended the daemon's start, DaemonStartFailed for more than three starts in 60 s (with the last
    error of the log), or SocketDenied in a sandbox, where nothing is started.
    """
    if presence.in_sandbox():
        raise SocketDenied(
            "No daemon runs, and none is started from inside a sandbox.",
            hint="Run 'lmem daemon start' in a terminal outside of the sandbox, then try again.",
        )
    asked = time.time()
    with _start_lock(paths):
        if presence.lock_held(paths):
            return
        starts = Starts(paths)
        if explicit:
            starts.forget()
        starts.check(since=asked)
        starts.record()
        try:
            spawn(paths)
        except AlreadyRunning:
            return  # one was started by other means meanwhile
        except LmemError as err:
            starts.record_failure(err)
            raise


def stop(paths: Paths, *, force: bool = False) -> bool:
    """End the daemon and wait until it has ended; False when none ran.

    `force` kills one that does not answer, if it provably holds the lock. Raises DaemonUnresponsive without it.
    """
    from lmem.client.connection import connect

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
    except DaemonError:
        if not force:
            raise
        _kill(paths)
    return True


def restart(paths: Paths, *, force: bool = False) -> None:
    """Stop the daemon if one runs, then start one."""
    stop(paths, force=force)
    start(paths, explicit=True)


def status(paths: Paths) -> dict[str, object]:
    """What can be known without starting anything: 'state' is 'stopped', 'running' or 'unresponsive'.

    A running one adds the fields of its hello and 'socket'; an unresponsive one 'pid', 'message' and 'hint'. Raises
    SocketDenied when this process may not ask.
    """
    from lmem.client.connection import connect

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


def wait_for_end(paths: Paths, seconds: float = END_SECONDS) -> None:
    """Wait until the daemon's lock is free. Raises DaemonUnresponsive after `seconds`."""
    deadline = time.monotonic() + seconds
    while presence.lock_held(paths):
        if time.monotonic() > deadline:
            raise DaemonUnresponsive(f"The daemon did not end within {seconds:g} s.")
        time.sleep(PAUSE)


def _kill(paths: Paths) -> None:
    """SIGKILL for the process that holds the lock, and for no other."""
    pid = presence.lock_holder(paths)
    if pid is None:
        if not presence.lock_held(paths):
            return
        known = presence.daemon_file(paths).get("pid", "unknown")
        raise DaemonUnresponsive(
            f"The daemon does not answer, and it cannot be proved that process {known} is the one.",
            hint=f"If it is an lmem daemon, end it with 'kill -9 {known}'.",
        )
    os.kill(pid, signal.SIGKILL)
    wait_for_end(paths)


@contextmanager
def _start_lock(paths: Paths) -> Iterator[None]:
    """The lock of the one client that starts; the others wait for it, then look again."""
    try:
        private_directory(paths.data)
        private_directory(paths.state)
        descriptor = os.open(paths.startup_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as err:
        raise DaemonStartFailed(
            f"The daemon cannot be started: {err.filename}: {err.strerror}.",
            hint="Set LMEM_HOME to a directory that you can write.",
        ) from err
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _locked(descriptor):
            if time.monotonic() > deadline:
                raise DaemonStartFailed(f"Another start of the daemon has been under way for {START_SECONDS:g} s.")
            time.sleep(PAUSE)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
