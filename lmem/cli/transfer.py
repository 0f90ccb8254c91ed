"""add --jsonl and export: many memories as JSON lines, in and out.

Not the rules for one line; the daemon judges each memory on its own.
"""

from __future__ import annotations

import json
import os
import sys
from collections import deque
from collections.abc import Iterator
from typing import IO, Any

from lmem.cli import output
from lmem.cli.interrupts import Interrupts, say_stopped
from lmem.cli.link import ask, given, reach
from lmem.cli.progress import Progress, lines_of
from lmem.cli.run import INTERRUPTED, with_command
from lmem.cli.wholefile import whole
from lmem.client.connection import Connection
from lmem.errors import InvalidInput
from lmem.ids import new_id
from lmem.protocol.messages import result_of

CHUNK_ITEMS = 200
CHUNK_BYTES = 2_000_000
IN_FLIGHT = 4
LINE_BYTES = 4_000_000
PAGE = 500

Row = dict[str, Any]
"""One line's outcome: {"line", "id", "created"} or {"line", "error"}; also what was made because it named it."""
SAID = ("line", "id", "created", "changed", "redacted", "error", "new_project", "new_session")
"""What of an outcome is printed, in this order."""
Chunk = tuple[list[Row], list[Row]]
"""Items to send, and one row for each line in order: an error already known, or {"line"} that waits for its answer."""


def add_lines(path: str, common: Row, as_json: bool) -> int:
    """Add one memory for each line of `path`; exit status 1 when a line was refused, the others being stored.

    Ctrl-C waits for the answers that are under way, at most IN_FLIGHT, and says how far it came.
    """
    added = known = refused = last = 0
    with opened(path) as file, reach() as daemon, progress(path, as_json) as bar, Interrupts() as interrupts:
        total = lines_of(file) if bar.is_shown else None
        for rows in _sent(daemon, interrupts.until(chunks(file, common))):
            added += sum(bool(row.get("created")) for row in rows)
            known += sum(row.get("created") is False for row in rows)
            refused += sum("error" in row for row in rows)
            for row in rows:
                print_row(row, as_json)
            sys.stdout.flush()
            last = rows[-1]["line"]
            bar.show(last, total)
    if not as_json:
        output.line(f"{remembered(added, known)}; {output.count(refused, 'line')} refused.")
    if interrupts.asked:
        say_stopped(path, last)
        return INTERRUPTED
    return 1 if refused else 0


def remembered(added: int, known: int) -> str:
    """How many memories a bulk add made, and how many it found to be there already."""
    also = f", {known:,} known already" if known else ""
    return f"Remembered {output.count(added, 'memory', 'memories')}{also}"


def _sent(daemon: Connection, chunks: Iterator[Chunk]) -> Iterator[list[Row]]:
    """The finished rows of each chunk, in order; at most IN_FLIGHT requests are under way."""
    waiting: deque[tuple[int | None, list[Row]]] = deque()
    run = new_id()  # one change, which one undo takes back
    for items, rows in chunks:
        request: Row = {"items": items, "source_tool": "cli.bulk", "run": run}
        waiting.append((daemon.send("memory/add_many", request) if items else None, rows))
        if len(waiting) == IN_FLIGHT:
            yield _received(daemon, *waiting.popleft())
    while waiting:
        yield _received(daemon, *waiting.popleft())


def _received(daemon: Connection, number: int | None, rows: list[Row]) -> list[Row]:
    """The rows of a chunk with the daemon's answers in the places that wait for them."""
    if number is None:
        return rows
    result = result_of(daemon.receive(number)[1])
    answers = iter(result["results"] if isinstance(result, dict) else ())
    return [row if "error" in row else {**row, **next(answers)} for row in rows]


def opened(path: str) -> IO[bytes]:
    """The lines of a file, or of standard input for '-'."""
    return os.fdopen(os.dup(0), "rb") if path == "-" else open(path, "rb")


def progress(path: str, as_json: bool) -> Progress:
    """A count of the lines that were sent."""
    return Progress(f"Adding {'from standard input' if path == '-' else path}", as_json=as_json)


