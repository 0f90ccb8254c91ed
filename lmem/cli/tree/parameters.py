"""Options and arguments that several commands share, each written once.

Not their values' rules: the daemon checks those, so that every client gets the same sentence.
"""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Option

Json = Annotated[bool, Option("--json", help="Print JSON for scripts; errors go to stderr as JSON too.")]
Id = Annotated[str, Argument(metavar="ID", help="Id of a memory, or its first characters (at least 4).")]
Ids = Annotated[list[str], Argument(metavar="ID...", help="Ids of memories, or their first characters (at least 4).")]
Reason = Annotated[str | None, Option("--reason", metavar="TEXT", help="Why; kept with the version.")]
Yes = Annotated[bool, Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, Option("--dry-run", "-n", help="Say what would be done, and do nothing.")]

# What a memory holds: add and edit

Title = Annotated[str | None, Option("--title", metavar="TEXT", help="Title; otherwise taken from the text.")]
NewTitle = Annotated[str | None, Option("--title", metavar="TEXT", help="New title.")]
Kind = Annotated[
    str | None, Option("--type", "-t", metavar="TYPE", help="decision, task, insight, error, solution, note or any.")
]
Tags = Annotated[list[str] | None, Option("--tag", metavar="TAG", help="A tag; give it again for more.")]
Importance = Annotated[float | None, Option("--importance", "-i", metavar="NUMBER", help="From 0 to 1.")]
Layers = Annotated[
    list[str] | None,
    Option("--layer", "-l", metavar="LAYER", help="session, project, global or temporal; otherwise lmem routes it."),
]
Project = Annotated[str | None, Option("--project", "-p", metavar="NAME", help="The project, by name.")]
Session = Annotated[str | None, Option("--session", metavar="ID", help="The session, by id.")]
Category = Annotated[str | None, Option("--category", metavar="WORD", help="A category of your own.")]
Summary = Annotated[str | None, Option("--summary", metavar="TEXT", help="A summary in a sentence.")]
DecayRate = Annotated[
    float | None,
    Option("--decay-rate", metavar="NUMBER", help="Share of importance lost per week without use; 0 pins it."),
]
AllowSecret = Annotated[
    bool, Option("--allow-secret", help="Store credentials as they are; the audit log says that you did.")
]

# Which memories: search, list and export

ByType = Annotated[list[str] | None, Option("--type", "-t", metavar="TYPE", help="Only this type; again for more.")]
ByTag = Annotated[list[str] | None, Option("--tag", metavar="TAG", help="Only with this tag; again: with all of them.")]
ByProject = Annotated[str | None, Option("--project", "-p", metavar="NAME", help="Only this project.")]
ByLayer = Annotated[list[str] | None, Option("--layer", "-l", metavar="LAYER", help="Only this layer; again for more.")]
ByCategory = Annotated[
    list[str] | None, Option("--category", metavar="WORD", help="Only this category; again for more.")
]
BySession = Annotated[str | None, Option("--session", metavar="ID", help="Only this session.")]
Since = Annotated[
    str | None, Option("--since", metavar="WHEN", help="From then on: 2026-11-01, '3 days ago', 'last week'.")
]
Until = Annotated[str | None, Option("--until", metavar="WHEN", help="Up to then, as for --since.")]
AsOf = Annotated[
    str | None,
    Option("--as-of", metavar="WHEN", help="As it was then: at the end of a day, or at a commit of the repository."),
]
RecordedAsOf = Annotated[
    str | None, Option("--recorded-as-of", metavar="WHEN", help="As lmem knew it then, whenever it was so.")
]
MinImportance = Annotated[
    float | None, Option("--min-importance", metavar="NUMBER", help="At least this, from 0 to 1.")
]
AllProjects = Annotated[bool, Option("--all-projects", "-a", help="Other projects' memories too.")]
Archived = Annotated[bool, Option("--archived", help="Archived memories instead.")]
PrivateOnly = Annotated[bool, Option("--private", help="Private memories only.")]
Limit = Annotated[int | None, Option("--limit", "-n", metavar="COUNT", help="At most so many.")]
