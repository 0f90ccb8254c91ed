"""Relations by memory, by type, by strength, detected or not; each list by its index."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator

import pytest

from lmem.domain.related import RelationFilter
from lmem.stores.sqlite import migrations, relations
from lmem.stores.sqlite.connection import open_writer
from lmem.stores.sqlite.relations import RelationRows
from tests.unit.stores.sqlite.rows import SESSION, USER, add_memory, add_owner, identifier

ALL = RelationFilter(USER, shared=False)


def relate(db: sqlite3.Connection, start: str, end: str, kind: str = "relates_to", **columns: str | float) -> str:
    """A row of `memory_relationships`; answers its id."""
    values = {"from_memory_id": start, "to_memory_id": end, "relationship_type": kind, **columns}
    sql = f"INSERT INTO memory_relationships ({', '.join(values)}) VALUES (?{', ?' * (len(values) - 1)}) RETURNING id"
    return str(db.execute(sql, tuple(values.values())).fetchone()[0])


def test_a_memory_s_relations_come_strongest_first_and_derived_ones_last(connection: sqlite3.Connection) -> None:
    add_owner(connection)
    ids = [add_memory(connection, number, f"text {number}", session_id=SESSION,
                      created_at=f"2026-01-01T00:0{number}:00.000Z") for number in range(4)]  # fmt: skip
    relate(connection, ids[0], ids[1], strength=0.2)
    relate(connection, ids[2], ids[0], "contradicts", strength=0.9)
    rows = RelationRows(connection)
    assert [item.relation.type for item in rows.at(ids[0], ALL)] == ["contradicts", "relates_to"]
    near = rows.at(ids[0], RelationFilter(USER, False, ("same_context", "relates_to")))
    assert [(item.relation.type, item.derived) for item in near] == [
        ("relates_to", False), *[("same_context", True)] * 3
    ]  # fmt: skip
    assert {item.from_title for item in near if item.derived} == {"text 1", "text 2", "text 3"}


def test_a_derived_relation_that_has_a_row_is_told_once(connection: sqlite3.Connection) -> None:
    add_owner(connection)
    one, two = (add_memory(connection, number, f"text {number}", session_id=SESSION,
                           created_at=f"2026-01-01T00:0{number}:00.000Z") for number in range(2))  # fmt: skip
    relate(connection, two, one, "same_context", context="said so")
    (only,) = RelationRows(connection).at(one, RelationFilter(USER, False, ("same_context",)))
    assert (only.derived, only.relation.context) == (False, "said so")


def test_hidden_ends_hide_a_relation(connection: sqlite3.Connection) -> None:
    add_owner(connection)
    one, private, gone = (add_memory(connection, 1, "one"), add_memory(connection, 2, "private", is_private=1),
                          add_memory(connection, 3, "gone", is_archived=1))  # fmt: skip
    for other in (private, gone):
        relate(connection, one, other)
    rows = RelationRows(connection)
    assert [item.to_title for item in rows.at(one, ALL)] == ["private"]
    assert [item.to_title for item in rows.page(ALL, 9, 0)] == ["private"]
    others = RelationFilter(USER, shared=True)
    assert rows.at(one, others) == [] == rows.page(others, 9, 0)


def test_lists_are_by_strength_by_type_and_by_who_found_them(connection: sqlite3.Connection) -> None:
    add_owner(connection)
    ids = [add_memory(connection, number, f"text {number}") for number in range(5)]
    relate(connection, ids[0], ids[1], strength=0.5)
    relate(connection, ids[0], ids[2], "contradicts", strength=1.0)
    relate(connection, ids[0], ids[3], strength=1.0, auto_detected=1)
    rows = RelationRows(connection)

    def ends(wanted: RelationFilter, limit: int = 9, offset: int = 0) -> list[str]:
        return [item.to_title[-1] for item in rows.page(wanted, limit, offset)]

    assert ends(ALL) == ["2", "3", "1"]
    assert ends(ALL, 1, 1) == ["3"]
    assert ends(RelationFilter(USER, False, ("relates_to",))) == ["3", "1"]
    assert ends(RelationFilter(USER, False, detected=True)) == ["3"]
    assert ends(RelationFilter(USER, False, ("relates_to",), detected=False)) == ["1"]


def test_a_name_means_one_memory_or_its_commit(connection: sqlite3.Connection) -> None:
    add_owner(connection)
    one = add_memory(connection, 1, "one")
    commit = add_memory(connection, 2, "commit", source_tool="git.post-commit", external_id="3f2a9bc4" + "0" * 32)
    add_memory(connection, 3, "no commit", source_tool="cli.bulk", external_id="3f2a9bc5" + "0" * 32)
    rows = RelationRows(connection)
    assert rows.named(USER, one[:8]) == one
    assert rows.named(USER, "3f2a9bc4") == commit
    assert rows.named(USER, "3f2a9bc5") is None
    assert rows.named(USER, "") is None, "several begin so"
    assert rows.named("f" * 32, one) is None


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """3000 relations with statistics, as a daemon's close leaves them."""
    connection = open_writer(tmp_path_factory.mktemp("plans") / "layered_memory.db")
    migrations.migrate(connection, migrations.load())
    chance = random.Random(3)
    add_owner(connection)
    connection.execute("BEGIN")
    ids = [add_memory(connection, number, f"text {number}") for number in range(1000)]
    for number in range(3000):
        kind = chance.choice(["relates_to"] * 8 + ["contradicts", "builds_on"])
        connection.execute(
            "INSERT OR IGNORE INTO memory_relationships (id, from_memory_id, to_memory_id, relationship_type, strength,"
            " auto_detected) VALUES (?, ?, ?, ?, ?, ?)",
            (identifier(number), *chance.sample(ids, 2), kind, chance.random(), int(chance.random() < 0.05)),
        )
    connection.execute("COMMIT")
    connection.execute("PRAGMA analysis_limit=1000")
    connection.execute("ANALYZE")
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("sql", "which", "index"),
    [
        (relations.STRONGEST, "1", "idx_memory_relationships_strength"),
        (relations.CHOSEN, "r.relationship_type IN ('contradicts')", "idx_memory_relationships_type"),
        (relations.CHOSEN, "r.auto_detected = 1", "idx_memory_relationships_auto"),
        (relations.CHOSEN, "r.auto_detected = 1 AND +r.relationship_type IN ('contradicts')",
         "idx_memory_relationships_auto"),
        (relations._READABLE, "r.to_memory_id = 'x'", "idx_memory_relationships_to"),
        (relations._READABLE, "r.from_memory_id = 'x'", "sqlite_autoindex_memory_relationships_2"),
    ],
)  # fmt: skip
def test_a_list_uses_the_index_that_is_made_for_it(
    store: sqlite3.Connection, sql: str, which: str, index: str
) -> None:
    text = sql.format(source="memories_all", which=which).replace("?", "1")
    plan = [row[3] for row in store.execute(f"EXPLAIN QUERY PLAN {text}")]
    assert f"USING INDEX {index}" in plan[0], plan
    assert not any(step.startswith("SCAN") and "INDEX" not in step for step in plan), plan
    if sql is relations.STRONGEST:
        assert not any("TEMP B-TREE" in step for step in plan), plan


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        ("SELECT EXISTS (SELECT 1 FROM memories_all WHERE user_id = '1' AND is_private = 1 AND is_archived = 0)",
         "idx_memories_private"),
        ("SELECT 1 FROM relation_changes WHERE change_set = 1", "idx_relation_changes_set"),
        ("SELECT 1 FROM relation_changes WHERE from_key = 1", "idx_relation_changes_from"),
        ("SELECT 1 FROM relation_changes WHERE to_key = 1", "idx_relation_changes_to"),
        ("SELECT 1 FROM relation_changes WHERE project_id = '1'", "idx_relation_changes_project"),
    ],
)  # fmt: skip
def test_what_a_purge_or_an_undo_looks_up_has_an_index(store: sqlite3.Connection, sql: str, index: str) -> None:
    plan = [row[3] for row in store.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert any(index in step for step in plan), plan
