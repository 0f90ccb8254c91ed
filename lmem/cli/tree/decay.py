"""decay, pin, unpin and jobs, as declared to Typer.

Not what they do; see `lmem.cli.decay` and `lmem.cli.jobs`.
"""

from __future__ import annotations

from typing import Annotated

import typer
from typer import Argument, Option

from lmem.cli.run import run
from lmem.cli.tree import parameters as p

JobName = Annotated[str, Argument(metavar="NAME", help="The job, as 'lmem jobs list' names it.")]


def decay(
    apply: Annotated[bool, Option("--apply", help="Move what has faded, as one change that 'undo' reverses.")] = False,
    dry_run: p.DryRun = False,
    as_json: p.Json = False,
) -> int:
    """Show what has faded, or move it to the temporal layer with --apply.

    A memory fades with the weeks without use. Nothing is deleted: what is moved is still found when a question asks
    for it. Decisions and pinned memories are never moved, nor what is younger than 30 days; a day moves at most a
    twentieth of the active memories, or 20. The daemon does this every night.
    """
    return run("decay", locals())


def pin(ids: p.Ids, as_json: p.Json = False) -> int:
    """Pin memories: their importance does not fade, and decay never moves them."""
    return run("pin", locals())


def unpin(ids: p.Ids, as_json: p.Json = False) -> int:
    """Let pinned memories fade again, at the rate they had before."""
    return run("unpin", locals())


jobs = typer.Typer(help="See and run the daemon's upkeep.")


@jobs.command("list")
def jobs_list(as_json: p.Json = False) -> int:
    """List the jobs, their last runs and when they are due."""
    return run("jobs list", locals())


@jobs.command("run")
def jobs_run(name: JobName, dry_run: p.DryRun = False, as_json: p.Json = False) -> int:
    """Run a job now."""
    return run("jobs run", locals())


@jobs.command("history")
def jobs_history(
    name: Annotated[str | None, Argument(metavar="[NAME]", help="Only this job; otherwise all.")] = None,
    limit: p.Limit = None,
    as_json: p.Json = False,
) -> int:
    """List recorded runs, the newest first."""
    return run("jobs history", locals())