def chunks(file: IO[bytes], common: Row) -> Iterator[Chunk]:
    """The lines of a file in requests of at most CHUNK_ITEMS lines and CHUNK_BYTES."""
    items: list[Row] = []
    rows: list[Row] = []
    room = CHUNK_BYTES
    for number, raw in enumerate(file, 1):
        if not raw.strip():
            continue
        if rows and (len(rows) >= CHUNK_ITEMS or len(raw) > room):
            yield items, rows
            items, rows, room = [], [], CHUNK_BYTES
        room -= len(raw)
        row: Row = {"line": number}
        try:
            items.append({"id": new_id(), **common, **_parsed(raw), **row})
        except InvalidInput as err:
            row["error"] = {"code": err.code, "message": err.message, "hint": err.hint}
        rows.append(row)
    if rows:
        yield items, rows


def _parsed(raw: bytes) -> Row:
    """The object in a line. Raises InvalidInput when there is none."""
    if len(raw) > LINE_BYTES:
        raise InvalidInput(f"The line has over {LINE_BYTES // 1_000_000} MB.", hint="Split it into several memories.")
    try:
        found = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as err:
        raise InvalidInput("The line is not valid UTF-8.", hint="Convert the file, for example with iconv.") from err
    except (ValueError, RecursionError) as err:
        hint = 'Write one object a line, as {"content": "we chose X because Y"}.'
        raise InvalidInput(f"The line is not JSON: {err}.", hint=hint) from err
    if not isinstance(found, dict):
        raise InvalidInput("The line is not a JSON object.", hint='Write it as {"content": "..."}.')
    return found


def print_row(row: Row, as_json: bool) -> None:
    """What is said of one line: all of it as JSON, to people only what went wrong, was replaced or was made for it."""
    if "error" in row:
        row = {**row, "error": {**row["error"], "hint": with_command(row["error"].get("hint") or "", "add")}}
    if as_json:
        output.answer_json({name: row[name] for name in SAID if name in row})
        return
    if "error" in row:
        error = row["error"]
        output.note(f"line {row['line']}: {output.visible(error['message'])} {output.visible(error['hint'])}")
    else:
        output.note_redacted(row, f"line {row['line']}: ")
    for what in ("project", "session"):
        if name := row.get(f"new_{what}"):
            output.note(output.paint(f"line {row['line']}: New {what} {output.visible(name)}.", "dim", sys.stderr))


def export(*, to: str | None, as_json: bool, **fields: Any) -> int:
    """lmem export. With --output the file appears whole or not at all."""
    path, filters = to, given(fields)
    private = written = 0
    if path is None or path == "-":
        for record in _records(filters):
            private += _is_private(record)
            output.answer_json(record)
        _say_private(private, filters)
        return 0
    with whole(path) as file, Progress("Writing", as_json=as_json) as bar:
        for written, record in enumerate(_records(filters), 1):
            private += _is_private(record)
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
            bar.show(written, None)
    if as_json:
        output.answer_json({"path": os.path.abspath(path), "memories": written, "private": private})
    else:
        output.line(f"Wrote {output.count(written, 'memory', 'memories')} to {path}.")
        _say_private(private, filters)
    return 0


def _is_private(record: Row) -> bool:
    """Whether a record is private, or holds a version of a time when it was."""
    return bool(record.get("private")) or any("is_private" in version["diff"] for version in record["versions"])


def _say_private(private: int, filters: Row) -> None:
    """Say what an export holds that is for nobody else, unless that was asked for."""
    if private and not filters.get("private"):
        them = "1 private memory is" if private == 1 else f"{private:,} private memories are"
        output.note(f"{them} among them; --no-private leaves out what others should not read.")


def _records(filters: Row) -> Iterator[Row]:
    """Every record, page by page."""
    after: object = None
    while True:
        page = ask("memory/export", {**filters, "limit": PAGE, **given({"after": after})}, idempotent=True)
        yield from map(_whole, page["records"])
        after = page.get("next")
        if not after:
            return


def _whole(record: Row) -> Row:
    """A record with those of its versions that its page had no room for."""
    after = record.pop("versions_next", None)
    while after is not None:
        found = ask("memory/history", {"id": record["id"], "after": after}, idempotent=True)
        record["versions"] += found["versions"]
        after = found.get("next")
    return record
