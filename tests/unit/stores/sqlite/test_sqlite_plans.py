"""The query patterns of the specification's section 6.2 use their indexes, on a store with statistics."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator

import pytest

from lmem.domain.filters import Filter
from lmem.domain.outbox import Pending
from lmem.stores.sqlite import memories, migrations
from lmem.stores.sqlite.annotations import AnnotationRows
from lmem.stores.sqlite.connection import open_writer
from lmem.stores.sqlite.directory import DirectoryRows
from lmem.stores.sqlite.layers import LayerRows
from lmem.stores.sqlite.memories import MemoryRows
from lmem.stores.sqlite.outbox import OutboxRows
from tests.unit.stores.sqlite.rows import PROJECT, USER, add_memory, add_owner, add_projection, identifier

LAYERED = """
    SELECT m.*,
           CASE WHEN m.layer_session = 1 THEN 'session' WHEN m.layer_project = 1 THEN 'project'
                WHEN m.layer_global = 1 THEN 'global' WHEN m.layer_temporal = 1 THEN 'temporal' END AS primary_layer
    FROM memories m
    WHERE m.user_id = ? AND m.is_archived = 0 AND (m.layer_project = 1 OR m.layer_global = 1)
      AND m.importance_score > 0.3
    ORDER BY m.importance_score DESC, m.last_accessed_at DESC
    LIMIT 50
"""
THROUGH_THE_VIEW = """
    SELECT id, title, primary_layer FROM memories_shared
    WHERE user_id = ? AND is_archived = 0 AND importance_score > 0.3
    ORDER BY importance_score DESC, last_accessed_at DESC LIMIT 50
"""
ONE_PROJECT = "SELECT title FROM memories WHERE user_id = ? AND project_id = 'p7' AND memory_type = 'decision'"
ACTIVE_SESSIONS = "SELECT name FROM sessions WHERE user_id = ? AND is_active = 1 ORDER BY last_active_at DESC LIMIT 5"
STALE_SESSIONS = "SELECT name FROM sessions WHERE user_id = ? AND is_active = 1 ORDER BY last_active_at LIMIT 5"
NEWEST = "SELECT title FROM memories WHERE is_archived = 0 AND user_id = ? ORDER BY created_at DESC LIMIT 5"
SAME_TEXT = memories._SAME_TEXT.format(source="memories_shared", where="m.user_id = 'u' AND m.project_id = 'p'")
SAME_SOURCE = (
    "SELECT id FROM memories WHERE user_id = ? AND source_tool = 'cli.bulk' AND external_id = '7' AND project_id IS 'p'"
)
HISTORY = (
    "SELECT v.title FROM memory_versions_text v WHERE v.memory_id = ? ORDER BY v.version_number DESC"  # the lower index
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """3000 memories in 30 projects with statistics, as a daemon's close leaves them."""
    connection = open_writer(tmp_path_factory.mktemp("plans") / "layered_memory.db")
    migrations.migrate(connection, migrations.load())
    chance = random.Random(3)
    add_owner(connection)
    connection.execute("BEGIN")
    for number in range(30):
        connection.execute(
            "INSERT INTO projects (id, user_id, name) VALUES (?, ?, ?)", (identifier(number), USER, number)
        )
        connection.execute("INSERT INTO sessions (user_id, name) VALUES (?, ?)", (USER, number))
    for number in range(3000):
        add_memory(
            connection,
            number,
            f"text {number}",
            project_id=chance.choice([PROJECT, identifier(chance.randrange(30))]),
            memory_type=chance.choice(["decision", "note", "task", "error"]),
            importance_score=chance.random(),
            last_accessed_at=f"2026-01-{chance.randrange(1, 29):02}T00:00:00.000Z",
            created_at=f"2025-{chance.randrange(1, 13):02}-01T00:00:00.000Z",
            layer_project=chance.randrange(2),
            layer_global=chance.randrange(2),
            is_archived=int(chance.random() < 0.1),
        )
    connection.execute("COMMIT")
    connection.execute("PRAGMA analysis_limit=1000")
    connection.execute("ANALYZE")
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (LAYERED, "idx_memories_active_important"),
        (THROUGH_THE_VIEW, "idx_memories_active_important"),
        (ONE_PROJECT, "idx_memories_user_project_type"),
        (ACTIVE_SESSIONS, "idx_active_sessions"),
        (STALE_SESSIONS, "idx_active_sessions"),
        (NEWEST, "idx_memories_recent_important"),
        (SAME_TEXT, "idx_memories_content_hash"),
        (SAME_SOURCE, "idx_memories_external"),
        (HISTORY, "sqlite_autoindex_memory_versions_1"),
    ],
)
def test_query_uses_its_index_without_sorting(store: sqlite3.Connection, query: str, index: str) -> None:
    plan = [row[3] for row in store.execute(f"EXPLAIN QUERY PLAN {query}", (USER,))]
    assert any(index in step for step in plan), plan
    assert not any("TEMP B-TREE" in step or (step.startswith("SCAN") and "INDEX" not in step) for step in plan), plan


