"""Changing one setting in a TOML file that a person wrote: comments, order and line ends stay as they are.

Not a TOML writer: a line is replaced, added or taken away, and the result has to parse to exactly that change, else
nothing is written. A leaf that both sides may import.
"""

from __future__ import annotations

import json
import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from lmem import durable
from lmem.config import flattened
from lmem.errors import Conflict, InvalidInput
from lmem.settings import Value

_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\\\n]*"|'[^'\n]*')"""
_KEY = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_HEADER = re.compile(rf"[ \t]*\[[ \t]*({_KEY})[ \t]*\][ \t]*(?:#.*)?")
_VALUE = r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s#"']+)"""
_LINE = re.compile(
    rf"(?P<before>[ \t]*(?P<key>{_KEY})[ \t]*=[ \t]*)(?P<value>{_VALUE})(?P<after>[ \t]*(?:#.*)?)"
)


def changed(text: str, file: Path, key: str, value: Value | None) -> str:
    """`text` with `key` set to `value`, or without it when that is None.

    Raises InvalidInput when the text is not TOML, or has the key in a form that only an editor can change.
    """
    wanted = flattened(text, file)
    if value is None:
        wanted.pop(key, None)
    else:
        wanted[key] = value
    for candidate in _candidates(text, key, value):
        if _reads_as(candidate, file, wanted):
            return candidate
    raise InvalidInput(
        f"'{key}' stands in {file} in a form that lmem does not change.", hint="Change it with 'lmem config edit'."
    )


def write(file: Path, change: Callable[[str], str], mode: int = 0o600) -> None:
    """Replace a file by what `change` makes of its text ('' when there is none), whole or not at all.

    A link stays a link: the file it names is replaced. Raises InvalidInput when it is no plain file or not UTF-8,
    Conflict when it was changed meanwhile, and what `change` raises; then it is as it was.
    """
    target = Path(os.path.realpath(file))
    raw = _bytes(target)
    new = change(_text(raw or b"", file)).encode()
    if new == raw:
        return
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as out:
            os.fchmod(out.fileno(), mode if raw is None else stat.S_IMODE(target.stat().st_mode))
            out.write(new)
            out.flush()
            os.fsync(out.fileno())
        if _bytes(target) != raw:
            raise Conflict(f"{file} was changed by somebody else meanwhile.", hint="Run the command again.")
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
    durable.sync(target.parent)


def spelt(value: Value) -> str:
    """A value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f") if isinstance(value, str) else repr(value)


def _bytes(file: Path) -> bytes | None:
    try:
        if not stat.S_ISREG(file.stat().st_mode):  # a pipe would be waited for
            raise InvalidInput(f"{file} is not a plain file.", hint="Put a text file in its place, or remove it.")
        return file.read_bytes()
    except FileNotFoundError:
        return None


def _text(raw: bytes, file: Path) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as err:
        raise InvalidInput(f"{file} is not valid UTF-8: {err}.", hint=f"Correct it with an editor: {file}") from err


def _reads_as(text: str, file: Path, wanted: dict[str, object]) -> bool:
    try:
        found = flattened(text, file)
    except InvalidInput:
        return False
    return found == wanted and {key: type(value) for key, value in found.items()} == {
        key: type(value) for key, value in wanted.items()
    }


def _candidates(text: str, key: str, value: Value | None) -> Iterator[str]:
    """Texts that may be the wanted one, the least change first."""
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.split("\n")
    sections = _sections(lines)
    for number, line in enumerate(lines):
        found = _LINE.fullmatch(line.rstrip("\r"))
        if found is None or ".".join(filter(None, (sections[number], _plain(found["key"])))) != key:
            continue
        if value is None:
            yield "\n".join(lines[:number] + lines[number + 1 :])
        else:
            new = f"{found['before']}{spelt(value)}{found['after']}" + line[len(line.rstrip("\r")) :]
            yield "\n".join([*lines[:number], new, *lines[number + 1 :]])
    if value is None:
        yield text
        return
    table, _, name = key.rpartition(".")
    assignment = f"{name} = {spelt(value)}{end[:-1]}"
    for at in _ends(lines, sections, table):
        yield "\n".join([*lines[:at], assignment, *lines[at:]])
    if table:
        gap = "" if not text.strip() else end if text.endswith("\n") else end * 2
        yield f"{text}{gap}[{table}]{end}{assignment}\n"
    else:
        yield f"{assignment}\n{end}{text}" if text.strip() else f"{assignment}\n"


def _sections(lines: list[str]) -> list[str]:
    """For each line the table it stands in."""
    found, current = [], ""
    for line in lines:
        if header := _HEADER.fullmatch(line.rstrip("\r")):
            current = _plain(header[1])
        found.append(current)
    return found


def _ends(lines: list[str], sections: list[str], table: str) -> Iterator[int]:
    """Where a line may be added to a table: after its last line that says something."""
    said = [
        number for number, line in enumerate(lines)
        if sections[number] == table and line.strip() and not line.lstrip().startswith("#")
    ]  # fmt: skip
    if said:
        yield said[-1] + 1


def _plain(key: str) -> str:
    """A key as lmem writes it: parts joined by dots, without quotes or blanks."""
    return ".".join(part.strip("\"'") for part in re.findall(_PART, key))
