"""The commands about settings and the audit log, as declared to Typer.

Not what they do; see `lmem.cli.config` and `lmem.cli.audit`.
"""

from __future__ import annotations

from typing import Annotated

import typer
from typer import Argument, Option

from lmem.cli.run import run
from lmem.cli.tree import parameters as p

Key = Annotated[str, Argument(metavar="KEY", help="The setting, as 'lmem config list' shows it.")]
Level = Annotated[
    str | None,
    Option(
        "--level",
        metavar="LEVEL",
        help="user (config.toml, if not said), project, project-file (.lmem.toml), preferences or system.",
    ),
]
OfProject = Annotated[str | None, Option("--project", "-p", metavar="NAME", help="As it is in this project.")]
Origin = Annotated[bool, Option("--show-origin", help="Say where the value comes from.")]

config = typer.Typer(help="Read and change settings.")


@config.command("get")
def config_get(key: Key, project: OfProject = None, show_origin: Origin = False, as_json: p.Json = False) -> int:
    """Print the value of a setting.

    It comes from the first that has it: the environment, the project's file (.lmem.toml), the project, your
    preferences, config.toml, system_config, the default. --show-origin prints what each of them says.
    """
    return run("config get", locals())


@config.command("set")
def config_set(
    key: Key,
    value: Annotated[str, Argument(metavar="VALUE", help="The new value.")],
    level: Level = None,
    project: OfProject = None,
    as_json: p.Json = False,
) -> int:
    """Change a setting; comments and order of the file stay.

    Most settings are in force at once; the answer says when the daemon has to be restarted. A project's file, which
    others may have written, cannot set what would widen what lmem may do.
    """
    return run("config set", locals())


@config.command("unset")
def config_unset(key: Key, level: Level = None, project: OfProject = None, as_json: p.Json = False) -> int:
    """Take a setting away; the next level's value is in force again."""
    return run("config unset", locals())


@config.command("list")
def config_list(project: OfProject = None, show_origin: Origin = False, as_json: p.Json = False) -> int:
    """List all settings with their values."""
    return run("config list", locals())


@config.command("edit")
def config_edit(as_json: p.Json = False) -> int:
    """Edit config.toml in $VISUAL or $EDITOR; it is saved only when it is right, else you may edit it again."""
    return run("config edit", locals())


@config.command("path")
def config_path(as_json: p.Json = False) -> int:
    """Print the path of config.toml."""
    return run("config path", locals())


audit = typer.Typer(help="See who did what, and verify that nobody changed the log.")


@audit.command("list")
def audit_list(
    action: Annotated[
        str | None, Option("--action", metavar="ACTION", help="create, read, update, delete, search, list, export ...")
    ] = None,
    kind: Annotated[
        str | None, Option("--kind", metavar="KIND", help="memory, project, session, setting, model ...")
    ] = None,
    id: Annotated[
        str | None, Option("--id", metavar="ID", help="What it was done to: an id, or its first characters.")
    ] = None,
    session: p.BySession = None,
    since: p.Since = None,
    until: p.Until = None,
    limit: p.Limit = None,
    offset: Annotated[int | None, Option("--offset", metavar="COUNT", help="Skip so many first.")] = None,
    as_json: p.Json = False,
) -> int:
    """List entries of the audit log, the newest first; with --json one object a line.

    They hold ids, names of fields and counts, never text; a question is kept as a keyed hash.
    """
    return run("audit list", locals())


@audit.command("verify")
def audit_verify(as_json: p.Json = False) -> int:
    """Walk the chain of the audit log; the exit status is 1 when an entry was changed, removed or added."""
    return run("audit verify", locals())
