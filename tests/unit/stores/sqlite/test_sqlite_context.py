"""The queries of a brief find their keys by index, and read no page of a memory that they leave out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lmem.ports.context import CONVENTION_TYPES, Where
from lmem.stores.sqlite import migrations
from lmem.stores.sqlite.connection import open_writer
from lmem.stores.sqlite.context import ContextRows
from tests.unit.stores.sqlite.rows import PROJECT, USER, add_memory, add_owner

WHERE = Where(USER, PROJECT, ("s" * 32,), shared=False)
BRIEF, CONVENTIONS = "idx_memories_brief", "idx_memories_conventions"


class Traced(sqlite3.Connection):
    """Keeps what was run."""

    ran: list[tuple[str, object]]

    def execute(self, sql: str, values: object = (), /) -> sqlite3.Cursor:
        self.ran = [*getattr(self, "ran", []), (sql, values)]
        return super().execute(sql, values)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traced]:
    path: Path = tmp_path_factory.mktemp("context") / "layered_memory.db"
    made = open_writer(path)
    migrations.migrate(made, migrations.load())
    add_owner(made)
    made.execute("BEGIN")
    for number in range(2000):
        kind = ("note", "task", "decision", "preference", "insight")[number % 5]
        add_memory(made, number, f"text {number}", project_id=PROJECT, memory_type=kind, layer_project=1)
    made.execute("COMMIT")
    made.close()
    connection = sqlite3.connect(path, factory=Traced)
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("ask", "indexes"),
    [
        (lambda rows: rows.newest(WHERE, ["decision"], [], 5), [BRIEF, "idx_memories_session"]),
        (lambda rows: rows.newest(WHERE, [], ["task", *CONVENTION_TYPES], 5), [BRIEF, "idx_memories_session"]),
        (lambda rows: rows.open_tasks(WHERE, 5), [BRIEF, "idx_memories_session", "idx_memory_relationships_to"]),
        (lambda rows: rows.lasting(WHERE, 5), [BRIEF, CONVENTIONS, "idx_memories_category"]),
        (lambda rows: rows.of_session(WHERE, 5), ["idx_memories_session"]),
        (lambda rows: rows.focused("s" * 32, WHERE, 5), ["idx_session_memories_working"]),
    ],
)
@pytest.mark.parametrize("analysed", [False, True])
def test_keys_come_from_indexes(
    store: Traced, ask: Callable[[ContextRows], list[object]], indexes: list[str], analysed: bool
) -> None:
    if analysed:
        store.execute("ANALYZE")
    store.ran = []
    ask(ContextRows(store))
    sql, values = store.ran[0]
    plan = [row[3] for row in store.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    missing = [index for index in indexes if not any(index in step for step in plan)]
    assert not missing, plan
    assert not any(step.startswith("SCAN m") for step in plan), plan


def test_the_indexes_hold_all_that_is_asked(store: Traced) -> None:
    store.ran = []
    ContextRows(store).newest(WHERE, ["decision"], [], 5)
    sql, values = store.ran[0]
    plan = [row[3] for row in store.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    assert any(f"COVERING INDEX {BRIEF}" in step for step in plan), plan
