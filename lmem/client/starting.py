"""Starting the daemon on demand: one start for any number of clients, and an end to crash loops.

Not the daemon's own life (`lmem.daemon.lifecycle`); a connection imports this only when it finds no daemon.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lmem.client import presence
from lmem.client.spawning import rehearse, spawn
from lmem.client.starts import Starts
from lmem.errors import (
    AlreadyRunning,
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
    Raises the error that ended the daemon's start, DaemonStartFailed for more than three starts in 60 s (with what the
    log says of the last end), or SocketDenied in a sandbox, where nothing is started.
    """
    _refuse_in_sandbox("No daemon runs, and none is started from inside a sandbox.")
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


def check(paths: Paths) -> None:
    """Raises what would keep a daemon from starting as far as it can be told beforehand: look before one is stopped.

    SocketDenied in a sandbox, InvalidInput for settings that are not right, DaemonStartFailed where its directories
    cannot be written or its program does not run.
    """
    _refuse_in_sandbox("No daemon can be started from inside a sandbox.")
    with _start_lock(paths):
        rehearse(paths)


def wait_for_end(paths: Paths, seconds: float = END_SECONDS) -> None:
    """Wait until the daemon's lock is free. Raises DaemonUnresponsive after `seconds`."""
    deadline = time.monotonic() + seconds
    while presence.lock_held(paths):
        if time.monotonic() > deadline:
            raise DaemonUnresponsive(f"The daemon did not end within {seconds:g} s.")
        time.sleep(PAUSE)


def _refuse_in_sandbox(message: str) -> None:
    if presence.in_sandbox():
        raise SocketDenied(
            message, hint="Run 'lmem daemon start' in a terminal outside of the sandbox, then try again."
        )


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
