"""The commands about git hooks, as declared to Typer.

Not what they do; see `lmem.cli.hooks`.
"""

from __future__ import annotations

from typing import Annotated

import typer
from typer import Argument

from lmem.cli.run import run
from lmem.cli.tree import parameters as p

Directory = Annotated[
    str | None, Argument(metavar="[DIRECTORY]", help="The repository; otherwise the one around this directory.")
]

hooks = typer.Typer(help="Remember a repository's commits.")


@hooks.command("install")
def hook_install(directory: Directory = None, dry_run: p.DryRun = False, as_json: p.Json = False) -> int:
    """Remember every commit of a repository from now on, in all of its working trees.

    git's post-commit hook then leaves a line for the daemon, in a few milliseconds, whether the daemon runs or not. A
    hook that is there runs as before. Where husky or lefthook keeps the hooks, or the repository tracks a post-commit
    hook of its own, nothing is changed: lmem says which line to add. Where the repository tracks its other hooks
    (core.hooksPath), the new file beside them is for this machine alone, not to be committed. Safe to run again.
    """
    return run("hook install", locals())


@hooks.command("uninstall")
def hook_uninstall(directory: Directory = None, dry_run: p.DryRun = False, as_json: p.Json = False) -> int:
    """Take the hook away; what was there before is there again, byte for byte."""
    return run("hook uninstall", locals())


@hooks.command("backfill")
def hook_backfill(directory: Directory = None, since: p.Since = None, as_json: p.Json = False) -> int:
    """Store the commits that the current branch has already; safe to run again.

    One memory a commit, with its date, author, message and files; a commit that is stored is left as it is. Credentials
    in messages are replaced, as everywhere. With --since only commits from that date on.
    """
    return run("hook backfill", locals())


@hooks.command("status")
def hook_status(directory: Directory = None, as_json: p.Json = False) -> int:
    """Say whether the commits of a repository are remembered, and how. The exit status is 1 when they are not."""
    return run("hook status", locals())
