"""The tables of sessions: every statement finds its rows by index, on a store with statistics."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator

import pytest

from lmem.stores.sqlite import migrations
from lmem.stores.sqlite.connection import open_writer
from lmem.stores.sqlite.sessions import MemberRows, SessionRows
from tests.unit.stores.sqlite.rows import USER, add_memory, add_owner, identifier

ONE, AT = identifier(5), "2026-01-01T00:00:00.000Z"
_SESSION = """INSERT INTO sessions (id, user_id, project_id, name, git_branch, working_directory, parent_session_id,
    ended_at, is_active, last_active_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_MEMBER = """INSERT INTO session_memories (session_id, memory_id, position_in_session, context_window_position)
    VALUES (?, ?, ?, ?)"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """2,000 sessions in 30 projects with 3,000 memories, inside of a transaction."""
    connection = open_writer(tmp_path_factory.mktemp("sessions") / "layered_memory.db")
    migrations.migrate(connection, migrations.load())
    chance = random.Random(3)
    add_owner(connection)
    connection.execute("BEGIN")
    for number in range(30):
        connection.execute(
            "INSERT INTO projects (id, user_id, name) VALUES (?, ?, ?)", (identifier(number), USER, number)
        )
    for number in range(2000):
        ended = None if chance.random() < 0.05 else AT
        parent = identifier(chance.randrange(number)) if number and chance.random() < 0.1 else None
        values = (
            identifier(number), USER, identifier(chance.randrange(30)) if chance.random() < 0.8 else None,
            f"s{number % 500}", f"b{number % 50}", f"/src/{number % 40}", parent, ended,
            int(ended is None and chance.random() < 0.3), f"2026-01-{chance.randrange(1, 29):02}T00:00:00.000Z",
        )  # fmt: skip
        connection.execute(_SESSION, values)
    for number in range(3000):
        session = identifier(chance.randrange(2000))
        memory = add_memory(connection, number, f"text {number}", session_id=session, layer_session=1)
        connection.execute(_MEMBER, (session, memory, number, number if chance.random() < 0.02 else None))
    connection.execute("COMMIT")
    connection.execute("ANALYZE")
    connection.execute("BEGIN")
    yield connection
    connection.execute("ROLLBACK")
    connection.close()


STATEMENTS: list[tuple[str, Callable[[SessionRows, MemberRows], object], str]] = [
    ("find", lambda rows, members: rows.find(ONE), "sqlite_autoindex_sessions_1"),
    ("prefix", lambda rows, members: rows.starting_with(USER, ONE[:8], 5), "sqlite_autoindex_sessions_1"),
    ("named", lambda rows, members: rows.named(USER, "s7", None), "idx_sessions_name"),
    ("named anywhere", lambda rows, members: rows.named_anywhere(USER, "s7"), "idx_sessions_name"),
    ("children", lambda rows, members: rows.children(ONE), "idx_sessions_parent"),
    ("of a project", lambda rows, members: rows.page(USER, ONE, None, True, 20), "idx_sessions_project"),
    ("of a branch", lambda rows, members: rows.page(USER, None, "b3", True, 20), "idx_sessions_branch"),
    ("idle", lambda rows, members: rows.idle(AT), "idx_sessions_parent"),
    ("pause", lambda rows, members: rows.pause_all(USER, "/src/3", ONE), "idx_active_sessions"),
    ("join", lambda rows, members: members.join(ONE, identifier(0), AT), "idx_session_memories_session"),
    ("count", lambda rows, members: members.count(ONE), "idx_session_memories_session"),
    ("of", lambda rows, members: members.of(ONE), "idx_session_memories_session"),
    ("in layer", lambda rows, members: members.in_layer(ONE), "idx_session_memories_session"),
    ("faded", lambda rows, members: members.faded(ONE), "sqlite_autoindex_memories_1"),
    ("focus", lambda rows, members: members.focus(ONE, identifier(1), True), "sqlite_autoindex_session_memories_2"),
    ("window", lambda rows, members: members.show(ONE, [identifier(1)]), "idx_session_memories_context"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "ask", "index"), STATEMENTS, ids=[row[0] for row in STATEMENTS])
def test_a_statement_uses_its_index(
    store: sqlite3.Connection, name: str, ask: Callable[[SessionRows, MemberRows], object], index: str
) -> None:
    asked: list[str] = []
    store.set_trace_callback(asked.append)
    ask(SessionRows(store), MemberRows(store))
    store.set_trace_callback(None)
    plans = [row[3] for sql in asked if not sql.startswith("--") for row in store.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert any(index in step for step in plans), plans


def test_a_session_is_read_as_it_was_written(store: sqlite3.Connection) -> None:
    rows = SessionRows(store)
    found = rows.find(ONE)
    assert found is not None
    rows.update(ONE, {"context_json": '{"goal":"x"}', "description": "more"})
    again = rows.find(ONE)
    assert again is not None and (again.context, again.description) == ({"goal": "x"}, "more")
    assert rows.starting_with(USER, ONE[:10], 5) == [again]
    assert rows.find("0" * 32) is None
