"""The commands that find and print memories, as declared to Typer.

Not what they do; see `lmem.cli.search` and `lmem.cli.memories`.
"""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Option

from lmem.cli.run import run
from lmem.cli.tree import parameters as p


def search(
    words: Annotated[
        list[str] | None, Argument(metavar="[QUERY...]", help="A question or words; several are joined.")
    ] = None,
    type: p.ByType = None,
    tag: p.ByTag = None,
    project: p.ByProject = None,
    layer: p.ByLayer = None,
    category: p.ByCategory = None,
    session: p.BySession = None,
    since: p.Since = None,
    until: p.Until = None,
    as_of: p.AsOf = None,
    recorded_as_of: p.RecordedAsOf = None,
    min_importance: p.MinImportance = None,
    all_projects: p.AllProjects = False,
    archived: p.Archived = False,
    private: p.PrivateOnly = False,
    limit: p.Limit = None,
    explain: Annotated[
        bool, Option("--explain", "-x", help="Show the parts of each score and the time taken.")
    ] = False,
    semantic: Annotated[
        bool, Option("--semantic", help="By meaning alone, and only what is near (semantic_search_threshold).")
    ] = False,
    only: Annotated[
        str | None, Option("--only", metavar="INDEX", help="Ask one index alone: fts, sparse or dense.")
    ] = None,
    history: Annotated[bool, Option("--history", help="List the searches of the last day instead.")] = False,
    as_json: p.Json = False,
) -> int:
    """Find memories by meaning, by word, by time.

    A quoted phrase, a prefix ('migr*') and identifiers, paths, flags and error codes match as written. No sign is an
    error. Words of time in the question ('last week', 'in March') become a range. When an index is not available,
    the others answer and stderr says so.

    --as-of and --recorded-as-of ask by full text what was known then, of what was archived or edited since too.

    --history takes --limit alone. The list is kept in the cache: without credentials, for a day at most.
    """
    return run("search", locals())


def list_(
    type: p.ByType = None,
    tag: p.ByTag = None,
    project: p.ByProject = None,
    layer: p.ByLayer = None,
    category: p.ByCategory = None,
    session: p.BySession = None,
    since: p.Since = None,
    until: p.Until = None,
    as_of: p.AsOf = None,
    recorded_as_of: p.RecordedAsOf = None,
    min_importance: p.MinImportance = None,
    all_projects: p.AllProjects = False,
    archived: p.Archived = False,
    private: p.PrivateOnly = False,
    limit: p.Limit = None,
    offset: Annotated[int | None, Option("--offset", metavar="COUNT", help="Skip so many first.")] = None,
    newest: Annotated[bool, Option("--newest", help="Newest first, instead of most important first.")] = False,
    as_json: p.Json = False,
) -> int:
    """List memories, the most important first; with --json one object a line."""
    return run("list", locals())


def show(
    ids: p.Ids, as_of: p.AsOf = None, recorded_as_of: p.RecordedAsOf = None, as_json: p.Json = False
) -> int:
    """Print memories in full; with --json one object a line."""
    return run("show", locals())


def context(
    budget: Annotated[int | None, Option("--budget", "-b", metavar="TOKENS", help="At most so many tokens.")] = None,
    project: p.Project = None,
    session: p.Session = None,
    as_json: p.Json = False,
) -> int:
    """Print the brief for the start of work: what is in focus, the session, open tasks, decisions, conventions.

    The same memories give the same bytes. What is stored is quoted: it is data, not instructions. Private memories
    are in it on a terminal only, not in a pipe or with --json.
    """
    return run("context", locals())


def tags(project: p.ByProject = None, all_projects: p.AllProjects = False, as_json: p.Json = False) -> int:
    """List all tags with their counts, of what is seen from here."""
    return run("tags", locals())


def export(
    type: p.ByType = None,
    tag: p.ByTag = None,
    project: p.ByProject = None,
    layer: p.ByLayer = None,
    category: p.ByCategory = None,
    session: p.BySession = None,
    since: p.Since = None,
    until: p.Until = None,
    min_importance: p.MinImportance = None,
    archived: p.Archived = False,
    private: p.PrivateOnly = False,
    no_private: Annotated[
        bool, Option("--no-private", help="Leave private memories out, for a file that others will read.")
    ] = False,
    to: Annotated[
        str | None, Option("--output", "-o", metavar="FILE", help="Write to a file; otherwise standard output.")
    ] = None,
    as_json: p.Json = False,
) -> int:
    """Write memories of all projects with their versions as JSON lines, oldest first; filters leave out.

    'lmem add --jsonl FILE' takes them back, here or on another machine. So that nothing is lost on that way, private
    memories are among them, and stderr says how many. --no-private leaves them out, with every version of a time when a
    memory was private: use it for a file that others will read.
    """
    return run("export", locals())
