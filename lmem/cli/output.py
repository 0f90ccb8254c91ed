"""What goes to the terminal: plain lines, JSON lines, colours, and stored text made harmless.

Not tables or progress bars (see `lmem.cli.drawing`): this is imported by the hot verbs, so it knows no rich.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO

SHORT = 8
"""Characters of an id that people see."""
TITLE = 20
"""Columns that a title has at least, before what stands beside it is left out."""

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def line(text: str = "") -> None:
    """A line of the answer, on stdout."""
    _write(sys.stdout, text + "\n")


def note(text: str) -> None:
    """A line for people, on stderr."""
    _write(sys.stderr, text + "\n")


def note_redacted(answer: Mapping[str, Any], lead: str = "") -> None:
    """Which credentials were replaced and where, and which were kept; on stderr."""
    for item in answer.get("redacted") or ():
        place = f"{item['field']}, line {item['line']}, column {item['column']}"
        note(f"{lead}Replaced a secret ({visible(str(item['kind']))}) in {visible(place)}; --allow-secret keeps it.")
    for item in answer.get("kept_secrets") or ():
        note(f"{lead}Kept a secret ({visible(str(item['kind']))}) in {visible(str(item['field']))}, as you allowed.")


def note_scope(scope: Mapping[str, object] | None, whole: bool = False) -> None:
    """Which project an answer depends on and why, on stderr; with `whole` everything that the router decided."""
    if scope and whole:
        note(paint(visible(f"Read: {scope['because']}."), "dim", sys.stderr))
    elif scope and scope["project"] and scope["project_because"] != "it was named":
        note(paint(visible(f"Project {scope['project']}: {scope['project_because']}."), "dim", sys.stderr))


def note_passed_over(answer: Mapping[str, Any]) -> None:
    """Say which variable of the environment names what there is not; on stderr."""
    for variable in answer.get("passed_over") or ():
        what = "session" if variable == "LMEM_SESSION" else "project"
        name = visible(os.environ.get(variable, ""))
        note(f"{variable} names the {what} '{name}', which there is not. To go on without it: unset {variable}")


def note_degraded(answer: Mapping[str, Any]) -> None:
    """Say which stores an answer had to do without, and why."""
    for lost in answer.get("degraded") or []:
        note(visible(f"Without the {lost['store']}: {lost['reason']} {lost.get('hint') or ''}".rstrip()))


def answer_json(value: object) -> None:
    """A JSON answer on a line of its own, on stdout."""
    line(_json(value, sys.stdout))


def note_json(value: object) -> None:
    """A JSON error, on stderr."""
    note(_json(value, sys.stderr))


def _json(value: object, stream: TextIO) -> str:
    """JSON that is the same value in whatever encoding the stream has: letters are written as such in UTF-8 alone."""
    return json.dumps(value, ensure_ascii=(stream.encoding or "").lower() not in ("utf-8", "utf8"))


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:  # a terminal that is not UTF-8, or a lone surrogate from a path
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def coloured(stream: TextIO) -> bool:
    """Whether `stream` takes colours: NO_COLOR and TERM=dumb switch them off, FORCE_COLOR on."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return os.environ.get("TERM") != "dumb" and stream.isatty()


def paint(text: str, colour: str, stream: TextIO | None = None) -> str:
    """`text` in a colour, where the stream (stdout if not said) takes colours."""
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if coloured(stream or sys.stdout) else text


def visible(text: object) -> str:
    """Stored text with control and direction characters spelt out (`\\x1b`), so that no terminal obeys them.

    Line ends and tabs stay.
    """
    found = str(text)
    return found.translate(_SPELT) if not found.isascii() or not found.isprintable() else found


def stored(text: object) -> str:
    """Stored text as stdout may have it: harmless on a terminal, exact in a pipe."""
    return visible(text) if sys.stdout.isatty() else str(text)


_SPELT = {
    code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    for code in (
        *(c for c in range(32) if c not in (9, 10)), *range(0x7F, 0xA0),
        0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A),
    )
}  # fmt: skip


def fit(text: str, used: int) -> str:
    """`text` cut to what is left of a terminal's line after `used` columns; whole in a pipe."""
    if not sys.stdout.isatty():
        return text
    room = max(1, columns() - used)
    return text if len(text) <= room else text[: room - 1] + "…"


def roomy(used: int) -> bool:
    """Whether a title has enough room after `used` columns; a pipe has always."""
    return not sys.stdout.isatty() or columns() - used >= TITLE


def columns() -> int:
    """The terminal's width: COLUMNS, else what it says, else 80."""
    try:
        return int(os.environ.get("COLUMNS", "")) or 80
    except ValueError:
        try:
            return os.get_terminal_size(sys.stdout.fileno()).columns or 80
        except OSError:
            return 80


def short(memory: Mapping[str, object]) -> str:
    """The id of a memory as people see it."""
    return str(memory["id"])[:SHORT]


def age(when: object) -> str:
    """How long ago an ISO time was, in a word or two: 'now', '5 min', '3 h', '4 d', else the date."""
    from datetime import UTC, datetime

    then = datetime.fromisoformat(str(when))
    seconds = (datetime.now(UTC) - (then if then.tzinfo else then.replace(tzinfo=UTC))).total_seconds()
    for limit, unit, size in ((90, "now", 0), (5400, "min", 60), (172_800, "h", 3600), (5_184_000, "d", 86_400)):
        if abs(seconds) < limit:
            return f"{int(seconds // size)} {unit}" if size else unit
    return then.astimezone().strftime("%Y-%m-%d")


def count(number: object, noun: str, plural: str | None = None) -> str:
    """'1 memory', '3 memories'."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}" if isinstance(number, int) else f"? {noun}"


def size(number: object) -> str:
    """Bytes for people: '12 B', '3.4 MB'."""
    value = float(number) if isinstance(number, int | float) else 0.0
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"
