"""What a commit is said to have changed: everything that is watched, nothing that was undone, before anybody hears."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from lmem.domain.cachekeys import EVENTS
from lmem.ports.storage import UnitOfWork
from lmem.stores.sqlite import migrations
from lmem.stores.sqlite.connection import open_writer
from lmem.stores.sqlite.database import Database
from lmem.stores.sqlite.storage import SqliteStorage
from lmem.stores.sqlite.watch import MOST, WATCHED, changes, watch
from tests.unit.stores.sqlite.rows import USER, add_memory, add_owner, add_projection

ID = "a" * 32


@pytest.fixture
def connection(tmp_path: Path) -> sqlite3.Connection:
    made = open_writer(tmp_path / "layered_memory.db")
    migrations.migrate(made, migrations.load())
    watch(made)
    add_owner(made)
    changes(made)
    return made


def test_every_event_is_one_of_the_table() -> None:
    assert {event for _, _, events in WATCHED for event, _ in events} <= EVENTS.keys()


def test_every_column_of_a_watched_row_is_watched_or_is_no_news(connection: sqlite3.Connection) -> None:
    """A column that a later migration adds has to be put among those that are watched, or here."""
    silent = {
        "memories": {"memory_key", "id", "user_id", "content_hash", "is_unspaced", "git_context_json", "source_tool",
                     "external_id", "created_at", "updated_at"},
        "sessions": {"id", "user_id", "created_at", "updated_at"},
        "projects": {"id", "user_id", "created_at", "updated_at", "last_accessed_at", "rev"},
        "users": {"id", "username", "created_at", "updated_at", "last_active_at", "rev"},
        "session_memories": {"id", "session_id", "memory_id", "added_at"},
    }  # fmt: skip
    for table, unwatched in silent.items():
        lists = [action.partition(" OF ")[2] for name, action, _ in WATCHED if name == table and " OF " in action]
        watched = {column.strip() for columns in lists for column in columns.split(",")}
        real = {row[1] for row in connection.execute(f"PRAGMA table_xinfo({table})")}
        assert real == watched | unwatched, table


def test_a_row_of_counters_is_no_change_of_the_memory(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN")
    memory_id = add_memory(connection, 1, "text")
    changes(connection)
    connection.execute("UPDATE memories SET access_count = 3, last_accessed_at = '2026-11-22T12:00:00.000Z'")
    assert changes(connection) == [("counters", "")]
    connection.execute("DELETE FROM memories")
    assert set(changes(connection)) == {("memory", memory_id), ("purge", memory_id)}
    assert changes(connection) == []


def test_what_is_undone_was_no_change(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN")
    connection.execute("SAVEPOINT one")
    add_memory(connection, 1, "text")
    connection.execute("ROLLBACK TO one")
    assert changes(connection) == []
    add_memory(connection, 1, "text")
    connection.execute("ROLLBACK")
    connection.execute("BEGIN")
    assert changes(connection) == []


def test_a_cascade_is_seen(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN")
    one, two = add_memory(connection, 1, "text"), add_memory(connection, 2, "text")
    related = "INSERT INTO memory_relationships (from_memory_id, to_memory_id, relationship_type) VALUES (?, ?, 'x')"
    connection.execute(related, (one, two))
    changes(connection)
    connection.execute("DELETE FROM memories WHERE id = ?", (one,))
    assert {("relation", one), ("relation", two)} <= set(changes(connection))


def test_the_index_is_the_vectors(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN")
    add_projection(connection, "graph-1", "graph", "active")
    connection.execute("UPDATE projections SET checkpoint = 7")
    assert changes(connection) == []
    add_projection(connection, "vectors-1", "vectors", "active")
    assert changes(connection) == [("index", "vectors")]
    connection.execute("UPDATE projections SET checkpoint = 7")
    assert changes(connection) == [("index", "vectors")]


def test_too_many_objects_are_not_named(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN")
    for number in range(MOST + 1):
        add_memory(connection, number, "text")
    assert changes(connection) == [("memory", "")]


def drive(path: Path, scenario: Callable[[SqliteStorage, list[object]], object]) -> list[object]:
    """What was heard, in order, with what the scenario notes."""
    heard: list[object] = []

    async def run() -> None:
        database = Database.open(path / "layered_memory.db")
        storage = SqliteStorage(database)
        await database.write(add_owner)
        await storage.write(lambda tx: None)  # takes what others wrote
        storage.on_change = lambda changed: heard.extend(event for event, _ in changed)
        try:
            await scenario(storage, heard)  # type: ignore[misc]
        finally:
            await storage.close()

    asyncio.run(run())
    return heard


def a_change(tx: UnitOfWork) -> None:
    tx.settings.set_preferences(USER, {}, "2026-11-22T12:00:00.000Z")


def test_a_change_is_heard_before_its_writer_is_answered(tmp_path: Path) -> None:
    async def scenario(storage: SqliteStorage, heard: list[object]) -> None:
        await storage.write(a_change)
        heard.append("answered")
        await storage.write(lambda tx: None)

    assert drive(tmp_path, scenario) == ["user", "settings", "answered"]


def test_a_write_that_fails_is_not_heard(tmp_path: Path) -> None:
    async def scenario(storage: SqliteStorage, heard: list[object]) -> None:
        def fails(tx: UnitOfWork) -> None:
            a_change(tx)
            raise ValueError

        with pytest.raises(ValueError):
            await storage.write(fails)
        await storage.write(lambda tx: None)

    assert drive(tmp_path, scenario) == []


def test_a_change_whose_writer_hung_up_is_heard(tmp_path: Path) -> None:
    async def scenario(storage: SqliteStorage, heard: list[object]) -> None:
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()

        def slow(tx: UnitOfWork) -> None:
            loop.call_soon_threadsafe(begun.set)
            a_change(tx)

        task = asyncio.create_task(storage.write(slow))
        await begun.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await storage.write(lambda tx: None)

    assert drive(tmp_path, scenario) == ["user", "settings"]
