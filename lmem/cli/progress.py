"""A progress bar where there is a terminal to show it on, else silence.

Not the drawing; see `lmem.cli.drawing`, which this imports only when needed.
"""

from __future__ import annotations

import os
import stat
import sys
from types import TracebackType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any

    from lmem.cli.drawing import Bar


class Progress:
    """Counts on stderr; `as_json` or a pipe silence it. Use as a context manager."""

    def __init__(self, what: str, *, bytes_: bool = False, as_json: bool = False) -> None:
        self._bar: Bar | None = None
        if sys.stderr.isatty() and not as_json and os.environ.get("TERM") != "dumb":
            from lmem.cli.drawing import Bar

            self._bar = Bar(what, bytes_)

    @property
    def is_shown(self) -> bool:
        """Whether anybody sees it."""
        return self._bar is not None

    def __enter__(self) -> Progress:
        if self._bar:
            self._bar.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.__exit__(kind, error, trace)

    def show(self, done: float, total: float | None, what: str | None = None) -> None:
        """So much of so much is done."""
        if self._bar:
            self._bar.show(done, total, what)

    def on_notification(self, params: dict[str, Any]) -> None:
        """The daemon's `$/progress`."""
        total = params.get("total")
        self.show(float(params.get("done") or 0), float(total) if total else None, params.get("what"))


def lines_of(file: IO[bytes]) -> int | None:
    """How many lines a regular file has, which is read from its start afterwards; None for a pipe."""
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return None
    start, number, end = file.tell(), 0, b"\n"
    while block := file.read(1 << 20):
        number, end = number + block.count(b"\n"), block[-1:]
    file.seek(start)
    return number + (end != b"\n")
