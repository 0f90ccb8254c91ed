"""Tables and progress bars, drawn with rich: imported only where one is drawn on a terminal.

Not for plain lines; see `lmem.cli.output`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Literal, TextIO

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from lmem.cli.output import coloured


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> None:
    """A table on stdout; `numbers` are the columns that align to the right."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for index, name in enumerate(columns):
        table.add_column(name, justify="right" if index in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    _console(sys.stdout).print(table)


def _console(stream: TextIO) -> Console:
    """A console that is as plain as `lmem.cli.output` is there."""
    colours: Literal["auto"] | None = "auto" if coloured(stream) else None
    return Console(file=stream, color_system=colours, markup=False, emoji=False, highlight=False)


class Bar:
    """A progress bar on stderr that is driven by `(done, total, what)`; gone when it is left."""

    def __init__(self, what: str, bytes_: bool = False) -> None:
        amount = DownloadColumn() if bytes_ else MofNCompleteColumn()
        self._progress = Progress(
            TextColumn("{task.description}", markup=False), BarColumn(), amount, TimeRemainingColumn(),
            console=_console(sys.stderr), transient=True,
        )  # fmt: skip
        self._task = self._progress.add_task(what, total=None)

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, done: float, total: float | None, what: str | None = None) -> None:
        """Move the bar."""
        if what is None:
            self._progress.update(self._task, completed=done, total=total)
        else:
            self._progress.update(self._task, completed=done, total=total, description=what)
