"""The command tree as plain records, read from the Typer application.

Not a renderer; `man`, `shells` and `table` turn these records into files.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass

import typer
from typer._click import types
from typer._click.core import Command as ClickCommand
from typer._click.core import Parameter
from typer.core import TyperArgument, TyperGroup, TyperOption

from lmem.cli.app import build


@dataclass(frozen=True, slots=True)
class Option:
    """One option: kind is text, many, int, float or flag; `off` are the flags that unset it."""

    name: str
    flags: tuple[str, ...]
    off: tuple[str, ...]
    kind: str
    metavar: str
    help: str
    default: object


@dataclass(frozen=True, slots=True)
class Argument:
    """A command's argument: kind is one, maybe (one or none), some (one or more) or any (none or more)."""

    name: str
    kind: str
    metavar: str
    help: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command, or a group with its `children`. `name` is as typed after lmem: 'daemon start'; '' is lmem itself."""

    name: str
    text: tuple[str, ...]
    arguments: tuple[Argument, ...]
    options: tuple[Option, ...]
    children: tuple[Command, ...] = ()

    @property
    def summary(self) -> str:
        """Its first sentence, without the stop."""
        return self.text[0].partition(". ")[0].rstrip(".")

    def leaves(self) -> Iterator[Command]:
        """Every command below that is not a group, in order; itself when it is none."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


def read_tree() -> Command:
    """The whole tree."""
    return _command("", typer.main.get_command(build()))


def _command(name: str, click: ClickCommand) -> Command:
    params = [param for param in click.params if not getattr(param, "hidden", False)]
    arguments = tuple(_argument(param) for param in params if isinstance(param, TyperArgument))
    options = tuple(_option(param) for param in params if isinstance(param, TyperOption))
    children = click.commands.items() if isinstance(click, TyperGroup) else ()
    paragraphs = inspect.cleandoc(click.help or "").split("\n\n")
    return Command(
        name,
        tuple(" ".join(paragraph.split()) for paragraph in paragraphs),
        arguments,
        options,
        tuple(_command(f"{name} {child}".strip(), found) for child, found in children),
    )


def _argument(param: TyperArgument) -> Argument:
    several = param.nargs == -1
    kind = ("some" if param.required else "any") if several else ("one" if param.required else "maybe")
    return Argument(str(param.name), kind, str(param.metavar), param.help or "")


def _option(param: TyperOption) -> Option:
    kind = "flag" if param.is_flag else "many" if param.multiple else _kind(param)
    flags = tuple(sorted(param.opts, key=lambda flag: not flag.startswith("--")))
    off = tuple(param.secondary_opts)
    return Option(str(param.name), flags, off, kind, param.metavar or "", param.help or "", param.default)


def _kind(param: Parameter) -> str:
    return "int" if param.type is types.INT else "float" if param.type is types.FLOAT else "text"
