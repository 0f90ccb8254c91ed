"""The argv reader of the hot path: the common forms of a command line, from a table generated from the Typer tree.

Not the definition of the command line: whatever it does not know for certain is None, and Typer reads it instead.
"""

from __future__ import annotations

from lmem.cli._options import COMMANDS, DEFAULTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Parsed = tuple[str, dict[str, Any]]


def parse(argv: list[str]) -> Parsed | None:
    """The command's name and its values, exactly as Typer would hand them over; None when Typer has to look."""
    if not argv or argv == ["--json"]:
        return "", {"as_json": bool(argv)}
    name, rest = argv[0], argv[1:]
    if name not in COMMANDS and len(argv) > 1 and " " not in name:
        name, rest = f"{argv[0]} {argv[1]}", argv[2:]
    elif " " in name:
        return None
    if name not in COMMANDS:
        return None
    argument, options = COMMANDS[name]
    values = dict(DEFAULTS[name])
    words = _read(rest, options, values)
    if words is None or not _place(words, argument, values):
        return None
    return name, values


def _read(rest: list[str], options: dict[str, tuple[str, str]], values: dict[str, Any]) -> list[str] | None:
    """Put the options of `rest` into `values`; returns the words that are none, or None when in doubt."""
    words: list[str] = []
    position = 0
    while position < len(rest):
        arg = rest[position]
        position += 1
        if arg == "--":
            return words + rest[position:]
        if arg[:1] != "-" or arg == "-":
            words.append(arg)
            continue
        flag, equals, value = arg.partition("=") if arg[:2] == "--" else (arg, "", "")
        if flag not in options:
            return None
        name, kind = options[flag]
        if kind in ("on", "off"):
            if equals:
                return None
            values[name] = kind == "on"
            continue
        if not equals:
            if position == len(rest):
                return None
            value = rest[position]
            position += 1
            if value[:1] == "-" and value != "-":
                return None
        if not _store(name, kind, value, values):
            return None
    return words


def _store(name: str, kind: str, value: str, values: dict[str, Any]) -> bool:
    try:
        if kind == "many":
            values[name] = [*(values[name] or ()), value]
        else:
            values[name] = int(value) if kind == "int" else float(value) if kind == "float" else value
    except ValueError:
        return False
    return True


def _place(words: list[str], argument: tuple[str, str] | None, values: dict[str, Any]) -> bool:
    """Put the words where the command's argument wants them; False when there are too few or too many."""
    if argument is None:
        return not words
    name, kind = argument
    if kind == "several":
        return False
    if not words:
        return kind in ("maybe", "any")
    if kind in ("one", "maybe"):
        if len(words) > 1:
            return False
        values[name] = words[0]
    else:
        values[name] = words
    return True
