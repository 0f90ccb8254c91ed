"""The commands about time: versions, differences, the order of things, merging, as declared to Typer.

Not what they do; see `lmem.cli.history`, `lmem.cli.timeline` and `lmem.cli.lifecycle`.
"""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Option

from lmem.cli.run import run
from lmem.cli.tree import parameters as p


def history(id: p.Id, as_json: p.Json = False) -> int:
    """Show every version of a memory, the newest first, and what each changed."""
    return run("history", locals())


def diff(
    id: p.Id,
    versions: Annotated[
        list[int] | None,
        Argument(metavar="[FROM [TO]]", help="Versions, as 'lmem history' numbers them; otherwise the last two."),
    ] = None,
    as_json: p.Json = False,
) -> int:
    """Show what differs between two versions of a memory.

    With FROM alone, between that version and the newest.
    """
    return run("diff", locals())


def timeline(
    around: Annotated[
        str | None, Option("--around", metavar="ID", help="Show what came before and after this memory.")
    ] = None,
    type: p.ByType = None,
    tag: p.ByTag = None,
    project: p.ByProject = None,
    session: p.BySession = None,
    since: p.Since = None,
    until: p.Until = None,
    all_projects: p.AllProjects = False,
    limit: Annotated[
        int | None, Option("--limit", "-n", metavar="COUNT", help="At most so many; with --around, on each side.")
    ] = None,
    as_json: p.Json = False,
) -> int:
    """Print memories in the order of time, the oldest first.

    These are the newest, or those around one memory in its project.
    """
    return run("timeline", locals())


def changes(
    limit: p.Limit = None,
    offset: Annotated[int | None, Option("--offset", metavar="COUNT", help="Skip so many first.")] = None,
    as_json: p.Json = False,
) -> int:
    """List what changed, the newest first, with the numbers that 'lmem undo' takes.

    A single add has none: 'lmem undo' takes it back while it is the last change, 'lmem forget' at any time. What undo
    cannot take back, as a project's new name, is listed too.
    """
    return run("changes", locals())


def merge(
    ids: Annotated[list[str], Argument(metavar="ID ID...", help="The memory that keeps on, then those it supersedes.")],
    reason: p.Reason = None,
    dry_run: p.DryRun = False,
    as_json: p.Json = False,
) -> int:
    """Merge memories into the first.

    What the others say beyond it is added to its text; it takes their tags and the highest importance. The others stay
    findable, superseded by it.
    """
    return run("merge", locals())
