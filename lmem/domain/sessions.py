"""A session of work: its record, what it remembers of the work, and what happens to its memories when it ends.

Not a lookup of the current one (lmem.service.scopes) and not a store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lmem.domain.layers import Layers, layers
from lmem.domain.memories import Memory
from lmem.domain.secrets import screen

IMPORTANT = 0.6
OFTEN_READ = 3
PINNED = 0.0
"""What promotes a memory at the end of its session: at least this important, read so often, or this decay rate."""

MOST_QUERIES = 10
MOST_FILES = 20
"""Of what a session remembers of the work; the newest are kept."""


@dataclass(frozen=True, slots=True)
class Session:
    """One row of `sessions`. Dates are stored text.

    At most one session of a working directory is active: the current one there. Another that has not ended is paused.
    """

    id: str
    user_id: str
    project_id: str | None
    name: str
    description: str | None
    git_branch: str | None
    git_commit: str | None
    working_directory: str | None
    context: Mapping[str, object]
    parent_session_id: str | None
    created_at: str
    updated_at: str
    last_active_at: str
    ended_at: str | None
    is_active: bool

    @property
    def state(self) -> str:
        """'active', 'paused' or 'ended'."""
        return "ended" if self.ended_at else "active" if self.is_active else "paused"


@dataclass(frozen=True, slots=True)
class Member:
    """A memory's place in a session: its position from 1, whether it is in focus, its position in the last context."""

    memory_id: str
    position: int
    working_memory: bool
    context_window_position: int | None


@dataclass(frozen=True, slots=True)
class Query:
    """A question asked during a session, and the client that asked: others than the user are not shown the user's."""

    text: str
    client: str


@dataclass(frozen=True, slots=True)
class Work:
    """What was done in a session since it was last written down, oldest first."""

    queries: tuple[Query, ...] = ()
    files: tuple[str, ...] = ()


def matters(memory: Memory, open_task: bool) -> str | None:
    """Why a memory is worth more than its session, as a clause for people; None when it is not.

    An open task is work left undone, whatever its importance.
    """
    if memory.importance_score >= IMPORTANT:
        return f"importance {memory.importance_score:g}"
    if memory.access_count >= OFTEN_READ:
        return f"read {memory.access_count} times"
    if memory.decay_rate == PINNED:
        return "pinned"
    return "an open task" if open_task else None


def layers_at_end(memory: Memory, promoted: bool, in_project: bool) -> Layers:
    """The layers of a memory of the session layer once its session has ended.

    What is promoted joins its project; the rest keeps only temporal. What is global already stays so, and nothing
    becomes global by this: without a project there is nothing to join.
    """
    kept = [layer for layer in memory.layers.names if layer == "global"]
    if promoted and in_project:
        kept.append("project")
    return layers(kept or ["temporal"])


def remembering(context: Mapping[str, object], work: Work) -> dict[str, object]:
    """A session's context with these queries and files as its newest; each is kept once, without credentials."""
    asked = {query.text: query for query in queries_of(context)}
    for query in work.queries:
        text = screen(query.text).text
        asked.pop(text, None)
        asked[text] = Query(text, query.client)
    opened = dict.fromkeys(files_of(context))
    for file in work.files:
        opened.pop(file, None)
        opened[file] = None
    newest = list(asked.values())[-MOST_QUERIES:]
    kept = dict(context)
    if newest:
        kept["queries"] = [{"text": query.text, "client": query.client} for query in newest]
    if opened:
        kept["files"] = list(opened)[-MOST_FILES:]
    return kept


def queries_of(context: Mapping[str, object]) -> list[Query]:
    """The last queries in a session's context, oldest first."""
    found = context.get("queries")
    return [Query(str(row["text"]), str(row["client"])) for row in found] if isinstance(found, list) else []


def files_of(context: Mapping[str, object]) -> list[str]:
    """The open files in a session's context, oldest first."""
    found = context.get("files")
    return [str(file) for file in found] if isinstance(found, list) else []


def goal_of(context: Mapping[str, object]) -> str | None:
    """The goal in a session's context."""
    found = context.get("goal")
    return str(found) if found else None
