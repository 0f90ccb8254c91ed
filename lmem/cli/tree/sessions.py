"""The commands of sessions, as declared to Typer.

Not what they do; see `lmem.cli.sessions`.
"""

from __future__ import annotations

from typing import Annotated

import typer
from typer import Argument, Option

from lmem.cli.run import run
from lmem.cli.tree import parameters as p

Named = Annotated[str, Argument(metavar="SESSION", help="The session: its name, its id or the id's first characters.")]
Current = Annotated[
    str | None, Argument(metavar="[SESSION]", help="The session, by name or id; otherwise the current one.")
]
Focused = Annotated[
    str | None, Option("--session", metavar="SESSION", help="The session, by name or id; otherwise the current one.")
]

sessions = typer.Typer(help="Open, end and look at sessions of work; the current one is found by the directory.")


@sessions.command("start")
def session_start(
    name: Annotated[
        str | None, Argument(metavar="[NAME]", help="Its name; otherwise that of the branch or the directory.")
    ] = None,
    goal: Annotated[str | None, Option("--goal", "-g", metavar="TEXT", help="What the work is for.")] = None,
    description: Annotated[str | None, Option("--description", metavar="TEXT", help="More about it.")] = None,
    file: Annotated[
        list[str] | None, Option("--file", "-f", metavar="FILE", help="A file that is worked on; again for more.")
    ] = None,
    parent: Annotated[
        str | None, Option("--parent", metavar="SESSION", help="The session that it is a part of; '.' is the current.")
    ] = None,
    project: p.Project = None,
    as_json: p.Json = False,
) -> int:
    """Open a session in this directory; in a repository, in its working tree.

    What is added from there belongs to it, until it ends. The session that was current there is paused: 'lmem session
    switch' goes back. Several terminals in one directory keep apart by LMEM_SESSION.
    """
    return run("session start", locals())


@sessions.command("end")
def session_end(
    session: Current = None, reason: p.Reason = None, dry_run: p.DryRun = False, as_json: p.Json = False
) -> int:
    """End a session: what mattered joins its project, the rest fades.

    What mattered is of importance 0.6 or more, was read three times, is pinned or is an open task. The rest is in the
    temporal layer from then on. 'lmem undo' takes that back.
    """
    return run("session end", locals())


@sessions.command("switch")
def session_switch(session: Named, as_json: p.Json = False) -> int:
    """Make another open session the current one of this directory."""
    return run("session switch", locals())


@sessions.command("list")
def session_list(
    ended: Annotated[bool, Option("--ended", "-e", help="Those that have ended too.")] = False,
    branch: Annotated[str | None, Option("--branch", "-b", metavar="NAME", help="Only of this git branch.")] = None,
    project: p.ByProject = None,
    all_projects: Annotated[bool, Option("--all-projects", "-a", help="Of every project.")] = False,
    limit: p.Limit = None,
    as_json: p.Json = False,
) -> int:
    """List the sessions of this project, the most recently active first; with --json one object a line."""
    return run("session list", locals())


@sessions.command("show")
def session_show(session: Current = None, as_json: p.Json = False) -> int:
    """Show a session: what for, since when, what was asked, and its memories in their order."""
    return run("session show", locals())


@sessions.command("resume")
def session_resume(
    session: Annotated[
        str | None, Argument(metavar="[SESSION]", help="The session; otherwise the last one of this directory.")
    ] = None,
    as_json: p.Json = False,
) -> int:
    """Go on in a session: it is current again, and you see where you were.

    One that has ended is opened again, and what faded at its end is back in it.
    """
    return run("session resume", locals())


@sessions.command("focus")
def session_focus(ids: p.Ids, session: Focused = None, as_json: p.Json = False) -> int:
    """Keep memories in focus: 'lmem context' begins with them."""
    return run("session focus", locals())


@sessions.command("unfocus")
def session_unfocus(ids: p.Ids, session: Focused = None, as_json: p.Json = False) -> int:
    """Take memories out of the focus; they stay in the session."""
    return run("session unfocus", locals())
