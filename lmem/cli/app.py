"""The Typer application: the one definition of the command line, put together from `lmem.cli.tree`.

Not the hot path; `lmem.cli.fast` reads the common forms without it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer
from typer import Context, Option
from typer._click.exceptions import ClickException, UsageError

from lmem._version import __version__
from lmem.cli.examples import EXAMPLES
from lmem.cli.run import INTERRUPTED, report, run
from lmem.cli.tree import (
    agents,
    backup,
    config,
    consistency,
    decay,
    graph,
    history,
    hooks,
    layers,
    lookup,
    memories,
    patterns,
    projects,
    sessions,
    upkeep,
)
from lmem.cli.tree.parameters import Json
from lmem.errors import InvalidInput

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lmem {__version__}")
        raise typer.Exit


def _home(
    context: Context,
    version: Annotated[
        bool, Option("--version", "-V", is_eager=True, callback=_show_version, help="Print the version.")
    ] = False,
    as_json: Json = False,
) -> int | None:
    """Long-term memory for software developers and the coding agents beside them.

    Without a command: the status in a line, the last five memories and what to try next.
    """
    if context.invoked_subcommand is None:
        return run("", {"as_json": as_json})
    return None


def examples(command: str) -> str:
    """The examples of a command as its help ends with them."""
    lines = [f"  $ {line}" for line, _ in EXAMPLES[command]]
    return "\b\nExamples:\n" + "\n".join(lines)


def build() -> typer.Typer:
    """The whole tree."""
    app = typer.Typer(
        add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, context_settings=SETTINGS
    )
    app.callback(invoke_without_command=True, epilog=examples(""))(_home)
    for name, function in _plain().items():
        app.command(name, epilog=examples(name), context_settings=SETTINGS)(function)
    for name, group in _groups().items():
        for command in group.registered_commands:
            command.epilog = examples(f"{name} {command.name}")
            command.context_settings = SETTINGS
        app.add_typer(group, name=name, context_settings=SETTINGS, epilog=examples(name))
    return app


def _groups() -> dict[str, typer.Typer]:
    """The commands of a noun and a verb, in the order of the help."""
    return {
        "session": sessions.sessions,
        "layer": layers.layers,
        "project": projects.projects,
        "patterns": patterns.patterns,
        "graph": graph.graph,
        "hook": hooks.hooks,
        "jobs": decay.jobs,
        "backup": backup.backup,
        "config": config.config,
        "audit": config.audit,
        "user": projects.users,
        "model": upkeep.model,
        "daemon": upkeep.daemon,
        "completions": upkeep.completions,
    }


def _plain() -> dict[str, Callable[..., int]]:
    """The commands that are one word, in the order of the help."""
    return {
        "add": memories.add,
        "search": lookup.search,
        "show": lookup.show,
        "list": lookup.list_,
        "edit": memories.edit,
        "done": memories.done,
        "forget": memories.forget,
        "restore": memories.restore,
        "link": graph.link,
        "unlink": graph.unlink,
        "related": graph.related,
        "merge": history.merge,
        "history": history.history,
        "diff": history.diff,
        "changes": history.changes,
        "undo": memories.undo,
        "timeline": history.timeline,
        "context": lookup.context,
        "pin": decay.pin,
        "unpin": decay.unpin,
        "decay": decay.decay,
        "tags": lookup.tags,
        "export": lookup.export,
        "mcp": agents.mcp,
        "status": upkeep.status,
        "doctor": upkeep.doctor,
        "stats": upkeep.stats,
        "verify": consistency.verify,
        "repair": consistency.repair,
        "rebuild": consistency.rebuild,
        "sync": consistency.sync,
        "init": upkeep.init,
        "version": upkeep.version,
    }


def main(argv: list[str]) -> int:
    """Read `argv` with Typer and do what it says; returns the exit status."""
    command = typer.main.get_command(build())
    try:
        return int(command.main(args=argv, prog_name="lmem", standalone_mode=False) or 0)
    except ClickException as err:
        return report(_as_ours(err), as_json="--json" in argv)
    except typer.Abort:
        return INTERRUPTED


def _as_ours(error: ClickException) -> InvalidInput:
    """A usage error as lmem says it."""
    message = error.format_message().strip()
    where = error.ctx.command_path if isinstance(error, UsageError) and error.ctx else "lmem"
    hint = f"See '{where} --help'."
    if where == "lmem edit" and message.startswith("Got unexpected extra argument"):
        hint = "A new text goes after --content: lmem edit ID --content TEXT, or - to read it from standard input."
    return InvalidInput(message if message.endswith((".", "?")) else f"{message}.", hint=hint)
