"""What Edge's conditions shrink to when it is known what the points have: nothing, fewer alternatives, themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lmem.ports.vectors import MEMORIES, Condition
from lmem.stores.qdrant.edge import EdgeVectors
from lmem.stores.qdrant.owners import Owners
from lmem.stores.qdrant.shards import load
from tests.contract.vectors import DIMENSIONS, GENERATION, point

A, B = "a" * 32, "b" * 32
USER = Condition("user_id", any=(A,))
IN_A, IN_B, OUTSIDE = Condition("project_id", any=(A,)), Condition("project_id", any=(B,)), Condition(
    "project_id", absent=True
)  # fmt: skip
GLOBAL = Condition("layer_assignments", any=("global",))
LASTING = Condition("layer_assignments", any=("session", "project", "global"))
SESSION = Condition("session_id", any=(B,))


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[EdgeVectors]:
    made = EdgeVectors(str(tmp_path / "vectors"), 1 << 20)
    made.open(GENERATION, DIMENSIONS)
    yield made
    made.close()


def _owners(edge: EdgeVectors, tmp_path: Path) -> list[Owners]:
    """What was learnt from the writes, and what a load learns from the points."""
    known = edge._collection(GENERATION, MEMORIES).owners
    edge.close()
    place = next(tmp_path.glob(f"vectors/{GENERATION}*/{MEMORIES}"))
    loaded = load(place, MEMORIES, DIMENSIONS)
    learnt = loaded.owners
    loaded.shard.close()
    assert known is not None and learnt is not None
    return [known, learnt]


def _fill(edge: EdgeVectors, *kinds: tuple[str | None, list[str]]) -> None:
    points = [point(at, project_id=project, layer_assignments=layers) for at, (project, layers) in enumerate(kinds)]
    edge.write(GENERATION, MEMORIES, points)


def test_what_every_point_meets_is_not_asked(edge: EdgeVectors, tmp_path: Path) -> None:
    _fill(edge, (None, ["global"]), (None, ["session"]), (A, ["global", "temporal"]))
    outside = Condition(either=(GLOBAL, OUTSIDE, SESSION))
    for owners in _owners(edge, tmp_path):
        assert owners.needed([USER, outside, LASTING]) == []
        assert owners.needed([IN_A]) == [IN_A]


def test_alternatives_that_no_point_meets_are_not_asked(edge: EdgeVectors, tmp_path: Path) -> None:
    _fill(edge, (A, ["project"]), (B, ["session", "project"]))
    for owners in _owners(edge, tmp_path):
        assert owners.needed([Condition(either=(GLOBAL, IN_A))]) == [IN_A]
        assert owners.needed([Condition(either=(GLOBAL, IN_A, SESSION))]) == [Condition(either=(IN_A, SESSION))]
        assert owners.needed([Condition(either=(GLOBAL, OUTSIDE))]) == [GLOBAL]
        assert owners.needed([Condition(either=(IN_A, IN_B))]) == []


def test_what_is_not_known_is_asked(edge: EdgeVectors, tmp_path: Path) -> None:
    _fill(edge, (A, ["project"]), (A, ["temporal"]), (A, []))
    either = Condition(either=(IN_A,), negate=True)
    ranged = Condition("created_at", gte="2026-01-01T00:00:00Z")
    for owners in _owners(edge, tmp_path):
        assert owners.needed([LASTING, either, ranged, SESSION]) == [LASTING, either, ranged, SESSION]


def test_too_many_projects_are_not_looked_through(edge: EdgeVectors, tmp_path: Path) -> None:
    _fill(edge, *((f"{number:032x}", ["project"]) for number in range(300)))
    wide = Condition(either=(GLOBAL, LASTING))
    for owners in _owners(edge, tmp_path):
        assert owners.needed([USER, wide]) == [wide]


def test_an_empty_collection_still_refuses_what_cannot_be_asked(edge: EdgeVectors, tmp_path: Path) -> None:
    for owners in _owners(edge, tmp_path):
        assert owners.needed([Condition("rev", gte=1)]) == [Condition("rev", gte=1)]
