"""What a transaction changed, noted by triggers of the writing connection: no statement, no cascade can go around them.

Not in any file: the triggers and their table are the connection's own, and undone with a transaction that fails.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

Change = tuple[str, str]
"""An event of lmem.domain.cachekeys and the object that it happened to; '' when there were too many to name."""

MOST = 500
"""Objects of one transaction that are named."""

_MEMORY = (
    "project_id, session_id, title, content, summary, memory_type, category, tags, importance_score, decay_rate, "
    "context_json, layer_session, layer_project, layer_global, layer_temporal, is_private, is_archived, valid_until, "
    "rev"
)
_SESSION = (
    "project_id, name, description, git_branch, git_commit, working_directory, parent_session_id, ended_at, is_active"
)
_PROJECT = (
    "name, description, path, git_remote_url, git_branch, project_type, language, framework, config_json, is_active"
)
WATCHED: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    ("memories", "INSERT", (("memory", "NEW.id"),)),
    ("memories", f"UPDATE OF {_MEMORY}", (("memory", "NEW.id"),)),
    ("memories", "UPDATE OF access_count, last_accessed_at", (("counters", "''"),)),
    ("memories", "DELETE", (("memory", "OLD.id"), ("purge", "OLD.id"))),
    ("memory_relationships", "INSERT", (("relation", "NEW.from_memory_id"), ("relation", "NEW.to_memory_id"))),
    ("memory_relationships", "UPDATE", (("relation", "NEW.from_memory_id"), ("relation", "NEW.to_memory_id"))),
    ("memory_relationships", "DELETE", (("relation", "OLD.from_memory_id"), ("relation", "OLD.to_memory_id"))),
    ("projects", "INSERT", (("project", "NEW.id"),)),
    ("projects", f"UPDATE OF {_PROJECT}", (("project", "NEW.id"),)),
    ("projects", "DELETE", (("project", "OLD.id"),)),
    ("project_identities", "INSERT", (("project", "NEW.project_id"),)),
    ("project_identities", "UPDATE", (("project", "NEW.project_id"),)),
    ("project_identities", "DELETE", (("project", "OLD.project_id"),)),
    ("sessions", "INSERT", (("session", "NEW.id"),)),
    ("sessions", f"UPDATE OF {_SESSION}", (("session", "NEW.id"),)),
    ("sessions", "UPDATE OF context_json, last_active_at", (("activity", "NEW.id"),)),
    ("sessions", "DELETE", (("session", "OLD.id"),)),
    ("session_memories", "INSERT", (("focus", "NEW.session_id"),)),
    ("session_memories", "UPDATE OF working_memory, position_in_session", (("focus", "NEW.session_id"),)),
    ("session_memories", "UPDATE OF context_window_position", (("activity", "NEW.session_id"),)),
    ("session_memories", "DELETE", (("focus", "OLD.session_id"),)),
    ("users", "UPDATE OF email, display_name, preferences_json, is_active", (("user", "NEW.id"), ("settings", "''"))),
    ("system_config", "INSERT", (("settings", "''"),)),
    ("system_config", "UPDATE", (("settings", "''"),)),
    ("patterns", "INSERT", (("pattern", "NEW.id"),)),
    ("patterns", "UPDATE", (("pattern", "NEW.id"),)),
    ("patterns", "DELETE", (("pattern", "OLD.id"),)),
    ("project_patterns", "INSERT", (("pattern", "NEW.pattern_id"),)),
    ("project_patterns", "UPDATE", (("pattern", "NEW.pattern_id"),)),
    ("project_patterns", "DELETE", (("pattern", "OLD.pattern_id"),)),
    ("pattern_evidence", "INSERT", (("pattern", "NEW.pattern_id"),)),
    ("pattern_evidence", "UPDATE", (("pattern", "NEW.pattern_id"),)),
    ("pattern_evidence", "DELETE", (("pattern", "OLD.pattern_id"),)),
    ("pattern_uses", "INSERT", (("pattern", "NEW.pattern_id"),)),
    ("pattern_uses", "UPDATE", (("pattern", "NEW.pattern_id"),)),
    ("pattern_uses", "DELETE", (("pattern", "OLD.pattern_id"),)),
    ("projections", "INSERT", (("index", "NEW.port"),)),
    ("projections", "UPDATE OF checkpoint, state", (("index", "NEW.port"),)),
    ("projections", "DELETE", (("index", "OLD.port"),)),
)
"""(table, what is done to it, the events of it with the object's id). A row's counters are an event of their own."""

_TABLE = "CREATE TEMP TABLE changed (event TEXT NOT NULL, id TEXT NOT NULL)"
_TAKE = f"SELECT DISTINCT event, id FROM temp.changed LIMIT {MOST + 1}"
_KINDS = "SELECT DISTINCT event, '' FROM temp.changed"
_FORGET = "DELETE FROM temp.changed"


def watch(connection: sqlite3.Connection) -> None:
    """Begin to note changes on a connection; all tables must be there. Outside of any transaction."""
    connection.execute(_TABLE)
    for statement in _triggers():
        connection.execute(statement)


def changes(connection: sqlite3.Connection) -> list[Change]:
    """What was changed since this was asked last, in the transaction that is open; it is forgotten with that."""
    found: list[Change] = connection.execute(_TAKE).fetchall()
    if not found:
        return found
    if len(found) > MOST:
        found = connection.execute(_KINDS).fetchall()
    connection.execute(_FORGET)
    return found


def _triggers() -> Iterator[str]:
    for number, (table, action, events) in enumerate(WATCHED):
        noted = " ".join(f"INSERT INTO changed VALUES ('{event}', {of});" for event, of in events)
        # What other indexes than the vectors have taken changes no answer.
        when = f"WHEN {events[0][1]} = 'vectors'" if table == "projections" else ""
        yield f"CREATE TEMP TRIGGER changed_{number} AFTER {action} ON main.{table} {when} BEGIN {noted} END"
