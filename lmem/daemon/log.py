"""The daemon's log: JSON lines in a file that rotates, closed to other users.

Not a place for what users wrote: callers log ids, counts and names, never text of a memory, at INFO and above.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from lmem.errors import InvalidInput, LmemError
from lmem.paths import private_directory

FILE_BYTES = 5 * 1024 * 1024
FILES = 5
FORMAT = "%(levelname)s %(message)s"
ROOT = "lmem"
LEVELS = ("debug", "info", "warning", "error")


class LogFile(logging.Handler):
    """Appends one JSON object a line: time, level, logger, message, the record's `data`, and an exception if any.

    A full disk never harms the daemon: what cannot be written is counted in `lost`, and the next line that can be
    written says how many were.
    """

    def __init__(self, path: Path, *, file_bytes: int = FILE_BYTES, files: int = FILES) -> None:
        super().__init__()
        self.lost = 0
        self._path = path
        self._file_bytes = file_bytes
        self._files = files
        self._descriptor: int | None = None
        self._size = 0
        self._torn = False  # the last write stopped half-way: its rest of a line gets a newline first

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._append(self.format(record))
        except (TypeError, ValueError):  # the message and its arguments do not fit: a bug that must stay a small one
            self.lost += 1

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        data = getattr(record, "data", None)
        if data:
            entry["data"] = data
        if self.lost:
            entry["lost"] = self.lost
        if record.exc_info:
            entry["exception"] = logging.Formatter().formatException(record.exc_info)
        return json.dumps(entry, default=str)

    def close(self) -> None:
        self._shut()
        super().close()

    def _append(self, text: str) -> None:
        line = ("\n" if self._torn else "").encode() + text.encode(errors="replace") + b"\n"
        try:
            written = os.write(self._open(), line)
        except (OSError, LmemError):
            self.lost += 1
            return
        self._size += written
        self._torn = written < len(line)
        self.lost = self.lost + 1 if self._torn else 0

    def _open(self) -> int:
        if self._size >= self._file_bytes:
            self._rotate()
        if self._descriptor is None:
            private_directory(self._path.parent)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            self._descriptor = os.open(self._path, flags, 0o600)
            self._size = os.fstat(self._descriptor).st_size
        return self._descriptor

    def _rotate(self) -> None:
        self._shut()
        names = [self._path, *(Path(f"{self._path}.{number}") for number in range(1, self._files))]
        for older, newer in zip(names[:0:-1], names[-2::-1], strict=True):
            try:
                os.replace(newer, older)
            except FileNotFoundError:
                continue
            except OSError:
                self.lost += 1

    def _shut(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            self._size = 0


def open_log(path: Path, level: str, *, foreground: bool) -> LogFile:
    """Send lmem's records from `level` on, and everybody's warnings, to `path`; in the foreground also to stderr.

    Raises InvalidInput for a level that is not one of LEVELS.
    """
    if level not in LEVELS:
        raise InvalidInput(
            f"The setting daemon.log_level is {level!r}, which is no level.", hint=f"Use one of: {', '.join(LEVELS)}."
        )
    handler = LogFile(path)
    root = logging.getLogger()
    root.setLevel(logging.WARNING)
    root.addHandler(handler)
    if foreground:
        screen = logging.StreamHandler()
        screen.setFormatter(logging.Formatter(FORMAT))
        root.addHandler(screen)
    logging.getLogger(ROOT).setLevel(level.upper())
    sys.excepthook = _log_crash
    threading.excepthook = _log_thread_crash
    return handler


def close_log(handler: LogFile) -> None:
    """Undo `open_log` for `handler`."""
    logging.getLogger().removeHandler(handler)
    handler.close()


def _log_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger(ROOT).critical("the daemon crashed: %s", kind.__name__, exc_info=(kind, error, trace))
    sys.__excepthook__(kind, error, trace)


def _log_thread_crash(args: threading.ExceptHookArgs) -> None:
    name = args.thread.name if args.thread else "a thread"
    logging.getLogger(ROOT).critical("%s crashed: %s", name, args.exc_type.__name__, exc_info=args.exc_value)
