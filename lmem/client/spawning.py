"""One start of a daemon process: its environment, its descriptors, and what it says before it serves.

Not the decision to start: `lmem.client.starting` makes that under its lock.
"""

from __future__ import annotations

import json
import os
import select
import site
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from lmem.client.starts import last_end
from lmem.errors import DaemonStartFailed, from_wire

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from io import FileIO

    from lmem.paths import Paths

LISTEN_SECONDS = 15.0
"""The longest a daemon takes until its socket answers."""
READY_SECONDS = 5.0
"""Then the longest wait for its stores; after it, calls wait for them themselves (a migration may take long)."""
KEPT = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONHOME")
DROPPED = ("LMEM_SESSION", "LMEM_READY_FD")
"""Variables that belong to one terminal or one start."""


def spawn(paths: Paths) -> None:
    """Start the daemon, detached from this process, and return when it answers.

    Raises the error it reports, or DaemonStartFailed with the last thing it printed.
    """
    with _report() as (said, writer), _crash_file(paths) as crash:
        starter = subprocess.Popen(command(), stderr=crash, start_new_session=True, **_surroundings(paths, writer))
        writer.close()
        starter.wait(LISTEN_SECONDS)  # it forks and ends at once: the daemon is nobody's child
        _await_readiness(said.fileno(), paths)


def rehearse(paths: Paths) -> None:
    """Let the daemon's program look at its settings as a start would, and end.

    Raises the error it reports, or DaemonStartFailed with the last thing it printed.
    """
    with _report() as (said, writer):
        done = subprocess.run(
            [*command()[:-1], "--check"], stderr=subprocess.PIPE, check=False, timeout=LISTEN_SECONDS,
            **_surroundings(paths, writer),
        )  # fmt: skip
        writer.close()
        steps = [json.loads(line) for line in said]
    if not steps:
        words = _last_line(done.stderr.decode("utf-8", "replace"))
        raise DaemonStartFailed(f"The daemon could not be started: {words or 'it said nothing'}.")
    if steps[-1]["state"] == "failed":
        raise from_wire(steps[-1]["error"]["message"], steps[-1]["error"]["data"])


@contextmanager
def _report() -> Iterator[tuple[FileIO, FileIO]]:
    """The ends of a pipe through which the daemon's program says how far it is (lmem.daemon.readiness); the one that it
    writes to has to be closed here once it has begun. Raises DaemonStartFailed for what the system refuses inside."""
    reader, writer = os.pipe()
    try:
        with open(reader, "rb", buffering=0) as said, open(writer, "wb", buffering=0) as told:
            yield said, told
    except (OSError, subprocess.TimeoutExpired) as err:
        raise DaemonStartFailed(f"The daemon could not be started: {err}.") from err


def _surroundings(paths: Paths, writer: FileIO) -> dict[str, Any]:
    """What the program has around it: nobody's input and output, no directory of ours, and where it reports to."""
    told = {"LMEM_READY_FD": str(writer.fileno())}
    return {
        "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "cwd": "/", "pass_fds": (writer.fileno(),),
        "env": environment(paths, os.environ) | told,
    }  # fmt: skip


def command() -> list[str]:
    """The command that is the daemon. -P: the directory '/' is not searched for modules."""
    return [sys.executable, "-P", "-m", "lmem.daemon", "--detached"]


def environment(paths: Paths, environ: Mapping[str, str]) -> dict[str, str]:
    """The daemon's environment: this one without what belongs to a repository, a terminal or a Python session.

    PYTHONPATH is replaced: it names the directory of this lmem if that is not an installed one, so that the daemon runs
    the same code. LMEM_NOW moves the clock of an own LMEM_HOME only.
    """
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith("GIT_") and (not name.startswith("PYTHON") or name in KEPT) and name not in DROPPED
    }
    if paths.home is None:
        kept.pop("LMEM_NOW", None)
    else:
        kept["LMEM_HOME"] = os.fspath(paths.home)  # absolute: the daemon's working directory is another
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    if root not in (*site.getsitepackages(), site.getusersitepackages()):
        kept["PYTHONPATH"] = root
    return kept


def _crash_file(paths: Paths) -> IO[bytes]:
    """Where the daemon's stderr goes: empty unless it dies of something that no log records."""
    descriptor = os.open(paths.crash_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    return open(descriptor, "wb")


def _await_readiness(reader: int, paths: Paths) -> None:
    """Read the lines of `lmem.daemon.readiness` until the daemon is ready, or listens and is slow to be ready."""
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    deadline = time.monotonic() + LISTEN_SECONDS
    listening, text = False, b""
    while poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        chunk = os.read(reader, 65536)
        if not chunk:
            raise DaemonStartFailed(f"The daemon ended before it was ready: {_last_words(paths)}.")
        *lines, text = (text + chunk).split(b"\n")
        for line in lines:
            step = json.loads(line)
            if step["state"] == "failed":
                raise from_wire(step["error"]["message"], step["error"]["data"])
            if step["state"] == "ready":
                return
            listening, deadline = True, time.monotonic() + READY_SECONDS
    if not listening:
        raise DaemonStartFailed(f"The daemon did not listen within {LISTEN_SECONDS:g} s.")


def _last_words(paths: Paths) -> str:
    try:
        printed = paths.crash_file.read_text(encoding="utf-8", errors="replace")
    except OSError:  # removed meanwhile: the log may know
        printed = ""
    return _last_line(printed) or last_end(paths, time.time() - LISTEN_SECONDS) or "it said nothing"


def _last_line(printed: str) -> str:
    words = [line.strip() for line in printed.split("\n") if line.strip()]
    return words[-1].rstrip(".") if words else ""
