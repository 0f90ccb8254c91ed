"""The tables of patterns: counts from uses, and which index answers what.

Not the rules (tests/unit/service/test_service_patterns.py).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from lmem.domain.patterns import Pattern, PatternFilter, ProjectPattern, Use
from lmem.stores.sqlite.memories import MemoryRows
from lmem.stores.sqlite.patterns import PatternRows
from tests.unit.stores.sqlite.rows import PROJECT, USER, add_owner, identifier

AT = "2026-01-01T00:00:00.000Z"


@pytest.fixture
def rows(connection: sqlite3.Connection) -> PatternRows:
    """200 patterns in 20 projects, three uses of each, with statistics."""
    add_owner(connection)
    found = PatternRows(connection)
    connection.execute("BEGIN")
    for number in range(20):
        values = (identifier(number), USER, number)
        connection.execute("INSERT INTO projects (id, user_id, name) VALUES (?, ?, ?)", values)
    for number in range(200):
        item = Pattern(identifier(1000 + number), USER, "abcd"[number % 4], f"name {number}", "what it is", AT, AT)
        found.insert(item)
        seen(found, item, identifier(number % 20), (number % 3 > 0, True, number % 2 > 0))
    connection.execute("COMMIT")
    connection.execute("ANALYZE")
    return found


def seen(rows: PatternRows, pattern: Pattern, project: str, uses: tuple[bool, ...]) -> None:
    rows.place(pattern, ProjectPattern(pattern.id, project, pattern.description, {}, 1.0, 0, (), AT, AT, AT))
    for success in uses:
        rows.use(pattern.id, Use(project, AT, success))


def plan(connection: sqlite3.Connection, read: Callable[[], object]) -> str:
    """How SQLite answers the first statement of a read."""
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    read()
    connection.set_trace_callback(None)
    return "; ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statements[0]}"))


def test_counts_come_from_the_uses(rows: PatternRows) -> None:
    item = Pattern("f" * 32, USER, "testing", "twins", "one suite", AT, AT)
    rows.insert(item)
    seen(rows, item, PROJECT, (True, False, True, True))
    (here,) = rows.in_projects(item.id)
    assert (here.usage_count, here.success_rate, here.last_used_at) == (4, 0.75, "2026-01-01T00:00:00.003Z")
    assert [use.used_at[-4:-1] for use in rows.uses(item.id, 3)] == ["003", "002", "001"]
    seen(rows, item, identifier(1), (False,))
    found = rows.find(item.id)
    assert found is not None
    assert (found.usage_count, found.success_rate, len(found.project_ids)) == (5, 0.6, 2)


def test_a_pattern_without_a_project_is_whole(rows: PatternRows) -> None:
    item = Pattern("f" * 32, USER, "testing", "twins", "one suite", AT, AT)
    rows.insert(item)
    assert rows.find(item.id) == item


@pytest.mark.parametrize(
    ("read", "index"),
    [
        (lambda rows: rows.find("f" * 32), "SEARCH p USING INDEX sqlite_autoindex_patterns_1 (id=?)"),
        (lambda rows: rows.named(USER, "x", "a"), "(user_id=? AND pattern_type=? AND pattern_name=?)"),
        (lambda rows: rows.page(PatternFilter(USER, type="a"), "usage", 5), "idx_project_patterns_type"),
        (lambda rows: rows.page(PatternFilter(USER, min_success=0.9), "usage", 5), "idx_project_patterns_success"),
        (lambda rows: rows.most_used(USER, 5), "idx_project_patterns_usage"),
        (lambda rows: rows.in_projects("f" * 32), "idx_project_patterns_pattern"),
        (lambda rows: rows.evidence("f" * 32, True), "idx_pattern_evidence_pattern"),
        (
            lambda rows: rows.page(PatternFilter(USER, project_id=PROJECT), "success", 5),
            "SEARCH pp USING INDEX sqlite_autoindex_project_patterns_2 (project_id=?)",
        ),
    ],
)
def test_a_read_uses_its_index(
    connection: sqlite3.Connection, rows: PatternRows, read: Callable[[PatternRows], object], index: str
) -> None:
    assert index in plan(connection, lambda: read(rows))


def test_a_purge_looks_patterns_up_by_the_memory(connection: sqlite3.Connection, rows: PatternRows) -> None:
    steps: list[str] = []
    connection.set_trace_callback(steps.append)
    MemoryRows(connection).delete(["f" * 32])
    connection.set_trace_callback(None)
    (update,) = [step for step in steps if "UPDATE project_patterns" in step]
    found = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {update}")]
    assert not [step for step in found if step.startswith("SCAN") and "json_each" not in step], found
