"""The commands of projects and of the user, as declared to Typer.

Not what they do; see `lmem.cli.projects` and `lmem.cli.users`.
"""

from __future__ import annotations

from typing import Annotated

import typer
from typer import Argument, Option

from lmem.cli.run import run
from lmem.cli.tree import parameters as p

Named = Annotated[str, Argument(metavar="PROJECT", help="The project, by name, alias or directory.")]
Current = Annotated[
    str | None, Argument(metavar="[PROJECT]", help="The project, by name or alias; otherwise that of this directory.")
]

projects = typer.Typer(help="Look at and arrange projects; a git repository becomes one by itself.")


@projects.command("list")
def project_list(
    archived: Annotated[bool, Option("--archived", help="Archived projects instead.")] = False,
    type: Annotated[str | None, Option("--type", "-t", metavar="WORD", help="Only this type: web, api, cli...")] = None,
    as_json: p.Json = False,
) -> int:
    """List projects, the one used last first; the current one is marked. With --json one object a line."""
    return run("project list", locals())


@projects.command("show")
def project_show(project: Current = None, as_json: p.Json = False) -> int:
    """Show a project, what it is recognised by, and why it is the current one."""
    return run("project show", locals())


@projects.command("init")
def project_init(
    name: Annotated[
        str | None, Option("--name", metavar="NAME", help="Its name; otherwise that of the remote or the directory.")
    ] = None,
    as_json: p.Json = False,
) -> int:
    """Make this directory a project, or look again at the one that it is.

    A repository is one project in all its worktrees and clones. A directory without git is one with all below it.
    Language, framework and type are taken from the files that are there.
    """
    return run("project init", locals())


@projects.command("set")
def project_set(
    project: Current = None,
    description: Annotated[str | None, Option("--description", metavar="TEXT", help="What it is.")] = None,
    type: Annotated[
        str | None, Option("--type", "-t", metavar="WORD", help="web, api, cli, library or any word.")
    ] = None,
    language: Annotated[str | None, Option("--language", metavar="WORD", help="Its language.")] = None,
    framework: Annotated[str | None, Option("--framework", metavar="WORD", help="Its framework.")] = None,
    config: Annotated[
        list[str] | None,
        Option("--config", metavar="KEY=VALUE", help="A setting of this project; again for more; KEY= removes it."),
    ] = None,
    add_alias: Annotated[list[str] | None, Option("--add-alias", metavar="NAME", help="Another name for it.")] = None,
    remove_alias: Annotated[list[str] | None, Option("--remove-alias", metavar="NAME", help="No longer this.")] = None,
    as_json: p.Json = False,
) -> int:
    """Change what is known of a project; an empty text takes a value away."""
    return run("project set", locals())


@projects.command("rename")
def project_rename(
    project: Named,
    new_name: Annotated[str, Argument(metavar="NAME", help="Its new name; the old one goes on working.")],
    as_json: p.Json = False,
) -> int:
    """Give a project another name; the old one stays as an alias."""
    return run("project rename", locals())


@projects.command("merge")
def project_merge(
    source: Annotated[str, Argument(metavar="SOURCE", help="The project to give up.")],
    into: Annotated[str, Argument(metavar="TARGET", help="The project that gets its memories, sessions and names.")],
    dry_run: p.DryRun = False,
    reason: p.Reason = None,
    as_json: p.Json = False,
) -> int:
    """Move everything of one project to another, and archive it; 'lmem undo' parts them again."""
    return run("project merge", locals())


@projects.command("archive")
def project_archive(
    project: Named,
    restore: Annotated[bool, Option("--restore", help="Bring it back instead.")] = False,
    as_json: p.Json = False,
) -> int:
    """Take a project out of the lists; its memories stay where they are."""
    return run("project archive", locals())


users = typer.Typer(help="See and change who lmem thinks you are.")


@users.command("show")
def user_show(as_json: p.Json = False) -> int:
    """Show your name, your address and how much you have stored."""
    return run("user show", locals())


@users.command("set")
def user_set(
    name: Annotated[str | None, Option("--name", metavar="TEXT", help="Your name; '' takes it away.")] = None,
    email: Annotated[str | None, Option("--email", metavar="ADDRESS", help="Your address; '' takes it away.")] = None,
    active: Annotated[
        bool | None, Option("--active/--no-active", help="Whether you may write; without, reading goes on.")
    ] = None,
    as_json: p.Json = False,
) -> int:
    """Change your name or address, or refuse all writes for a while."""
    return run("user set", locals())
