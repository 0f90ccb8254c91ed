"""Taking the lines that hooks left in the spool, so that a line is gone only when its commit is stored.

Not the line (lmem.githooks.spool). The file is renamed first; a hook that had it open yet may write to it a moment
longer, so it is kept for some seconds after it was read.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from pathlib import Path

from lmem.githooks.spool import FILE, Hint, parse

KEPT_S = 10.0
"""Seconds after which nobody writes to a file that was taken."""

log = logging.getLogger(__name__)


class Spooled:
    """The spool of one daemon, which is the only one to take from it. It blocks on the disk; call it in a thread."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._read: dict[Path, int] = {}
        self._waiting: dict[Path, list[Hint]] = {}

    def has_news(self) -> bool:
        """Whether `take` would find something to do; costs one look at a file."""
        try:
            return bool(self._waiting) or (self._directory / FILE).stat().st_size > 0
        except FileNotFoundError:
            return False

    def take(self) -> list[Hint]:
        """Every line that is not `done` yet, those of an earlier daemon too. Raises OSError."""
        new = self._directory / FILE
        if new.exists() and new.stat().st_size:
            new.rename(self._directory / f"{FILE}.{time.time_ns()}")
        for file in sorted(self._directory.glob(f"{FILE}.*")):
            if file.is_file():  # a pipe would be waited for
                self._read_on(file)
        self._let_go()
        return [hint for hints in self._waiting.values() for hint in hints]

    def done(self, hints: list[Hint]) -> None:
        """These lines are taken care of. Raises OSError."""
        settled = set(hints)
        for waiting in self._waiting.values():
            waiting[:] = [hint for hint in waiting if hint not in settled]
        self._let_go()

    def _let_go(self) -> None:
        """Remove the files of which no line is left, when they are old enough."""
        for file, waiting in list(self._waiting.items()):
            taken = int(file.suffix[1:]) / 1e9 if file.suffix[1:].isdecimal() else 0.0
            if not waiting and not 0 <= time.time() - taken < KEPT_S:
                with suppress(FileNotFoundError):  # a cleaner took it
                    self._read_on(file)
                if not waiting:
                    self._remove(file)

    def _read_on(self, file: Path) -> None:
        with file.open("rb") as opened:
            opened.seek(self._read.get(file, 0))
            text = opened.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._read[file] = self._read.get(file, 0) + len(whole)
        waiting = self._waiting.setdefault(file, [])
        for line in whole.splitlines(keepends=True):
            hint = parse(line)
            if hint is None:
                log.warning("a line of the spool is passed over: %r", line[:200])
                continue
            if hint in waiting:  # said again: the last time counts, as of a hook that was put back at once
                waiting.remove(hint)
            waiting.append(hint)

    def _remove(self, file: Path) -> None:
        file.unlink(missing_ok=True)
        self._read.pop(file, None)
        self._waiting.pop(file, None)
