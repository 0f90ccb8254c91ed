"""The audit log's statements find what they ask for by its indexes, on a store with statistics."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator

import pytest

from lmem.domain.actors import Actor
from lmem.domain.audit import Wanted
from lmem.stores.sqlite import audit, migrations
from lmem.stores.sqlite.audit import AuditRows
from lmem.stores.sqlite.connection import open_writer
from tests.unit.stores.sqlite.rows import USER, identifier

PLAINLY = ("SCAN audit_log", "USE TEMP B-TREE FOR ORDER BY")
"""Steps of a plan that read or sort the whole log; sorting what has the same time costs nothing."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """3000 entries with statistics, as a daemon's close leaves them."""
    connection = open_writer(tmp_path_factory.mktemp("audit") / "layered_memory.db")
    migrations.migrate(connection, migrations.load())
    rows, chance = AuditRows(connection), random.Random(5)
    connection.execute("BEGIN")
    for number in range(3000):
        actor = Actor(USER, "unix:1:2", "cli/1", session_id=identifier(number % 40))
        at = f"2026-01-{number // 107 + 1:02}T00:00:00.{number % 1000:03}Z"
        action, kind = chance.choice(("create", "read", "search", "update")), chance.choice(("memory", "session"))
        rows.append(actor, action, kind, identifier(number), {}, at)
    connection.execute("COMMIT")
    connection.execute("ANALYZE")
    yield connection
    connection.close()


def _plan(store: sqlite3.Connection, sql: str, values: tuple[object, ...]) -> list[str]:
    return [row[3] for row in store.execute(f"EXPLAIN QUERY PLAN {sql}", values)]


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (Wanted(USER), "idx_audit_log_user"),
        (Wanted(USER, action="search"), "idx_audit_log_action"),
        (Wanted(USER, since="2026-01-28T00:00:00.000Z"), "idx_audit_log_user"),
        (Wanted(USER, kind="memory", object_id=identifier(7)[:8]), "idx_audit_log_resource"),
    ],
)
def test_a_list_uses_an_index(store: sqlite3.Connection, wanted: Wanted, index: str) -> None:
    conditions, values = audit._conditions(wanted)
    sql = f"SELECT seq FROM audit_log WHERE {' AND '.join(conditions)} {audit._NEWEST} LIMIT 50"
    plan = _plan(store, sql, tuple(values))
    assert any(index in step for step in plan), plan
    if index != "idx_audit_log_resource":  # a few rows, which are sorted
        assert not any(step.startswith(PLAINLY) for step in plan), plan
    assert AuditRows(store).page(wanted, 50, 0)


def test_retention_finds_its_end_by_time(store: sqlite3.Connection) -> None:
    plan = _plan(store, audit._LAST_BEFORE, ("2026-01-15T00:00:00.000Z",))
    assert any("idx_audit_log_created" in step for step in plan), plan
    assert not any(step.startswith(PLAINLY) for step in plan), plan
    last = AuditRows(store).last_before("2026-01-02T00:00:00.000Z")
    assert last == 107


def test_the_chain_is_walked_in_its_order(store: sqlite3.Connection) -> None:
    for sql in (audit._LINKS, audit._CUT.replace("DELETE", "SELECT 1", 1)):
        plan = _plan(store, sql, (5, 10))
        assert not any("TEMP B-TREE" in step for step in plan), plan
        assert plan[0].startswith("SEARCH audit_log USING INTEGER PRIMARY KEY"), plan
    assert [link.seq for link in AuditRows(store).links(5, 3)] == [6, 7, 8]
