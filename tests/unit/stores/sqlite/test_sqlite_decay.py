"""What decay and the jobs ask of the tables: their plans, their counts, and rows written by the hundred."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import date

import pytest

from lmem.domain.actors import Actor
from lmem.domain.audit import START, follow
from lmem.domain.fading import Day
from lmem.domain.jobs import Run
from lmem.domain.layers import Layers
from lmem.stores.sqlite.audit import AuditRows
from lmem.stores.sqlite.decay import DecayRows
from lmem.stores.sqlite.jobs import JobRows
from lmem.stores.sqlite.outbox import OutboxRows
from tests.unit.stores.sqlite.rows import USER, add_memory, add_owner, identifier

AT = "2026-11-22T12:00:00.000Z"
ACTOR = Actor(USER, "unix:1:1", "test/1")
TEMPORAL = Layers(("temporal",))


@pytest.fixture
def store(connection: sqlite3.Connection) -> sqlite3.Connection:
    """300 memories, a third in no lasting layer, a fifth archived; two open projections, one retired."""
    add_owner(connection)
    for number in range(300):
        add_memory(
            connection, number, f"text {number}", layer_global=int(number % 3 > 0), layer_temporal=int(number % 3 == 0),
            is_archived=int(number % 5 == 0),
        )  # fmt: skip
    for name, port, state in (("v1", "vectors", "active"), ("g1", "graph", "building"), ("v0", "vectors", "retired")):
        connection.execute(
            "INSERT INTO projections (id, port, engine, generation, state) VALUES (?, ?, 'x', ?, ?)",
            (name, port, name, state),
        )
    return connection


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda store: DecayRows(store).active(USER), "idx_memories_active_important"),
        (lambda store: DecayRows(store).active(USER), "idx_memories_layers"),
        (lambda store: DecayRows(store).still_movable([identifier(1)]), "sqlite_autoindex_memories_1"),
        (lambda store: DecayRows(store).brought_back(USER, AT), "idx_memory_versions_change_set"),
        (lambda store: JobRows(store).seen(), "idx_job_runs_job"),
        (lambda store: JobRows(store).runs("decay", 5), "idx_job_runs_job"),
    ],
)
def test_a_statement_uses_its_index(
    store: sqlite3.Connection, ask: Callable[[sqlite3.Connection], object], index: str
) -> None:
    asked: list[str] = []
    store.set_trace_callback(asked.append)
    ask(store)
    store.set_trace_callback(None)
    plans = [row[3] for sql in asked if not sql.startswith("--") for row in store.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert any(index in step for step in plans), plans


def test_active_are_unarchived_and_in_a_lasting_layer(store: sqlite3.Connection) -> None:
    lasting = "is_archived = 0 AND (layer_session = 1 OR layer_project = 1 OR layer_global = 1)"
    counted = store.execute(f"SELECT count(*) FROM memories WHERE {lasting}").fetchone()[0]
    assert DecayRows(store).active(USER) == counted == 160
    assert len(DecayRows(store).fading(USER, "2099-01-01T00:00:00.000Z", [])) == 160


def test_moved_rows_are_what_they_would_be_one_by_one(store: sqlite3.Connection) -> None:
    rows = DecayRows(store).still_movable([identifier(number) for number in range(20)])
    assert [row.id for row in rows] == [identifier(number) for number in range(20) if number % 3 and number % 5]
    store.execute("INSERT INTO change_sets (id, kind, created_by) VALUES (1, 'decay', ?)", (USER,))
    DecayRows(store).move(rows, TEMPORAL, 1, "faded", USER, AT)
    OutboxRows(store).enqueue_many("memory", [(row.id, row.rev + 1) for row in rows], "upsert")
    AuditRows(store).append_many(ACTOR, "update", "memory", [row.id for row in rows], {"change_set": 1}, AT)
    found = store.execute(
        """SELECT m.rev, m.updated_at, m.layer_global, m.layer_temporal, v.version_number, v.diff_json, v.valid_from
           FROM memories m JOIN memory_versions v ON v.memory_id = m.id AND v.change_set = 1"""
    ).fetchall()
    assert found == [(2, AT, 0, 1, 2, '{"layers":[["global"],["temporal"]]}', AT)] * len(rows)
    assert DecayRows(store).still_movable([row.id for row in rows]) == []
    for projection in ("v1", "g1"):
        due = OutboxRows(store).due(projection, AT, 100)
        assert [(item.object_id, item.op) for item in due] == [(row.id, "upsert") for row in rows]
    assert OutboxRows(store).due("v0", AT, 100) == []
    OutboxRows(store).enqueue("memory", identifier(299), 1, "upsert")
    assert OutboxRows(store).due("v1", AT, 100)[-1].object_id == identifier(299)
    AuditRows(store).append(ACTOR, "read", "memory", identifier(1), {}, AT)
    links = AuditRows(store).links(0, 100)
    assert len(links) == len(rows) + 1 and follow(START, links)[1:] == (len(links), None)


def test_days_keep_what_moved_and_where_the_count_goes_on(store: sqlite3.Connection) -> None:
    rows = DecayRows(store)
    days = [Day(date(2026, 3, number), 100, moved) for number, moved in enumerate((4, 0, 7, 0), 1)]
    assert rows.last_day(USER) is None
    rows.begin(USER, date(2026, 2, 20))
    rows.begin(USER, date(2026, 2, 25))
    assert rows.last_day(USER) == (date(2026, 2, 20), False)
    rows.add_days(USER, days)
    assert rows.last_day(USER) == (date(2026, 3, 4), True)
    assert rows.days(USER, date(2026, 2, 1)) == [days[0], days[2]]
    rows.add_days(USER, [Day(date(2026, 3, 5), 96, 1)])
    assert [day.day.day for day in rows.days(USER, date(2026, 3, 2))] == [3, 5]


def test_a_plan_is_open_until_it_is_closed(store: sqlite3.Connection) -> None:
    store.execute("INSERT INTO change_sets (id, kind, created_by) VALUES (1, 'decay', ?)", (USER,))
    rows = DecayRows(store)
    assert rows.open_plan(USER) is None
    rows.add_plan(1, USER, [identifier(2), identifier(1)])
    assert rows.open_plan(USER) == (1, [identifier(2), identifier(1)])
    rows.close_plan(1)
    assert rows.open_plan(USER) is None


def test_a_job_remembers_since_when_it_is_due_and_its_last_run(connection: sqlite3.Connection) -> None:
    rows = JobRows(connection)
    rows.register(["decay", "audit"], AT)
    rows.register(["decay"], "2027-01-01T00:00:00.000Z")
    run = Run("decay", "missed", "failed", 0, None, "the disk is full", AT, AT)
    rows.add(run)
    assert rows.seen() == {"decay": (AT, run), "audit": (AT, None)}
    assert rows.runs(None, 5) == rows.runs("decay", 5) == [run]
    with pytest.raises(sqlite3.IntegrityError):
        rows.add(Run("unknown", "user", "done", 0, None, "", AT, AT))
