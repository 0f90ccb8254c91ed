"""Ctrl-C in the middle of many requests: it ends the work between two of them, so that what was done can be said.

Not for a single request; that is given up at once.
"""

from __future__ import annotations

import shlex
import signal
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import TypeVar

from lmem.cli import output

Item = TypeVar("Item")


class Interrupts:
    """While it is entered the first Ctrl-C only sets `asked`, except in `until`; the second one interrupts."""

    def __init__(self) -> None:
        self.asked = False
        self._at_once = False

    def __enter__(self) -> Interrupts:
        self._before = signal.signal(signal.SIGINT, self._heard)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    def until(self, items: Iterator[Item]) -> Iterator[Item]:
        """`items` up to the first Ctrl-C, which also ends the wait for the next one."""
        while not self.asked:
            try:
                self._at_once = True
                item = next(items)
            except (StopIteration, KeyboardInterrupt):
                return
            finally:
                self._at_once = False
            yield item

    def _heard(self, number: int, frame: FrameType | None) -> None:
        again, self.asked = self.asked, True
        if again or self._at_once:
            raise KeyboardInterrupt


def say_stopped(path: str, last: int) -> None:
    """How far the lines of a file came, and how to go on; on stderr."""
    output.note(f"Interrupted after line {last:,}; the lines after it are not stored.")
    if last and path != "-":
        output.note(f"Go on with: tail -n +{last + 1} {shlex.quote(path)} | lmem add --jsonl -")
        output.note("From its start again, lines that have no source_id would be stored twice.")
