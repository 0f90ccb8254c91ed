"""The commands of links and of the graph, as declared to Typer.

Not what they do; see `lmem.cli.relations` and `lmem.cli.graph`.
"""

from __future__ import annotations

from typing import Annotated

import typer
from typer import Argument, Option

from lmem.cli.run import run
from lmem.cli.tree import parameters as p

Other = Annotated[
    str | None, Argument(metavar="[ID]", help="The other memory, by its id; or give --project instead.")
]
Relation = Annotated[
    str | None,
    Option("--type", "-t", metavar="TYPE", help="relates_to, contradicts, builds_on, resolves, supersedes, or such."),
]
Relations = Annotated[
    list[str] | None, Option("--type", "-t", metavar="TYPE", help="Only relations of this type; again for more.")
]
ToProject = Annotated[str | None, Option("--project", "-p", metavar="NAME", help="A project instead of a memory.")]
Why = Annotated[str | None, Option("--reason", metavar="TEXT", help="Why; kept with the change.")]
Node = Annotated[str, Argument(metavar="NODE", help="Id of a memory, project:NAME, pattern:NAME or user:me.")]


def link(
    id: p.Id,
    other: Other = None,
    relation: Relation = None,
    strength: Annotated[
        float | None, Option("--strength", metavar="NUMBER", help="How strong, from 0 to 1; otherwise 1.")
    ] = None,
    context: Annotated[
        str | None, Option("--context", metavar="TEXT", help="What it is that relates them, in a few words.")
    ] = None,
    properties: Annotated[
        list[str] | None,
        Option("--property", metavar="NAME=VALUE", help="What the type has beside: sequence=2; again for more."),
    ] = None,
    project: ToProject = None,
    relevance: Annotated[
        float | None, Option("--relevance", metavar="NUMBER", help="With --project, how much it matters there.")
    ] = None,
    reason: Why = None,
    as_json: p.Json = False,
) -> int:
    """Link two memories, or a memory to a project that it matters to; linked again, what is given changes.

    The type is what the first memory does to the second, as 'resolves', or the word for it from there, as
    'resolved_by'; without one they relate to each other. What supersedes a memory ends its validity: it stays findable.

    Properties of the types: discovered_at (contradicts), sequence (builds_on), resolution_date and outcome (resolves),
    reason (supersedes, --reason sets it too), time_window (same_context).
    """
    return run("link", locals())


def unlink(
    id: p.Id, other: Other = None, relation: Relation = None, project: ToProject = None, reason: Why = None,
    as_json: p.Json = False,
) -> int:  # fmt: skip
    """Take the links between two memories away, of one type or all, or the link to a project.

    What lmem tells by itself, temporal_before and same_context, follows from when memories were added and stays.
    """
    return run("unlink", locals())


def related(
    id: Annotated[
        str | None, Argument(metavar="[ID]", help="A memory, by its id; otherwise the strongest links of all.")
    ] = None,
    relation: Relations = None,
    detected: Annotated[bool, Option("--detected", help="Only links that lmem detected by itself.")] = False,
    similar: Annotated[
        bool, Option("--similar", help="What is near in meaning instead (semantic_search_threshold).")
    ] = False,
    all_projects: Annotated[
        bool, Option("--all-projects", "-a", help="With --similar, other projects' memories too.")
    ] = False,
    limit: p.Limit = None,
    as_json: p.Json = False,
) -> int:
    """Show what a memory is linked to, in both directions, the strongest first; or what is near to it in meaning.

    --type same_context and --type temporal_before show what was added around the same time in its session, else in its
    project.
    """
    return run("related", locals())


graph = typer.Typer(help="Ask the graph of memories, projects and patterns.")


@graph.command("neighbours")
def graph_neighbours(
    node: Node,
    depth: Annotated[int | None, Option("--depth", "-d", metavar="COUNT", help="Within so many edges, 1 to 6.")] = None,
    relation: Relations = None,
    limit: p.Limit = None,
    as_json: p.Json = False,
) -> int:
    """Show what lies around a node, nearest first, and the last edge of the way there.

    Edges that connect everything are walked only when --type names them: belongs_to, owns, created, discovered,
    temporal_before, same_context.
    """
    return run("graph neighbours", locals())


@graph.command("path")
def graph_path(
    start: Annotated[str, Argument(metavar="FROM", help="A node, as in 'lmem graph neighbours'.")],
    end: Annotated[str, Argument(metavar="TO", help="Another node.")],
    longest: Annotated[
        int | None, Option("--longest", metavar="COUNT", help="Of at most so many edges, 1 to 6; otherwise 6.")
    ] = None,
    relation: Relations = None,
    as_json: p.Json = False,
) -> int:
    """Show a shortest way between two nodes. The exit status is 1 when there is none."""
    return run("graph path", locals())


@graph.command("communities")
def graph_communities(
    relation: Relations = None,
    min_strength: Annotated[
        float | None, Option("--min-strength", metavar="NUMBER", help="Count links that are at least so strong.")
    ] = None,
    limit: p.Limit = None,
    as_json: p.Json = False,
) -> int:
    """Show groups of memories that belong together by their links, the largest first."""
    return run("graph communities", locals())


@graph.command("patterns")
def graph_patterns(project: p.ByProject = None, as_json: p.Json = False) -> int:
    """Show which patterns a project uses with success, and which failed in it."""
    return run("graph patterns", locals())


@graph.command("projects")
def graph_projects(
    pattern: Annotated[str, Argument(metavar="PATTERN", help="A pattern, by name, TYPE/NAME or id.")],
    as_json: p.Json = False,
) -> int:
    """Show in which projects a pattern is used with success, and in which it failed."""
    return run("graph projects", locals())


@graph.command("export")
def graph_export(
    format: Annotated[
        str | None, Option("--format", "-f", metavar="FORMAT", help="dot, graphml or json; otherwise dot.")
    ] = None,
    to: Annotated[
        str | None, Option("--output", "-o", metavar="FILE", help="Write to a file; otherwise standard output.")
    ] = None,
    relation: Relations = None,
    private: Annotated[bool, Option("--private", help="Private memories too; otherwise they are left out.")] = False,
    as_json: p.Json = False,
) -> int:
    """Write the graph for other programs: what is linked, with every property of nodes and edges."""
    return run("graph export", locals())


@graph.command("cypher")
def graph_cypher(
    query: Annotated[str, Argument(metavar="QUERY", help="A query in Cypher that only reads.")],
    limit: p.Limit = None,
    as_json: p.Json = False,
) -> int:
    """Ask the graph's Neo4j server (neo4j.url) in its own language; only queries that read are answered.

    Nodes are :Memory, :Project, :Pattern and :User, each with its id; your private and archived memories are not there.
    A query sees the whole database (neo4j.database), also other programs' nodes and those of other lmem; name
    {prefix: $prefix} in a pattern to see your own alone. Only the command line is answered, no agent over MCP.
    """
    return run("graph cypher", locals())
