"""backup create, list, verify and restore, as declared to Typer.

Not what they do; see `lmem.cli.backup` and `lmem.cli.restoring`.
"""

from __future__ import annotations

from typing import Annotated

import typer
from typer import Argument, Option

from lmem.cli.run import run
from lmem.cli.tree import parameters as p

backup = typer.Typer(help="Copy the database, check the copies, and go back to one.")


@backup.command("create")
def backup_create(
    to: Annotated[
        str | None, Option("--output", "-o", metavar="FILE", help="Write it there; otherwise to lmem's backups.")
    ] = None,
    as_json: p.Json = False,
) -> int:
    """Make a backup of the database while lmem goes on, and check it.

    It holds all memories with their history, and nothing else: the vector index, the graph and the cache are built
    from it, config.toml is a file of yours. Of those made by hand the newest 20 stay, whatever lmem makes by itself;
    with --output it is yours alone: nothing removes it, and a purge does not reach it. The file must not exist yet.
    """
    return run("backup create", locals())


@backup.command("list")
def backup_list(as_json: p.Json = False) -> int:
    """List the backups, the newest first; with --json one object a line.

    Besides those made by hand, lmem makes one before it changes the database's schema and one before a restore; the
    newest 5 of each stay.
    """
    return run("backup list", locals())


@backup.command("verify")
def backup_verify(
    backups: Annotated[
        list[str] | None, Argument(metavar="[NAME...]", help="Names or paths of backups; otherwise all listed ones.")
    ] = None,
    as_json: p.Json = False,
) -> int:
    """Check backups as the database itself is checked: pages, references and full-text indexes.

    A copy of each is checked, so nothing is changed. The exit status is 1 when one is damaged.
    """
    return run("backup verify", locals())


@backup.command("restore")
def backup_restore(
    wanted: Annotated[
        str, Argument(metavar="NAME", help="Name of a backup, its first characters, or the path of a copy.")
    ],
    dry_run: p.DryRun = False,
    yes: p.Yes = False,
    as_json: p.Json = False,
) -> int:
    """Make a backup the database again; what there is now becomes a backup first, and restoring that goes back.

    The daemon ends, and starts again with it. What was purged since does not come back, as far as the database that is
    replaced knows of it; commits noted since come back with 'lmem hook backfill'. Indexes are built anew; full text
    answers meanwhile. It also works when the database is so damaged that no daemon starts: its file is kept then.
    'lmem restore' is another command: it brings single memories back.
    """
    return run("backup restore", locals())
