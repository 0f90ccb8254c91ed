"""Generations on disk: what a kill, a wiped directory, a full disk and a torn copy leave, and how much they take."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from lmem.domain.encodings import packed
from lmem.errors import Conflict, InvalidInput, StorageFull, StoreUnavailable, WorkerDied
from lmem.ports.embedder import Encoding
from lmem.ports.vectors import COLLECTIONS, MEMORIES, PATTERNS, Point
from lmem.stores.inprocess.scoring import FILTERS
from lmem.stores.pipe import Spec
from lmem.stores.qdrant import generations, holes, schema
from lmem.stores.qdrant.edge import EdgeVectors
from tests.contract.blocking import BlockingWorker
from tests.contract.vectors import DIMENSIONS, GENERATION, an_id, point

RESERVE = 1 << 20


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "vectors"


@pytest.fixture
def edge(root: Path) -> Iterator[EdgeVectors]:
    made = EdgeVectors(str(root), RESERVE)
    yield made
    made.close()


def test_points_survive_closing_and_loading(edge: EdgeVectors, root: Path) -> None:
    instance = edge.open(GENERATION, DIMENSIONS)
    edge.write(GENERATION, MEMORIES, [point(number) for number in range(70)])
    edge.close()
    again = EdgeVectors(str(root), RESERVE)
    assert again.open(GENERATION, DIMENSIONS) == instance
    assert again.count(GENERATION, MEMORIES) == 70
    again.close()


def test_what_was_acknowledged_survives_a_kill(root: Path, tmp_path: Path) -> None:
    arguments = {"root": str(root), "reserve_bytes": RESERVE}
    blocking = BlockingWorker({"vectors": Spec("lmem.stores.qdrant.edge:EdgeVectors", arguments)}, tmp_path / "log")
    try:
        instance = blocking.open(GENERATION, DIMENSIONS)
        for batch in range(6):
            blocking.write(GENERATION, MEMORIES, [point(batch * 20 + number) for number in range(20)])
        blocking.write(GENERATION, MEMORIES, [point(3, rev=7)._replace(encoding=None)], [an_id(4)])
        os.kill(blocking.worker.pid, signal.SIGKILL)
        with pytest.raises(WorkerDied):
            blocking.count(GENERATION, MEMORIES)
    finally:
        blocking.close()
    edge = EdgeVectors(str(root), RESERVE)
    assert edge.open(GENERATION, DIMENSIONS) == instance
    assert edge.count(GENERATION, MEMORIES) == 119
    assert [stored.payload["rev"] for stored in edge.retrieve(GENERATION, MEMORIES, [an_id(3), an_id(4)])] == [7]
    edge.close()


def test_a_directory_that_a_kill_left_half_made_is_made_again(edge: EdgeVectors, root: Path) -> None:
    left = root / GENERATION / MEMORIES
    left.mkdir(parents=True)
    (left / "junk").write_bytes(b"x" * 100)
    edge.open(GENERATION, DIMENSIONS)
    assert edge.count(GENERATION, MEMORIES) == 0
    assert not (left / "junk").exists()


def test_a_wiped_directory_has_another_identity_even_while_open(edge: EdgeVectors, root: Path) -> None:
    before = edge.open(GENERATION, DIMENSIONS)
    edge.write(GENERATION, MEMORIES, [point(1)])
    shutil.rmtree(root / GENERATION)
    assert edge.open(GENERATION, DIMENSIONS) != before
    assert edge.count(GENERATION, MEMORIES) == 0


def test_another_schema_is_a_conflict(edge: EdgeVectors, root: Path) -> None:
    edge.open(GENERATION, DIMENSIONS)
    edge.close()
    file = root / GENERATION / "generation.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"schema": schema.SCHEMA + 1}))
    with pytest.raises(Conflict, match="schema"):
        edge.open(GENERATION, DIMENSIONS)


@pytest.mark.parametrize("name", ["", ".", "..", "../elsewhere", "a/b", "x" * 65])
def test_a_name_that_leaves_the_root_is_refused(edge: EdgeVectors, name: str) -> None:
    for call in (lambda: edge.open(name, DIMENSIONS), lambda: edge.drop(name)):
        with pytest.raises(InvalidInput):
            call()


def test_a_disk_without_the_reserve_is_refused_before_anything_is_touched(root: Path) -> None:
    free = shutil.disk_usage(root.parent).free
    with pytest.raises(StorageFull, match="MB free"):
        EdgeVectors(str(root), free).open(GENERATION, DIMENSIONS)
    assert not root.exists()


def test_a_batch_without_room_changes_nothing(edge: EdgeVectors, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edge.open(GENERATION, DIMENSIONS)
    usage = shutil.disk_usage(root)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=RESERVE + 1000))
    for refused in (
        lambda: edge.write(GENERATION, MEMORIES, [point(1)]),
        lambda: edge.copy(GENERATION, "gen-0002"),
        lambda: edge.count(GENERATION, PATTERNS),  # would load it
    ):
        with pytest.raises(StorageFull):
            refused()
    assert edge.count(GENERATION, MEMORIES) == 0
    assert list(edge.sizes()) == [GENERATION]


def test_a_disk_that_fills_during_a_copy_leaves_no_copy(edge: EdgeVectors, monkeypatch: pytest.MonkeyPatch) -> None:
    edge.open(GENERATION, DIMENSIONS)

    def full(source: Path, target: Path) -> None:
        target.mkdir()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(holes, "copy_tree", full)
    with pytest.raises(StorageFull, match="filled up while 'gen-0002' was made"):
        edge.copy(GENERATION, "gen-0002")
    assert list(edge.sizes()) == [GENERATION]


def test_an_optimiser_that_fails_says_why(edge: EdgeVectors, root: Path) -> None:
    edge.open(GENERATION, DIMENSIONS)
    edge.copy(GENERATION, "gen-0002")
    shutil.rmtree(root / "gen-0002" / MEMORIES)
    with pytest.raises(StoreUnavailable, match=r"Optimising 'gen-0002' failed: .*memory_embeddings"):
        edge.optimise("gen-0002")


def test_both_stores_filter_by_the_same_keys() -> None:
    assert {name: frozenset(keys) for name, keys in schema.PAYLOAD_INDEXES.items()} == FILTERS
    assert set(schema.PAYLOAD_INDEXES) == set(COLLECTIONS)


def test_an_empty_generation_is_small(edge: EdgeVectors, root: Path) -> None:
    edge.open(GENERATION, 384)
    assert edge.sizes()[GENERATION] < generations.EMPTY_BYTES < 5 << 20
    assert sum(path.stat().st_size for path in root.rglob("*")) > edge.sizes()[GENERATION]  # sparse, and counted so


def test_a_copy_stays_sparse(edge: EdgeVectors) -> None:
    edge.open(GENERATION, 384)
    edge.copy(GENERATION, "gen-0002")
    sizes = edge.sizes()
    assert sizes["gen-0002"] <= sizes[GENERATION] * 1.1


@pytest.mark.soak
def test_ten_thousand_memories_of_a_hundred_tokens_take_less_than_35_mb(edge: EdgeVectors) -> None:
    chance = random.Random(1)
    edge.open(GENERATION, 384)

    def memory(number: int) -> Point:
        dense = [chance.gauss(0, 1) for _ in range(384)]
        norm = sum(value * value for value in dense) ** 0.5
        terms = chance.sample(range(1, 1 << 31), 70)  # 100 tokens are some 45 distinct terms; neighbours bring more
        weights = packed([chance.uniform(0.3, 2.1) for _ in terms])
        encoding = Encoding(packed([value / norm for value in dense]), array("I", terms).tobytes(), weights, 100)
        return point(number, encoding, session_id=f"{number // 20:032x}", user_id="a" * 32)

    for start in range(0, 10_000, 64):
        edge.write(GENERATION, MEMORIES, [memory(number) for number in range(start, min(start + 64, 10_000))])
    assert edge.count(GENERATION, MEMORIES) == 10_000
    assert edge.sizes()[GENERATION] < 35_000_000
