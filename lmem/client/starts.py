"""The memory of recent starts: it ends crash loops, and lets those who waited for a start share its failure.

Not a log: a small JSON file beside it, {"starts": [seconds since the epoch], "failure": {...} | null, "settings":
[seconds, bytes] | null}. A start that settings kept from happening is no crash, and changed settings begin a new count.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

from lmem.errors import DaemonStartFailed, InvalidInput, LmemError, from_wire

if TYPE_CHECKING:
    from lmem.paths import Paths

WINDOW_SECONDS = 60.0
MOST = 3
"""Starts within the window; one more is a crash loop."""
TAIL = 64 * 1024
"""Bytes at the end of the log that are searched for how the last daemon ended."""
ENDS = ("the daemon cannot start: ", "the daemon crashed: ", "the daemon ends: ")
"""How the daemon's log says that it ends by itself. Other errors, as of a call, are not why it did not stay."""


class Starts:
    """Read and written under the start-up lock only."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._recent, self._failure, counted_with = _read(paths)
        self._settings = _stamp(paths)
        if counted_with != self._settings:
            self._recent = []

    def check(self, since: float) -> None:
        """Raises the failure of a start that was tried after `since`, or DaemonStartFailed for a crash loop."""
        if self._failure is not None and _number(self._failure.get("at")) >= since:
            data = self._failure.get("data")
            raise from_wire(str(self._failure.get("message")), data if isinstance(data, dict) else {})
        if len(self._recent) >= MOST:
            raise DaemonStartFailed(
                f"The daemon was started {len(self._recent)} times in the last {WINDOW_SECONDS:g} s and did not stay: "
                f"{last_end(self._paths, self._recent[0]) or 'its log does not say why'}."
            )

    def record(self) -> None:
        """One more start, now."""
        self._recent.append(time.time())
        self._write()

    def record_failure(self, error: LmemError) -> None:
        """The start just recorded failed with `error`; settings that are not right are told anew each time."""
        if isinstance(error, InvalidInput):
            self._recent = self._recent[:-1]
        self._failure = {"at": time.time(), "message": error.message, "data": error.to_wire()}
        self._write()

    def forget(self) -> None:
        """Begin a new count."""
        self._recent, self._failure = [], None

    def _write(self) -> None:
        text = json.dumps({"starts": self._recent, "failure": self._failure, "settings": self._settings})
        try:
            descriptor = os.open(self._paths.starts_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
        except OSError:
            return  # on a full disk the count is lost, which is better than no start


def last_end(paths: Paths, since: float) -> str:
    """Why a daemon ended last, as its log says; '' when none has said so since then, as when it was killed."""
    earliest = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(since))  # as in the log, to the second
    try:
        with open(paths.log_file, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
            lines = file.read().splitlines()
    except OSError:  # no log yet
        return ""
    for line in reversed(lines):
        try:
            entry = json.loads(line)
        except ValueError:  # cut by the seek, or torn by a full disk
            continue
        if isinstance(entry, dict) and str(entry.get("time")) >= earliest:
            message = str(entry.get("message"))
            if message.startswith(ENDS):
                return message.rstrip(".")
    return ""


def _stamp(paths: Paths) -> list[float] | None:
    """When the settings file was changed, and its size; None without one."""
    try:
        found = paths.config_file.stat()
    except OSError:
        return None
    return [found.st_mtime, found.st_size]


def _read(paths: Paths) -> tuple[list[float], dict[str, object] | None, object]:
    """The starts of the window, the last failure, and the stamp of the settings that they were made with."""
    try:
        found = json.loads(paths.starts_file.read_bytes())
    except (OSError, ValueError):  # none yet, or torn by a full disk
        return [], None, None
    if not isinstance(found, dict):
        return [], None, None
    now = time.time()
    starts, failure = found.get("starts"), found.get("failure")
    recent = [moment for moment in map(_number, starts) if 0 <= now - moment < WINDOW_SECONDS] if starts else []
    return recent, failure if isinstance(failure, dict) else None, found.get("settings")


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
