"""The commands of patterns, as declared to Typer.

Not what they do; see `lmem.cli.patterns`.
"""

from __future__ import annotations

from typing import Annotated

import typer
from typer import Argument, Option

from lmem.cli.run import run
from lmem.cli.tree import parameters as p

Named = Annotated[
    str, Argument(metavar="PATTERN", help="A pattern, by name, TYPE/NAME or the first characters of its id.")
]
Where = Annotated[
    str | None,
    Option("--project", "-p", metavar="NAME", help="The project, by name; otherwise that of this directory."),
]

patterns = typer.Typer(help="Record what repeats, in one project or in many, and how each use of it went.")


@patterns.command("add")
def patterns_add(
    kind: Annotated[
        str, Argument(metavar="TYPE", help="architecture, testing, deployment, code_style or any word.")
    ],
    name: Annotated[str, Argument(metavar="NAME", help="Its name; type and name together are one pattern.")],
    description: Annotated[
        str | None,
        Argument(metavar="[DESCRIPTION]", help="What it is, and when it helps; '-' reads it from standard input."),
    ] = None,
    project: Where = None,
    demonstrates: Annotated[
        list[str] | None, Option("--demonstrates", metavar="ID", help="A memory that shows it; again for more.")
    ] = None,
    validates: Annotated[
        list[str] | None, Option("--validates", metavar="ID", help="A memory that proves its worth; again for more.")
    ] = None,
    contradicts: Annotated[
        list[str] | None, Option("--contradicts", metavar="ID", help="A memory that speaks against it; again for more.")
    ] = None,
    outcome: Annotated[
        str | None, Option("--outcome", metavar="TEXT", help="With --validates, what came of it; otherwise 'success'.")
    ] = None,
    reason: Annotated[
        str | None, Option("--reason", metavar="TEXT", help="With --contradicts, what speaks against it.")
    ] = None,
    data: Annotated[
        str | None, Option("--data", metavar="JSON", help="Its structure, as a JSON object: files, steps, whatever.")
    ] = None,
    as_json: p.Json = False,
) -> int:
    """Record a pattern in a project; where it was not seen before, that counts as its first use, with success.

    The same type and name again is the same pattern: what is given replaces what was said before, evidence is added,
    and another project joins it. A pattern that says much the same is named.

    Patterns have no versions, so 'lmem undo' takes none of this back; 'lmem patterns forget' removes a pattern. What is
    written about one is not private; a private memory as evidence is shown in your own terminal only.
    """
    return run("patterns add", locals())


@patterns.command("list")
def patterns_list(
    kind: Annotated[str | None, Option("--type", "-t", metavar="TYPE", help="Only this type.")] = None,
    project: Where = None,
    all_projects: Annotated[bool, Option("--all-projects", "-a", help="Those of all projects, added up.")] = False,
    min_success: Annotated[
        float | None, Option("--min-success", metavar="NUMBER", help="At least this share of success, from 0 to 1.")
    ] = None,
    order: Annotated[str | None, Option("--order", metavar="ORDER", help="usage or success; otherwise usage.")] = None,
    like: Annotated[
        str | None, Option("--like", metavar="TEXT", help="Those that are like this text, the most alike first.")
    ] = None,
    limit: p.Limit = None,
    as_json: p.Json = False,
) -> int:
    """List the patterns of a project, the most used first; outside of one, those of all. With --json one a line."""
    return run("patterns list", locals())


@patterns.command("show")
def patterns_show(pattern: Named, as_json: p.Json = False) -> int:
    """Show a pattern: where it was seen, how it went, and what speaks for and against it."""
    return run("patterns show", locals())


@patterns.command("outcome")
def patterns_outcome(
    pattern: Named,
    success: Annotated[
        bool | None, Option("--success/--failed", help="How it went; one of the two has to be said.")
    ] = None,
    project: Where = None,
    reason: Annotated[str | None, Option("--reason", metavar="TEXT", help="Why it went so.")] = None,
    memory: Annotated[
        str | None, Option("--memory", metavar="ID", help="The memory that tells of it; it becomes evidence.")
    ] = None,
    as_json: p.Json = False,
) -> int:
    """Record that a pattern was used in a project, and how that went.

    'lmem undo' does not take it back.
    """
    return run("patterns outcome", locals())


@patterns.command("forget")
def patterns_forget(pattern: Named, dry_run: p.DryRun = False, yes: p.Yes = False, as_json: p.Json = False) -> int:
    """Remove a pattern with its uses and its evidence for ever; the memories stay.

    Its name is asked for, unless --yes is given. This cannot be undone.
    """
    return run("patterns forget", locals())
