"""Rows for the tests of the SQLite store: what a user, a project and a memory need at least.

Not the repositories: these tests are about the file below them.
"""

from __future__ import annotations

import hashlib
import sqlite3

USER, PROJECT, SESSION = "a" * 32, "b" * 32, "c" * 32


def identifier(number: int) -> str:
    """A valid id that spreads over the key space as random ones do."""
    return hashlib.md5(str(number).encode()).hexdigest()


def add_owner(connection: sqlite3.Connection) -> None:
    """A user with a project and a session."""
    connection.execute("INSERT INTO users (id, username) VALUES (?, 'ada')", (USER,))
    connection.execute("INSERT INTO projects (id, user_id, name) VALUES (?, ?, 'engine')", (PROJECT, USER))
    connection.execute("INSERT INTO sessions (id, user_id, name) VALUES (?, ?, 'morning')", (SESSION, USER))


def add_memory(connection: sqlite3.Connection, number: int, text: str, **columns: str | int | float | None) -> str:
    """A memory of USER with its first version; `columns` overrides. Answers its id."""
    memory_id = identifier(number)
    values: dict[str, str | int | float | None] = {
        "id": memory_id,
        "user_id": USER,
        "title": text[:40],
        "content": text,
        "content_hash": identifier(hash(text)),
        "memory_type": "note",
        "source_tool": "cli.add",
    }
    values.update(columns)
    names = ", ".join(values)
    connection.execute(f"INSERT INTO memories ({names}) VALUES (?{', ?' * (len(values) - 1)})", tuple(values.values()))
    connection.execute(
        "INSERT INTO memory_versions (memory_id, version_number, change_type, valid_from, created_by)"
        " VALUES (?, 1, 'created', '2026-01-01T00:00:00.000Z', ?)",
        (memory_id, USER),
    )
    return memory_id


def add_projection(connection: sqlite3.Connection, name: str, port: str, state: str) -> None:
    """A projection that the outbox knows."""
    connection.execute(
        "INSERT INTO projections (id, port, engine, generation, state) VALUES (?, ?, 'test', ?, ?)",
        (name, port, name, state),
    )


def queued(connection: sqlite3.Connection) -> set[tuple[str, str, str, str]]:
    """The outbox as (projection, kind, op, object_id)."""
    return set(connection.execute("SELECT projection, kind, op, object_id FROM outbox"))


def check_full_text(connection: sqlite3.Connection) -> None:
    """Raises when a full-text index differs from the rows it indexes."""
    for table in ("memories_fts", "memories_trigram", "memories_pending"):
        connection.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('integrity-check', 1)")
