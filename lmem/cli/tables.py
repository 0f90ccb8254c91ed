"""Rows of an answer: a table on a terminal, lines with tabs for programs.

Not how a table is drawn; see `lmem.cli.drawing`, which is imported only for a terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from lmem.cli.output import line


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> None:
    """A table on a terminal, else its rows with tabs; `numbers` are the columns that align to the right."""
    if sys.stdout.isatty():
        from lmem.cli.drawing import print_table

        print_table(columns, rows, numbers)
        return
    for row in rows:
        line("\t".join(row))
