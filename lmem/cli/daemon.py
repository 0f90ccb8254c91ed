"""daemon: start, stop, restart, status, logs and run.

Not the daemon; it is another program, which `run` becomes.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator

from lmem.cli import output
from lmem.client import autostart, presence, starting
from lmem.errors import DaemonNotRunning, DaemonUnresponsive, NotFound
from lmem.paths import paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TAIL_BYTES = 4_000_000
LEVEL_COLOURS = {"error": "red", "critical": "red", "warning": "yellow"}


def start(*, as_json: bool) -> int:
    """lmem daemon start."""
    before = presence.lock_held(paths())
    starting.start(paths(), explicit=True)
    return _say("runs already" if before else "started", as_json)


def stop(*, force: bool, as_json: bool) -> int:
    """lmem daemon stop."""
    stopped = autostart.stop(paths(), force=force)
    if as_json:
        output.answer_json({"stopped": stopped})
    else:
        output.line("The daemon has stopped." if stopped else "No daemon was running.")
    return 0


def restart(*, force: bool, as_json: bool) -> int:
    """lmem daemon restart."""
    autostart.restart(paths(), force=force)
    return _say("restarted", as_json)


def status(*, as_json: bool) -> int:
    """lmem daemon status; the exit status is 3 when none runs or it does not answer."""
    return _say("runs", as_json)


def _say(what: str, as_json: bool) -> int:
    """The state of the daemon, whatever it should be by now."""
    found = autostart.status(paths())
    if as_json:
        output.answer_json(found)
    elif found["state"] == "running":
        pid, version, socket = (found.get(name) for name in ("pid", "version", "socket"))
        output.line(f"The daemon {what}: process {pid}, version {version}, {socket}")
    elif found["state"] == "stopped":
        output.line("The daemon does not run; any command starts it.")
    else:
        raise DaemonUnresponsive(str(found.get("message")), hint=str(found.get("hint")))
    return 0 if found["state"] == "running" else DaemonNotRunning.exit_status


def run(*, as_json: bool) -> int:
    """lmem daemon run."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "lmem.daemon"])


def logs(*, follow: bool, lines: int, as_json: bool) -> int:
    """lmem daemon logs."""
    path = paths().log_file
    if not path.exists() and not follow:
        raise NotFound(f"There is no log at {path} yet.", hint="Run 'lmem daemon start' first.")
    size = 0
    if path.exists():
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL_BYTES))
            found = file.read(size).splitlines()
        for raw in found[-lines:] if lines > 0 else []:
            print_entry(raw, as_json)
    if follow:
        for raw in _following(str(path), size):
            print_entry(raw, as_json)
            sys.stdout.flush()
    return 0


def _following(path: str, position: int) -> Iterator[bytes]:
    """New lines of a file that grows, for ever; a file that was rotated is read from its start."""
    rest = b""
    while True:
        sys.stdout.flush()
        try:
            size = os.stat(path).st_size
        except FileNotFoundError:
            size = 0
        if size < position:
            position, rest = 0, b""
        if size > position:
            with open(path, "rb") as file:
                file.seek(position)
                rest += file.read(size - position)
            position = size
            *whole, rest = rest.split(b"\n")
            yield from whole
        time.sleep(0.25)


def print_entry(raw: bytes, as_json: bool) -> None:
    """One line of the log: as it is, or time, level, message and data for people."""
    text = raw.decode("utf-8", "replace")
    if as_json:
        output.line(text)
        return
    try:
        entry: dict[str, Any] = json.loads(text)
        level = str(entry["level"])
        data = " ".join(f"{name}={value}" for name, value in (entry.get("data") or {}).items())
        shown = output.paint(f"{level:<8}", LEVEL_COLOURS.get(level, "dim"))
        output.line(f"{entry['time']} {shown} {output.stored(entry['message'])} {output.stored(data)}".rstrip())
        if entry.get("exception"):
            output.line(output.stored(entry["exception"]))
    except (ValueError, KeyError, TypeError, AttributeError):  # not one of our lines: as it is
        output.line(output.stored(text))
