"""The fast reader's option table, as Python source.

Not the reader; see `lmem.cli.fast`.
"""

from __future__ import annotations

from lmem.cli.reference.tree import Command

HEAD = '''"""Every command's argument, options and defaults for `lmem.cli.fast`.

Not written by hand: `python -m lmem.cli.reference` makes it from the Typer tree.
"""

# ruff: noqa: E501
# fmt: off

from __future__ import annotations

COMMANDS: dict[str, tuple[tuple[str, str] | None, dict[str, tuple[str, str]]]] = {
'''


def source(root: Command) -> str:
    """The text of lmem/cli/_options.py."""
    lines = [HEAD]
    for command in root.leaves():
        lines.append(f"    {_text(command.name)}: ({_value(_argument(command))}, {_value(_flags(command))}),\n")
    lines.append("}\n\nDEFAULTS: dict[str, dict[str, object]] = {\n")
    for command in root.leaves():
        lines.append(f"    {_text(command.name)}: {_value(_defaults(command))},\n")
    return "".join([*lines, "}\n"])


def _argument(command: Command) -> tuple[str, str] | None:
    """Name and kind of a command's argument; of several only Typer knows which is which."""
    if len(command.arguments) > 1:
        return command.arguments[0].name, "several"
    return (command.arguments[0].name, command.arguments[0].kind) if command.arguments else None


def _flags(command: Command) -> dict[str, tuple[str, str]]:
    flags: dict[str, tuple[str, str]] = {}
    for option in command.options:
        flags |= {flag: (option.name, "on" if option.kind == "flag" else option.kind) for flag in option.flags}
        flags |= {flag: (option.name, "off") for flag in option.off}
    return flags


def _defaults(command: Command) -> dict[str, object]:
    found: dict[str, object] = {option.name: option.default for option in command.options}
    return found | {argument.name: None for argument in command.arguments}


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(key)}: {_value(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, tuple):
        return "(" + ", ".join(_value(inner) for inner in value) + ")"
    return _text(value) if isinstance(value, str) else repr(value)


def _text(text: str) -> str:
    return f'"{text}"'
