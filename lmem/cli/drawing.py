"""Tables and progress bars, drawn with rich: imported only where one is drawn on a terminal.

Not for plain lines; see `lmem.cli.output`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Literal, TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from lmem.cli.output import coloured

LONG_WORD = 20
"""Columns of the terminal; a longer word, as a path, may go over several lines."""
GAP = 2
"""Columns between two of a table."""


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> None:
    """A table on stdout; `numbers` are the columns that align to the right.

    Where it is too narrow for a table with whole words, a row is some lines, each with a column's name and value.
    """
    console, cells = _console(sys.stdout), [[Text.from_ansi(cell) for cell in row] for row in rows]
    widths = _widths(columns, cells, console.width)
    if widths is None:
        _print_records(console, columns, cells)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for index, name in enumerate(columns):
        side: Literal["left", "right"] = "right" if index in numbers else "left"
        table.add_column(name, justify=side, overflow="fold", width=widths[index])
    for row in cells:
        table.add_row(*row)
    console.print(table)


def _widths(columns: Sequence[str], rows: Sequence[Sequence[Text]], room: int) -> list[int] | None:
    """How wide each column is, so that all fit and no word breaks but a long one; None when that cannot be."""
    texts = [[name, *(row[index].plain for row in rows)] for index, name in enumerate(columns)]
    widths = [max(map(cell_len, column)) for column in texts]
    least = [max((cell_len(word) for cell in column for word in cell.split()), default=0) for column in texts]
    least = [min(width, LONG_WORD) for width in least]
    room -= GAP * (len(columns) - 1)
    if sum(least) > room:
        return None
    while sum(widths) > room:
        index = max((at for at in range(len(widths)) if widths[at] > least[at]), key=lambda at: widths[at])
        widths[index] -= 1
    return widths


def _print_records(console: Console, columns: Sequence[str], rows: Sequence[Sequence[Text]]) -> None:
    width = max(map(cell_len, columns))
    for number, row in enumerate(rows):
        if number:
            console.print()
        for name, cell in zip(columns, row, strict=True):
            if cell.plain:
                console.print(Text(f"{name:<{width}}  ", "bold").append_text(cell), overflow="fold")


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
