"""The commands that store and change memories, as declared to Typer.

Not what they do; see `lmem.cli.memories` and `lmem.cli.lifecycle`.
"""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Option

from lmem.cli.run import run
from lmem.cli.tree import parameters as p


def add(
    words: Annotated[
        list[str] | None, Argument(metavar="[TEXT]...", help="What to remember; '-' reads it from standard input.")
    ] = None,
    title: p.Title = None,
    type: p.Kind = None,
    tag: p.Tags = None,
    importance: p.Importance = None,
    layer: p.Layers = None,
    project: p.Project = None,
    session: p.Session = None,
    category: p.Category = None,
    summary: p.Summary = None,
    decay_rate: p.DecayRate = None,
    private: Annotated[bool, Option("--private", help="Show it in your own terminal only.")] = False,
    allow_secret: p.AllowSecret = False,
    at: Annotated[str | None, Option("--at", metavar="FILE:LINE", help="The place in the code it is about.")] = None,
    created_at: Annotated[
        str | None, Option("--created-at", metavar="TIME", help="When it was so, in ISO 8601; otherwise now.")
    ] = None,
    source_id: Annotated[
        str | None, Option("--source-id", metavar="TEXT", help="Your own key: the same key twice is one memory.")
    ] = None,
    edit: Annotated[bool, Option("--edit", "-e", help="Write the text in $VISUAL or $EDITOR.")] = False,
    file: Annotated[str | None, Option("--file", "-f", metavar="FILE", help="Read the text from a file.")] = None,
    jsonl: Annotated[
        str | None, Option("--jsonl", metavar="FILE", help="Add one memory for each JSON line; '-' is standard input.")
    ] = None,
    atomic: Annotated[
        bool, Option("--atomic", help="With --jsonl: store all lines, or none of them.")
    ] = False,
    as_json: p.Json = False,
) -> int:
    """Remember something.

    The text is an argument, standard input ('-'), a file or what you write in an editor. Without --title, its first
    line is the title. The answer comes when the memory is safely on disk; it can be found from then on. A memory
    that says nearly the same is named.

    --jsonl takes one object a line: content, and if wanted title, summary, type, category, tags, importance,
    decay_rate, layer, project, session, context, author, created_at, source_id, private, allow_secret, id. A bad line,
    also one with another key, is reported and spoils no other. A record as 'lmem export' writes it is taken too,
    but its history and counts begin anew, and what was archived is live. With --atomic nothing is stored when a line is
    bad, and the exit status is 2. Either way 'lmem undo' takes the lines back together, of a large file 10,000 at once;
    projects and sessions that they made stay.

    Projects and sessions that a line names are made when they are not there, and reported. With --json each line is
    answered by one object: line and id, or line and error; new_project or new_session name what was made for it.

    Credentials (keys, tokens, passwords) are replaced before anything is stored, and the answer says which and where.
    """
    return run("add", locals())


def edit(
    id: p.Id,
    title: p.NewTitle = None,
    content: Annotated[
        str | None, Option("--content", metavar="TEXT", help="New text; '-' reads it from standard input.")
    ] = None,
    type: p.Kind = None,
    tag: Annotated[
        list[str] | None, Option("--tag", metavar="TAG", help="Replace all tags by this; give it again for more.")
    ] = None,
    add_tag: Annotated[list[str] | None, Option("--add-tag", metavar="TAG", help="Add a tag.")] = None,
    remove_tag: Annotated[list[str] | None, Option("--remove-tag", metavar="TAG", help="Take a tag away.")] = None,
    importance: p.Importance = None,
    layer: p.Layers = None,
    category: p.Category = None,
    summary: p.Summary = None,
    decay_rate: p.DecayRate = None,
    private: Annotated[
        bool | None, Option("--private/--no-private", help="Show it in your own terminal only, or everywhere.")
    ] = None,
    allow_secret: p.AllowSecret = False,
    reason: p.Reason = None,
    as_json: p.Json = False,
) -> int:
    """Change a memory; what it said before stays in its history.

    Without an option that names a field, the text opens in $VISUAL or $EDITOR.
    """
    return run("edit", locals())


def forget(
    ids: p.Ids,
    purge: Annotated[
        bool, Option("--purge", help="Remove it from every store for ever, and print a receipt. Cannot be undone.")
    ] = False,
    dry_run: p.DryRun = False,
    yes: p.Yes = False,
    reason: p.Reason = None,
    as_json: p.Json = False,
) -> int:
    """Archive memories, or remove them for ever with --purge.

    An archived memory is found no more but is kept; 'lmem restore' brings it back. --purge asks for the id to be
    typed back, unless --yes is given.

    What 'lmem done' made for a task is purged with it, the reasons of its changes and the questions that sessions
    remember are cleared, and a commit is not stored again by a hook or a backfill, nor what a rebase makes of it. What
    could not be done yet is pending in the receipt; lmem goes on with it by itself, and so does the same command.
    """
    return run("forget", locals())


def restore(
    ids: p.Ids,
    version: Annotated[
        int | None, Option("--version", metavar="NUMBER", help="Make it what it was at this version instead.")
    ] = None,
    reason: p.Reason = None,
    as_json: p.Json = False,
) -> int:
    """Bring archived memories back, or make one what it was at a version.

    'lmem history' shows the versions; what it is now stays among them.
    """
    return run("restore", locals())


def undo(
    change_set: Annotated[
        str | None, Argument(metavar="[CHANGE]", help="Its number, as 'lmem changes' shows it; otherwise the last one.")
    ] = None,
    as_json: p.Json = False,
) -> int:
    """Reverse the last change, or the one whose number is given.

    When the last change is one that it cannot reverse, as a session's start or a project's new name, it says so and
    changes nothing: it never reaches past what you did last.

    Adding, editing, archiving, restoring and linking can be undone; 'forget --purge' cannot, nor what is recorded of
    patterns. The lines of one 'add --jsonl' are one change, of a large file 10,000 at once. What an undo took
    back comes again when its source gives it again.
    """
    return run("undo", locals())


def done(
    id: p.Id,
    failed: Annotated[bool, Option("--failed", help="It was given up or did not work.")] = False,
    by: Annotated[str | None, Option("--by", metavar="ID", help="The memory that resolves it.")] = None,
    reason: p.Reason = None,
    as_json: p.Json = False,
) -> int:
    """Close a task."""
    return run("done", locals())
