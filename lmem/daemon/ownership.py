"""The right to a data directory: a lock for the daemon's whole life, and the file that tells clients about it.

Not the client's probe of that lock (`lmem.client.presence`).
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from pathlib import Path

from lmem.errors import AlreadyRunning, Forbidden, LmemError, StorageFull
from lmem.paths import Paths, private_directory

PATIENCE = 0.3
"""Seconds to try for the lock: a client that asks whether it is free holds it for an instant."""


class Ownership:
    """The lock, held. `publish` writes daemon.json, `withdraw` removes it, `release` ends it all."""

    def __init__(self, paths: Paths) -> None:
        """Raises AlreadyRunning when another process holds the lock; Forbidden, StorageFull when it cannot be made."""
        self._paths = paths
        private_directory(paths.data)
        private_directory(paths.state)
        self._descriptor = _take(paths.daemon_lock)
        if self._descriptor is None:
            raise AlreadyRunning(f"Another daemon{_named(paths.daemon_file)} owns {paths.data}.")
        paths.daemon_file.unlink(missing_ok=True)  # of one that died: the lock says so

    def publish(self, facts: dict[str, object]) -> None:
        """Tell clients where the daemon is. Atomic: they read the whole file or none."""
        target = self._paths.daemon_file
        beside = target.with_suffix(".tmp")
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with open(descriptor, "w", encoding="utf-8") as file:
                json.dump(facts, file)
            os.replace(beside, target)
        except OSError as err:
            raise _unwritable(target, err) from err

    def withdraw(self) -> None:
        """Take back what `publish` wrote; clients then wait for the lock."""
        if self.holds():  # else the file, if any, is another daemon's
            self._paths.daemon_file.unlink(missing_ok=True)

    def holds(self) -> bool:
        """Whether the data directory is still the one that was locked, not removed or replaced."""
        return self._descriptor is not None and _same(self._descriptor, self._paths.daemon_lock)

    def release(self) -> None:
        """Free the lock. Its file stays: unlinking it would let two daemons lock two files."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _take(path: Path) -> int | None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as err:
            raise _unwritable(path, err) from err
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            if time.monotonic() > deadline:
                return None
            time.sleep(0.01)
        else:
            if _same(descriptor, path):
                return descriptor
            os.close(descriptor)  # somebody removed the file between open and lock: lock the new one


def _same(descriptor: int, path: Path) -> bool:
    held = os.fstat(descriptor)
    try:
        found = path.stat()
    except OSError:  # the directory is gone, with whatever it held
        return False
    return (held.st_dev, held.st_ino) == (found.st_dev, found.st_ino)


def _named(daemon_file: Path) -> str:
    try:
        return f" (process {json.loads(daemon_file.read_bytes())['pid']})"
    except (OSError, ValueError, KeyError, TypeError):  # it starts just now, or its file is damaged
        return ""


def _unwritable(path: Path, err: OSError) -> LmemError:
    if err.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull(f"There is no space for {path}.", hint="Free some space, then start the daemon again.")
    return Forbidden(f"{path} cannot be written: {err.strerror}.", hint="Set LMEM_HOME to a directory that you own.")
