"""Where a text comes from: arguments, standard input, a file or an editor.

Not what a text must be: the daemon checks that; here only what cannot even be read as text is refused.
"""

from __future__ import annotations

import os
import sys
from types import TracebackType

from lmem.errors import InvalidInput, LmemError

READ_LIMIT = 4_000_000
"""Bytes; a request has to fit a frame even when half of its characters are escaped."""

PIPE = "Give it as an argument, or '-' to read it from a pipe."
"""What to do where there is no terminal to edit a text in."""


def from_words(words: list[str]) -> str:
    """The arguments as one text; a single '-' is standard input."""
    if words == ["-"]:
        return from_stdin()
    if words[0] == "-":
        raise InvalidInput(
            "'-' is standard input, and there is a text beside it.",
            hint="Give one of the two; a text that begins with '- ' goes in quotes.",
        )
    return checked(" ".join(words), "argument")


def from_stdin() -> str:
    """Standard input to its end. Raises InvalidInput when that is not text."""
    if sys.stdin.isatty():
        print("Write the text, then Ctrl-D.", file=sys.stderr)
    return decoded(sys.stdin.buffer.read(READ_LIMIT + 1), "standard input")


def from_file(path: str) -> str:
    """A file's text; '-' is standard input."""
    if path == "-":
        return from_stdin()
    with open(path, "rb") as file:
        return decoded(file.read(READ_LIMIT + 1), path)


def decoded(raw: bytes, where: str) -> str:
    """Bytes as text. Raises InvalidInput when they are not UTF-8, or too many."""
    if len(raw) > READ_LIMIT:
        raise InvalidInput(
            f"The text from {where} is over {READ_LIMIT // 1_000_000} MB.",
            hint="Split it: a memory is a thought, not an archive. 'lmem add --jsonl FILE' adds many at once.",
        )
    try:
        return checked(raw.decode("utf-8-sig"), where)
    except UnicodeDecodeError as err:
        raise InvalidInput(
            f"The text from {where} is not valid UTF-8 (byte {err.start}).",
            hint="Convert it first, for example: iconv -f latin1 -t utf-8 FILE | lmem add -",
        ) from err


def checked(text: str, where: str) -> str:
    """`text` if it is one. Raises InvalidInput for nothing, a NUL byte or bytes that were not UTF-8."""
    if "\0" in text:
        raise InvalidInput(f"The text from {where} has a NUL byte, so it is not text.", hint="Give plain UTF-8 text.")
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise InvalidInput(f"The text from {where} is not valid UTF-8.", hint="Convert it, for example with iconv.")
    if not text.strip():
        raise InvalidInput(
            f"The text from {where} is empty.", hint='Say what to remember: lmem add "we chose X because Y".'
        )
    return text


def from_editor(start: str, what: str, instead: str = PIPE) -> str:
    """The text after the user has edited `start` in $VISUAL or $EDITOR.

    Raises LmemError when the editor fails, InvalidInput when nothing was written.
    """
    return edited(start, what, ".md", instead).rstrip("\n")


def edited(start: str, what: str, suffix: str, instead: str = PIPE) -> str:
    """As `from_editor`, in a file with this suffix, its end kept. `instead` says what to do without a terminal."""
    import shlex
    import subprocess
    import tempfile

    if not sys.stdin.isatty():
        raise InvalidInput(f"There is no terminal to edit {what} in.", hint=instead)
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    handle, path = tempfile.mkstemp(prefix="lmem-", suffix=suffix)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(start)
        try:
            failed = subprocess.run([*command, path], check=False).returncode
        except FileNotFoundError as err:
            raise LmemError(
                f"The editor '{command[0]}' is not there.", hint="Set VISUAL or EDITOR to an editor that is."
            ) from err
        if failed:
            raise LmemError(
                f"The editor ended with status {failed}, so nothing was changed.", hint="Run the command again."
            )
        return from_file(path)
    finally:
        os.unlink(path)


class Kept:
    """What a user wrote in an editor; it is in a file, named in the hint, when what is done with it inside fails.

    None is a text that was not written there. Use as a context manager.
    """

    def __init__(self, text: str | None, suffix: str = ".md") -> None:
        self._text, self._suffix = text, suffix

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._text is None or not isinstance(error, LmemError):
            return
        import tempfile

        handle, path = tempfile.mkstemp(prefix="lmem-", suffix=self._suffix)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(self._text)
        error.hint = f"{error.hint} What you wrote is in {path}"


def number_after(place: str) -> dict[str, object]:
    """The context of `--at FILE:LINE`. Raises InvalidInput when LINE is not a number."""
    file, colon, number = place.rpartition(":")
    if not colon:
        return {"file": os.path.abspath(place)}
    if not file or not number.isdecimal():
        raise InvalidInput(f"'{place}' is not FILE:LINE.", hint="Write it as lmem/cli/app.py:12.")
    return {"file": os.path.abspath(file), "line": int(number)}
