"""doctor: what this side can check by itself, then what the daemon finds; each with its next step.

Not a repair: it changes nothing and starts nothing.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from lmem import config
from lmem.cli import output
from lmem.cli.link import ask
from lmem.client import presence
from lmem.errors import LmemError
from lmem.paths import SOCKET_PATH_LIMIT, Paths, paths

Finding = dict[str, object]
"""check, level (ok, warn or fail), message, and `next`: the next step."""

OURS = ("settings", "socket", "daemon", "log")
"""Checks that the daemon does not make as well; of the others only what is not ok is shown beside its findings."""
MAKE_WRITABLE = "Mount it so that it can be written, or correct its permissions, or set LMEM_HOME to another directory."
TAIL_BYTES = 1_000_000
COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


def doctor(*, as_json: bool) -> int:
    """lmem doctor."""
    place = paths()
    findings = list(_local(place))
    if any(finding.get("running") for finding in findings):
        findings = [finding for finding in findings if finding["check"] in OURS or finding["level"] != "ok"]
        try:
            findings += ask("status/doctor", idempotent=True, autostart=False)["findings"]
        except LmemError as err:
            findings.append(_finding("connection", "fail", err.message, err.hint))
    if as_json:
        output.answer_json({"findings": findings})
    else:
        _print(findings)
    return 1 if any(finding["level"] == "fail" for finding in findings) else 0


def _print(findings: list[Finding]) -> None:
    width = max(len(str(finding["check"])) for finding in findings)
    for finding in findings:
        level = str(finding["level"])
        word = output.paint(f"{level:<4}", COLOURS.get(level, "red"))
        output.line(f"{word}  {finding['check']!s:<{width}}  {output.stored(finding['message'])}")
        if level != "ok" and finding.get("next"):
            output.line(f"      {'':<{width}}  {output.paint(output.stored(finding['next']), 'bold')}")


def _finding(check: str, level: str, message: str, next_: str | None = None, **more: object) -> Finding:
    return {"check": check, "level": level, "message": message, **({"next": next_} if next_ else {}), **more}


def _local(place: Paths) -> Iterator[Finding]:
    needed = [_configuration(place)]
    for name, folder in (("data", place.data), ("state", place.state), ("runtime", place.socket.parent)):
        needed.append(_folder(name, folder))
    needed += [_database(place), _socket(place)]
    yield from needed
    yield _disk(place)
    yield _daemon(place, [str(finding["check"]) for finding in needed if finding["level"] == "fail"])
    error = _last_error(place)
    if error:
        yield error


def _configuration(place: Paths) -> Finding:
    try:
        found = config.load(place.config_file)
    except LmemError as err:
        return _finding("settings", "fail", err.message, err.hint)
    changed = [key for key, origin in found.origins.items() if origin != "default"]
    return _finding("settings", "ok", f"valid; not at their defaults: {', '.join(changed) or 'none'}")


def _folder(name: str, folder: Path) -> Finding:
    try:
        found = folder.lstat()
    except FileNotFoundError:
        if denied := _unwritable(_existing(folder)):
            return _finding(name, "fail", f"{folder} is not there and cannot be made: {denied}", MAKE_WRITABLE)
        return _finding(name, "ok", f"{folder} is not there yet; it is made when needed")
    except OSError as err:
        return _finding(name, "fail", f"{folder}: {err.strerror}", "Correct its permissions, or set LMEM_HOME.")
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        return _finding(name, "fail", f"{folder} is not a directory of yours", "Set LMEM_HOME to a directory you own.")
    if denied := _unwritable(folder):
        return _finding(name, "fail", f"{folder} cannot be written: {denied}", MAKE_WRITABLE)
    if stat.S_IMODE(found.st_mode) & 0o077:
        return _finding(name, "warn", f"{folder} is open to other users", f"chmod 700 '{folder}'")
    return _finding(name, "ok", str(folder))


def _existing(folder: Path) -> Path:
    """A folder, or the nearest above it that there is."""
    while not folder.exists():
        folder = folder.parent
    return folder


def _unwritable(path: Path) -> str:
    """Why this process may not write there, as the system says it; '' where it may. Nothing is written to find out."""
    if os.access(path, os.W_OK):
        return ""
    read_only = os.statvfs(path).f_flag & os.ST_RDONLY
    return os.strerror(errno.EROFS if read_only else errno.EACCES)


def _database(place: Paths) -> Finding:
    """By name and mode only: the live file is the daemon's to open. So are the locks beside it."""
    try:
        found = place.database.lstat()
    except OSError:
        return _finding("database", "ok", f"{place.database} is not there yet")
    for file in (place.database, place.daemon_lock, place.startup_lock):
        if file.exists() and (denied := _unwritable(file)):
            return _finding("database", "fail", f"{file} cannot be written: {denied}", MAKE_WRITABLE)
    if stat.S_IMODE(found.st_mode) & 0o077:
        return _finding("database", "warn", f"{place.database} is open to other users", f"chmod 600 '{place.database}'")
    return _finding("database", "ok", f"{place.database}, {output.size(found.st_size)}")


def _disk(place: Paths) -> Finding:
    folder = _existing(place.data)
    found = os.statvfs(folder)
    free = found.f_bavail * found.f_frsize
    if free < 64_000_000:
        return _finding("disk", "fail", f"{output.size(free)} free at {folder}", "Free some space there.")
    return _finding("disk", "warn" if free < 500_000_000 else "ok", f"{output.size(free)} free at {folder}")


def _socket(place: Paths) -> Finding:
    length = len(os.fsencode(place.socket))
    if length > SOCKET_PATH_LIMIT:
        return _finding("socket", "fail", f"{place.socket} has {length} bytes", "Set LMEM_HOME to a shorter path.")
    return _finding("socket", "ok", str(place.socket))


def _daemon(place: Paths, failed: list[str]) -> Finding:
    """`failed` names the checks without which no daemon starts."""
    try:
        known, held = presence.daemon_file(place), presence.lock_held(place)
    except LmemError as err:
        return _finding("daemon", "fail", err.message, err.hint)
    if not held and failed:
        message = f"not running, and none starts before this is put right: {', '.join(failed)}"
        return _finding("daemon", "fail", message, "Follow the next steps above, then 'lmem daemon start'.")
    if not held:
        return _finding("daemon", "ok", "not running; any command starts it", running=False)
    at = known.get("socket")
    if not isinstance(at, str):
        message = "starting or stopping: it holds its lock"
        return _finding("daemon", "warn", message, "Run 'lmem doctor' again.", running=True)
    if not os.path.exists(at):
        message = f"process {known.get('pid')} runs, but its socket {at} was removed; it makes a new one"
        return _finding("daemon", "warn", message, "Wait a few seconds, then 'lmem daemon restart'.", running=True)
    return _finding("daemon", "ok", f"process {known.get('pid')} runs, on {at}", running=True)


def _last_error(place: Paths) -> Finding | None:
    """The last error in the newest log, if there is one."""
    try:
        with open(place.log_file, "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
            lines = file.read().splitlines()
    except OSError:
        return None
    for raw in reversed(lines):
        try:
            entry = json.loads(raw)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("level") in ("error", "critical"):
            message = f"last error, {entry.get('time')}: {entry.get('message')}"
            return _finding("log", "warn", message, "lmem daemon logs")
    return None
