"""add --jsonl --atomic: every line of a file is stored, or none.

Not the rules for one line, and not the transaction; the daemon has both.
"""

from __future__ import annotations

from lmem.cli import output
from lmem.cli.link import reach
from lmem.cli.progress import lines_of
from lmem.cli.transfer import Row, chunks, opened, print_row, progress, remembered
from lmem.client.connection import Connection
from lmem.errors import Conflict, InvalidInput

REFUSED = 2
"""The exit status when a line was refused, whenever that was found out."""


def add_all(path: str, common: Row, as_json: bool) -> int:
    """Add one memory for each line of `path` as one change; exit status 2, and nothing stored, when a line is refused.
    """
    with opened(path) as file, reach() as daemon, progress(path, as_json) as bar:
        total = lines_of(file) if bar.is_shown else None
        number, good, bad = str(daemon.call("transaction/begin", {})["transaction"]), list[Row](), 0
        try:
            for items, rows in chunks(file, common):
                for row in _staged(daemon, number, items, rows):
                    if "error" in row:
                        bad += 1
                        print_row(row, as_json)
                    else:
                        good.append(row)
                bar.show(rows[-1]["line"], total)
        except KeyboardInterrupt:
            output.note("Interrupted: nothing was stored.")
            raise
        except (InvalidInput, Conflict):  # other errors end the connection, or the transaction is over already
            daemon.call("transaction/rollback", {"transaction": number})
            raise
        if bad:
            daemon.call("transaction/rollback", {"transaction": number})
            return _nothing(f"{output.count(bad, 'line')} of {len(good) + bad:,} refused", as_json)
        bar.show(len(good), len(good), "Storing")
        try:
            done: Row = daemon.call("transaction/commit", {"transaction": number})
        except (Conflict, InvalidInput) as err:  # a line that does not fit what is stored
            from lmem.cli.run import report

            report(err, as_json)
            return REFUSED
    _say(good, done, as_json)
    return 0


def _staged(daemon: Connection, number: str, items: list[Row], rows: list[Row]) -> list[Row]:
    """The rows of a chunk with the daemon's answers in the places that wait for them."""
    if not items:
        return rows
    request = {"items": items, "source_tool": "cli.bulk"}
    params: Row = {"transaction": number, "method": "memory/add_many", "params": request}
    staged: Row = daemon.call("transaction/stage", params)
    answers = iter(staged["results"])
    return [row if "error" in row else {**row, **next(answers)} for row in rows]


def _say(rows: list[Row], done: Row, as_json: bool) -> None:
    change, results = done["change_set"], done["results"]
    if as_json:
        for row, result in zip(rows, results, strict=True):
            output.answer_json({**row, **result, "change_set": change})
        return
    for row, result in zip(rows, results, strict=True):
        print_row({**row, **result}, as_json)
    known = sum(not result["created"] for result in results)
    output.line(f"{remembered(len(results) - known, known)}.")
    if change is not None:
        output.note(output.paint(f"'lmem undo {change}' takes all of them back.", "dim"))


def _nothing(why: str, as_json: bool) -> int:
    if not as_json:
        output.line(f"Nothing was stored: {why}.")
    return REFUSED
