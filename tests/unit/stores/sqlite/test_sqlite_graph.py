"""The graph in the truth: nodes with their properties, every edge with its own, nothing of what is hidden."""

from __future__ import annotations

import sqlite3
from itertools import pairwise

import pytest

from lmem.domain.graph import Edge, Sight, Wanted
from lmem.domain.relations import EDGES
from lmem.stores.sqlite import nearness
from lmem.stores.sqlite.graph import GraphRows
from tests.unit.stores.sqlite.rows import PROJECT, SESSION, USER, add_memory, add_owner, identifier

PATTERN, OTHER = "d" * 32, "e" * 32
AT = "2026-01-02T03:04:05.006Z"


@pytest.fixture
def truth(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A user with two projects and a pattern."""
    add_owner(connection)
    connection.execute("INSERT INTO projects (id, user_id, name) VALUES (?, ?, 'other')", (OTHER, USER))
    connection.execute(
        "INSERT INTO patterns (id, user_id, pattern_type, pattern_name, description, created_at)"
        " VALUES (?, ?, 'testing', 'contract suites', 'One suite, every implementation', ?)", (PATTERN, USER, AT)
    )  # fmt: skip
    return connection


def relate(db: sqlite3.Connection, start: str, end: str, kind: str, **columns: str | float) -> str:
    """A row of `memory_relationships`; answers its id."""
    values = {"from_memory_id": start, "to_memory_id": end, "relationship_type": kind, **columns}
    sql = f"INSERT INTO memory_relationships ({', '.join(values)}) VALUES (?{', ?' * (len(values) - 1)}) RETURNING id"
    return str(db.execute(sql, tuple(values.values())).fetchone()[0])


def memory(db: sqlite3.Connection, number: int, **columns: str | int | float | None) -> str:
    at = f"2026-01-01T{number:02}:00:00.000Z"
    return add_memory(db, number, f"text {number}", **{"created_at": at, "updated_at": AT, **columns})


def named(wanted: Wanted) -> dict[tuple[str, str, str], Edge]:
    found = {(edge.type, edge.start, edge.end): edge for edge in wanted.edges}
    assert len(found) == len(wanted.edges), "each edge is told once"
    return found


def test_a_memory_s_node_has_the_properties_of_the_specification(truth: sqlite3.Connection) -> None:
    one = memory(truth, 1, project_id=PROJECT, session_id=SESSION, category="architecture", importance_score=0.85,
                 memory_type="decision", layer_global=1, layer_project=1, rev=3)  # fmt: skip
    (node,) = GraphRows(truth).wanted("memory", [one]).nodes
    assert (node.label, node.id, node.rev) == ("Memory", one, 3)
    assert node.properties == {
        "id": one, "user_id": USER, "project_id": PROJECT, "session_id": SESSION, "title": "text 1",
        "memory_type": "decision", "category": "architecture", "importance_score": 0.85,
        "layer_assignments": ["project", "global"], "created_at": "2026-01-01T01:00:00.000Z", "updated_at": AT,
    }  # fmt: skip


def test_projects_patterns_and_users_have_theirs(truth: sqlite3.Connection) -> None:
    rows = GraphRows(truth)
    (project,) = rows.wanted("project", [PROJECT]).nodes
    (pattern,) = rows.wanted("pattern", [PATTERN]).nodes
    (user,) = rows.wanted("user", [USER]).nodes
    assert set(project.properties) == {"id", "user_id", "name", "project_type", "language", "framework", "created_at"}
    assert dict(pattern.properties) == {
        "id": PATTERN, "pattern_type": "testing", "pattern_name": "contract suites",
        "description": "One suite, every implementation", "success_rate": 1.0, "usage_count": 0, "created_at": AT,
    }  # fmt: skip
    assert (user.properties["username"], set(user.properties)) == ("ada", {"id", "username", "created_at"})


def test_every_type_has_an_edge_with_every_property(truth: sqlite3.Connection) -> None:
    one, two = memory(truth, 1, project_id=PROJECT), memory(truth, 2)
    own = {
        "contradicts": '{"discovered_at": "2026-01-02T03:04:05.006Z"}', "builds_on": '{"sequence": 1}',
        "resolves": '{"resolution_date": "2026-01-02", "outcome": "done"}', "supersedes": '{"reason": "newer"}',
        "same_context": '{"time_window": "2 days"}',
    }  # fmt: skip
    for kind in ("relates_to", "contradicts", "builds_on", "resolves", "supersedes", "temporal_before", "same_context"):
        relate(truth, one, two, kind, strength=0.8, context="why", properties_json=own.get(kind, "{}"))
    truth.execute("INSERT INTO memory_projects (memory_id, project_id, relevance) VALUES (?, ?, 0.9)", (one, OTHER))
    for kind, outcome, reason in (
        ("demonstrates", None, None), ("validates", "success", None), ("contradicts_pattern", None, "slow here"),
    ):  # fmt: skip
        truth.execute("INSERT INTO pattern_evidence (memory_id, pattern_id, kind, outcome, reason)"
                      " VALUES (?, ?, ?, ?, ?)", (one, PATTERN, kind, outcome, reason))  # fmt: skip
    for at, success, reason, finder in ((AT, 1, None, USER), ("2026-01-03T00:00:00.000Z", 0, "too slow", USER)):
        truth.execute("INSERT INTO pattern_uses (pattern_id, project_id, used_at, success, reason, discovered_by)"
                      " VALUES (?, ?, ?, ?, ?, ?)", (PATTERN, PROJECT, at, success, reason, finder))  # fmt: skip
    rows = GraphRows(truth)
    found = {**named(rows.wanted("memory", [one])), **named(rows.wanted("pattern", [PATTERN])),
             **named(rows.wanted("user", [USER]))}  # fmt: skip
    both = {"strength": 0.8, "context": "why"}
    assert {name: dict(edge.properties) for name, edge in found.items()} == {
        ("RELATES_TO", one, two): both,
        ("CONTRADICTS", one, two): {**both, "discovered_at": AT},
        ("BUILDS_ON", one, two): {**both, "sequence": 1},
        ("RESOLVES", one, two): {**both, "resolution_date": "2026-01-02", "outcome": "done"},
        ("SUPERSEDES", one, two): {**both, "reason": "newer"},
        ("TEMPORAL_BEFORE", one, two): both,
        ("SAME_CONTEXT", one, two): {**both, "time_window": "2 days"},
        ("BELONGS_TO", one, PROJECT): {},
        ("APPLIES_TO", one, OTHER): {"relevance": 0.9},
        ("DEMONSTRATES", one, PATTERN): {},
        ("VALIDATES", one, PATTERN): {"outcome": "success"},
        ("CONTRADICTS_PATTERN", one, PATTERN): {"reason": "slow here"},
        ("USED_IN", PATTERN, PROJECT): {"success": True, "date": "2026-01-02"},
        ("FAILED_IN", PATTERN, PROJECT): {"reason": "too slow"},
        ("OWNS", USER, PROJECT): {},
        ("OWNS", USER, OTHER): {},
        ("CREATED", USER, one): {},
        ("DISCOVERED", USER, PATTERN): {},
    }
    assert {kind for kind, _, _ in found} == {relation.edge for relation in EDGES}
    assert found[("USED_IN", PATTERN, PROJECT)].key == AT
    assert type(found[("USED_IN", PATTERN, PROJECT)].properties["success"]) is bool


def test_a_project_and_a_user_bring_only_the_edges_between_them(truth: sqlite3.Connection) -> None:
    memory(truth, 1, project_id=PROJECT)
    rows = GraphRows(truth)
    assert set(named(rows.wanted("project", [PROJECT]))) == {("OWNS", USER, PROJECT)}
    assert {kind for kind, _, _ in named(rows.wanted("user", [USER]))} == {"OWNS"}


@pytest.mark.parametrize("hidden", [{"is_private": 1}, {"is_archived": 1}])
def test_what_is_private_or_archived_is_gone_with_its_edges(truth: sqlite3.Connection, hidden: dict[str, int]) -> None:
    seen, away = memory(truth, 1, session_id=SESSION), memory(truth, 2, session_id=SESSION, **hidden)
    row = relate(truth, seen, away, "relates_to")
    truth.execute("INSERT INTO pattern_evidence (memory_id, pattern_id, kind) VALUES (?, ?, 'demonstrates')",
                  (away, PATTERN))  # fmt: skip
    rows = GraphRows(truth)
    wanted = rows.wanted("memory", [seen, away, "f" * 32])
    assert [node.id for node in wanted.nodes] == [seen]
    assert wanted.gone == (("Memory", away), ("Memory", "f" * 32))
    assert set(named(wanted)) == {("CREATED", USER, seen)}
    assert rows.wanted("relationship", [row]) == Wanted((), (), (), (row,))
    assert rows.wanted("pattern", [PATTERN]).edges == ()
    assert rows.page("memory", "", 10) == [seen]
    assert rows.page("relationship", "", 10) == []


def test_a_relationship_is_told_by_its_row(truth: sqlite3.Connection) -> None:
    one, two = memory(truth, 1), memory(truth, 2)
    row = relate(truth, one, two, "relates_to", rev=4, strength=0.25)
    (edge,) = GraphRows(truth).wanted("relationship", [row, row]).edges
    assert (edge.id, edge.rev, edge.type, dict(edge.properties)) == (row, 4, "RELATES_TO", {"strength": 0.25})


def test_a_type_that_a_newer_lmem_wrote_is_no_edge(truth: sqlite3.Connection) -> None:
    one, two = memory(truth, 1), memory(truth, 2)
    row = relate(truth, one, two, "of_a_newer_lmem")
    assert GraphRows(truth).wanted("relationship", [row]).unlinked == (row,)
    assert set(named(GraphRows(truth).wanted("memory", [one]))) == {("CREATED", USER, one)}


def test_memories_of_one_session_follow_each_other(truth: sqlite3.Connection) -> None:
    ids = [memory(truth, number, session_id=SESSION, created_at=f"2026-01-01T00:{number * 12:02}:00.000Z")
           for number in range(4)]  # fmt: skip
    memory(truth, 9, project_id=PROJECT, created_at="2026-01-01T00:13:00.000Z")
    found = named(GraphRows(truth).wanted("memory", ids))
    assert [name[1:] for name in found if name[0] == "TEMPORAL_BEFORE"] == list(pairwise(ids))


def test_the_five_nearest_of_the_last_hour_are_the_same_context(truth: sqlite3.Connection) -> None:
    ids = [memory(truth, number, project_id=PROJECT, created_at=f"2026-01-01T00:{number:02}:00.000Z")
           for number in range(8)]  # fmt: skip
    late = memory(truth, 9, project_id=PROJECT, created_at="2026-01-01T01:06:00.000Z")
    found = named(GraphRows(truth).wanted("memory", [*ids, late]))
    near: dict[int, set[int]] = {number: set() for number in (*range(8), 9)}
    for kind, start, end in found:
        if kind == "SAME_CONTEXT":
            near[9 if start == late else ids.index(start)].add(ids.index(end))
    assert near[7] == {2, 3, 4, 5, 6}, "at most five"
    assert near[9] == {6, 7}, "within an hour"
    assert found[("SAME_CONTEXT", late, ids[7])].properties == {"time_window": "1 hour"}
    alone = named(GraphRows(truth).wanted("memory", [ids[3]]))
    assert {name for name in found if ids[3] in name} == set(alone), "each end tells the same edges"


def test_pages_are_in_order_and_go_on_from_a_place(truth: sqlite3.Connection) -> None:
    ids = sorted(memory(truth, number) for number in range(5))
    rows = GraphRows(truth)
    assert rows.page("memory", "", 3) + rows.page("memory", ids[2], 3) == ids
    linked = sorted(relate(truth, ids[0], other, "relates_to") for other in ids[1:])
    assert rows.page("relationship", linked[0], 9) == linked[1:]
    assert rows.page("project", "", 9) == sorted([PROJECT, OTHER])
    assert (rows.page("user", "", 9), rows.page("pattern", "", 9)) == ([USER], [PATTERN])


def test_order_asks_an_index_for_its_neighbours(truth: sqlite3.Connection) -> None:
    for group, index in ((nearness.SESSION, "idx_memories_session"), (nearness.PROJECT, "idx_memories_project")):
        sql = nearness.BESIDE.format(group=group, side="<", order="DESC")
        plan = [row[3] for row in truth.execute(f"EXPLAIN QUERY PLAN {sql}", (SESSION, AT, 1, 5))]
        assert any(index in step for step in plan), plan
        assert not any("TEMP B-TREE" in step for step in plan), plan


def test_a_reader_s_nodes_and_their_edges_are_told_in_order(truth: sqlite3.Connection) -> None:
    rows, own, others = GraphRows(truth), Sight(USER, shared=False), Sight(USER, shared=True)
    one, two, away = memory(truth, 1, project_id=PROJECT), memory(truth, 2), memory(truth, 3, is_private=1)
    relate(truth, one, two, "relates_to")
    relate(truth, one, away, "contradicts")
    relate(truth, two, one, "builds_on")
    assert rows.starts(own, "Memory", "", 9) == sorted([one, two, away])
    assert rows.starts(others, "Memory", min(one, two), 9) == [max(one, two)]
    assert rows.starts(own, "User", "", 9) == [USER] and rows.starts(Sight("f" * 32, True), "User", "", 9) == []
    assert (rows.starts(own, "Project", "", 9), rows.starts(own, "Pattern", "", 9)) == ([PROJECT, OTHER], [PATTERN])
    types = ("RELATES_TO", "CONTRADICTS", "BUILDS_ON", "BELONGS_TO")
    assert [(edge.type, edge.end) for edge in rows.leaving(own, "Memory", [one], types)] == [
        ("BELONGS_TO", PROJECT), ("CONTRADICTS", away), ("RELATES_TO", two)
    ]  # fmt: skip
    assert [edge.type for edge in rows.leaving(others, "Memory", [one], types)] == ["BELONGS_TO", "RELATES_TO"]
    spots = [("Memory", away), ("Memory", one), ("Project", PROJECT), ("Pattern", PATTERN), ("User", USER)]
    assert rows.names(others, spots) == {
        ("Memory", one): "text 1", ("Project", PROJECT): "engine", ("Pattern", PATTERN): "contract suites",
        ("User", USER): "ada",
    }  # fmt: skip
    assert rows.names(Sight("f" * 32, False), spots) == {}
    assert rows.any_private(USER) and not rows.any_private("f" * 32)
    truth.execute("UPDATE memories SET is_archived = 1 WHERE id = ?", (away,))
    assert not rows.any_private(USER)


def test_a_node_of_its_user_s_own_is_there_for_the_user(truth: sqlite3.Connection) -> None:
    away = memory(truth, 2, is_private=1)
    rows = GraphRows(truth)
    assert rows.nodes("Memory", [away]) == []
    assert [node.id for node in rows.nodes("Memory", [away], shared=False)] == [away]
    assert identifier(2) == away