def test_layered_query_uses_its_index_before_any_statistics(connection: sqlite3.Connection) -> None:
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {LAYERED}", (USER,))]
    assert any("idx_memories_active_important" in step for step in plan), plan
    assert not any("TEMP B-TREE" in step for step in plan), plan


@pytest.mark.parametrize("order", ["rank", "created"])
@pytest.mark.parametrize("kept_statistics", [False, True])
def test_a_page_of_everything_sorts_no_more_than_rows_of_one_moment(
    connection: sqlite3.Connection, store: sqlite3.Connection, order: str, kept_statistics: bool
) -> None:
    asked = store if kept_statistics else connection
    plan = _steps(asked, lambda rows: MemoryRows(rows).page(Filter(USER), order, 20, 0))
    assert any("INDEX idx_memories_" in step for step in plan), plan
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan, plan  # FOR RIGHT PART is of rows of one moment


def test_what_is_counted_again_and_again_is_right_and_reads_few_rows(
    store: sqlite3.Connection, connection: sqlite3.Connection
) -> None:
    found = DirectoryRows(store).counts(USER)
    archived = store.execute("SELECT sum(is_archived) FROM memories").fetchone()[0]
    assert found == {"memories": 3000 - archived, "archived": archived, "projects": 31, "sessions": 31}
    for asked in (store, connection):  # with statistics and without
        steps = _steps(asked, lambda rows: DirectoryRows(rows).counts(USER))
        assert any("idx_memories_active_important" in step for step in steps), steps
        assert any("COVERING INDEX idx_memories_user " in step for step in steps), steps
        assert not any("idx_memories_content_hash" in step for step in steps), steps
        steps = _steps(asked, lambda rows: OutboxRows(rows).parked(20))
        assert steps[0] == "SCAN outbox", "by its index each row would be looked up"
        steps = _steps(asked, lambda rows: AnnotationRows(rows).own(USER, 20))
        assert any("idx_memories_category" in step for step in steps), steps


def test_all_memories_of_a_user_are_read_in_the_order_of_the_file(
    store: sqlite3.Connection, connection: sqlite3.Connection
) -> None:
    """By another index each row is a page of its own."""
    everything = Filter(USER, temporal=True)
    asked = (
        lambda rows: MemoryRows(rows).count(everything),
        lambda rows: MemoryRows(rows).tags(everything),
        lambda rows: LayerRows(rows).kept(everything),
    )
    for question in asked:
        (first, *_) = _steps(connection, question)
        assert "USING INDEX idx_memories_user (" in first, first
        (first, *_) = _steps(store, question)  # with statistics, which know that all are one user's
        assert first == "SCAN m" or "USING INDEX idx_memories_user (" in first, first


@pytest.mark.parametrize("kept_statistics", [False, True])
def test_a_tombstone_is_looked_up_in_the_outbox(
    connection: sqlite3.Connection, store: sqlite3.Connection, kept_statistics: bool
) -> None:
    """Reading all of the outbox for each took five minutes with 100,000 of them, in one transaction."""
    for of in (connection, store):
        of.execute("DELETE FROM projections")
        add_projection(of, "v1", "vectors", "active")
    deleted = Pending("v1", "memory", identifier(1), "delete", 1, 0)

    def retired(rows: sqlite3.Connection) -> bool:
        OutboxRows(rows).retire("v1")
        return OutboxRows(rows).clear_retired(10)

    for question in (lambda rows: OutboxRows(rows).confirm([deleted]), retired):
        steps = _steps(store if kept_statistics else connection, question)
        assert not any(step.startswith(("SCAN outbox", "SCAN o ")) for step in steps), steps
        assert any(step.startswith("SEARCH o USING PRIMARY KEY (projection=? AND kind=? AND") for step in steps), steps


def _steps(store: sqlite3.Connection, ask: Callable[[sqlite3.Connection], object]) -> list[str]:
    """The plan of each statement that a question sends."""
    sent: list[str] = []
    store.set_trace_callback(sent.append)
    ask(store)
    store.set_trace_callback(None)
    return [row[3] for sql in sent for row in store.execute(f"EXPLAIN QUERY PLAN {sql}")]


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("memories", "session_id"),
        ("memory_versions", "memory_id"),
        ("memory_relationships", "from_memory_id"),
        ("memory_relationships", "to_memory_id"),
        ("session_memories", "memory_id"),
        ("session_memories", "session_id"),
        ("memory_projects", "memory_id"),
        ("memory_projects", "project_id"),
        ("pattern_evidence", "memory_id"),
        ("project_patterns", "project_id"),
        ("project_patterns", "pattern_id"),
        ("outbox", "projection"),
    ],
)
def test_a_delete_finds_its_children_by_index(connection: sqlite3.Connection, table: str, column: str) -> None:
    """Else one purge reads a whole table for each foreign key."""
    plan = connection.execute(f"EXPLAIN QUERY PLAN SELECT 1 FROM {table} WHERE {column} = 'x'").fetchall()
    assert plan[0][3].startswith("SEARCH"), plan
