"""The socket's path: bound safely, found stale, noticed when it vanishes, unlinked at the end.

Not the server that accepts on it. Used only by the process that holds the daemon's lock.
"""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

from lmem.errors import AlreadyRunning, Conflict, DaemonStartFailed, SocketDenied
from lmem.paths import private_directory
from lmem.protocol.peers import peer


class Listener:
    """Owns one path. `bind` gives a bound socket that does not listen yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._identity: tuple[int, int] | None = None

    def bind(self) -> socket.socket:
        """A socket bound to the path, mode 0600 in a directory 0700; a stale one is removed first.

        Raises AlreadyRunning when somebody listens there, SocketDenied in a sandbox, Conflict for a file in the way.
        """
        private_directory(self.path.parent)
        self._remove_stale()
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.bind(os.fspath(self.path))
            # Not a umask, which other threads would share: until it listens, nobody can connect to it anyway.
            os.chmod(self.path, 0o600)
        except OSError as err:
            sock.close()
            raise _refusal(self.path, err) from err
        self._identity = _identity(self.path)
        return sock

    def present(self) -> bool:
        """Whether the path still names the socket that was bound."""
        return self._identity is not None and _identity(self.path) == self._identity

    def touch(self) -> None:
        """Make the socket look used, for cleaners of temporary directories."""
        os.utime(self.path)

    def unlink(self) -> None:
        """Remove the path if it is still ours."""
        if self.present():
            self.path.unlink()
        self._identity = None

    def _remove_stale(self) -> None:
        try:
            found = self.path.lstat()
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(found.st_mode):
            raise Conflict(
                f"{self.path} is in the way of the socket and is not one.", hint="Move it away, then try again."
            )
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(1.0)
            try:
                probe.connect(os.fspath(self.path))
            except ConnectionRefusedError:
                self.path.unlink()  # nobody listens, and the lock is ours: it was left by a daemon that died
            except FileNotFoundError:
                return
            except OSError as err:
                raise _refusal(self.path, err) from err
            else:
                pid, _ = peer(probe)
                raise AlreadyRunning(
                    f"Process {pid} listens on {self.path} for another data directory.",
                    hint="Give each data directory its own LMEM_HOME.",
                )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except OSError:  # gone, or its directory is: both mean that nobody can find it
        return None
    return found.st_dev, found.st_ino


def _refusal(path: Path, err: OSError) -> SocketDenied | DaemonStartFailed:
    if isinstance(err, PermissionError):
        return SocketDenied(f"This process may not use the socket {path}: {err.strerror}.")
    return DaemonStartFailed(f"The socket {path} cannot be used: {err.strerror or err}.")
