"""Whether a daemon lives, and what it says about itself in its files: read only, nothing started, nothing removed.

Not the connection. "Not running" means that the daemon's lock is free, whatever a socket's errno seems to say.
"""

from __future__ import annotations

import fcntl
import json
import os

from lmem.errors import SocketDenied

TYPE_CHECKING = False  # as typing's, without its import: this is on the path of every command
if TYPE_CHECKING:
    from lmem.paths import Paths

SANDBOX = "CODEX_SANDBOX_NETWORK_DISABLED"
"""Set to 1 inside a sandbox that denies sockets (openai/codex#39140)."""


def daemon_file(paths: Paths) -> dict[str, object]:
    """What the daemon wrote about itself; {} when there is nothing, or nothing that can be read as JSON.

    Raises SocketDenied when this process may not read it.
    """
    try:
        with open(paths.daemon_file, "rb") as file:
            found = json.loads(file.read())
    except PermissionError as err:
        raise denied(str(paths.daemon_file), err) from err
    except (OSError, ValueError):  # not there, or of a daemon that lost its disk: the lock decides
        return {}
    return found if isinstance(found, dict) else {}


def lock_held(paths: Paths) -> bool:
    """Whether a daemon holds its lock now. Raises SocketDenied when this process may not ask."""
    try:
        descriptor = os.open(paths.daemon_lock, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except PermissionError as err:
        raise denied(str(paths.daemon_lock), err) from err
    try:
        # Shared, so that clients that ask at the same time do not take each other for a daemon.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def lock_holder(paths: Paths) -> int | None:
    """The pid that provably holds the daemon's lock, from /proc/locks; None when that cannot be told."""
    try:
        found = os.stat(paths.daemon_lock)
        with open("/proc/locks", encoding="ascii") as file:
            lines = file.read().splitlines()
    except OSError:  # no lock file, or no such list on this system
        return None
    wanted = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    for line in lines:  # 1: FLOCK  ADVISORY  WRITE 4242 fe:00:131 0 EOF
        fields = line.split()
        if fields[1:2] == ["FLOCK"] and fields[3:4] == ["WRITE"] and fields[5] == wanted and int(fields[4]) > 0:
            return int(fields[4])
    return None


def denied(path: str, err: OSError) -> SocketDenied:
    """The error for a path this process may not use; names the sandbox when one says that it is there."""
    if in_sandbox():
        return SocketDenied(
            f"The sandbox around this process denies {path}.",
            hint=f"{SANDBOX}=1 is set: allow Unix sockets in the sandbox's settings, or run the command outside of it.",
        )
    return SocketDenied(f"This process may not use {path}: {err.strerror}.")


def in_sandbox() -> bool:
    """Whether a sandbox says that it denies this process the network, sockets included."""
    return os.environ.get(SANDBOX) == "1"
