"""The contract of lmem.ports.finder.Finder: one trip answers what the encoding and then the search would.

Run on Edge in process, on Edge in the worker, on servers and on the twin in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from lmem.errors import InvalidInput, ModelMissing, StoreUnavailable
from lmem.ports.embedder import Embedder, Encoding
from lmem.ports.vectors import MEMORIES, Candidates, Condition, Generations, Vectors
from lmem.stores.finder import OneTrip
from lmem.stores.inprocess.vectors import MemoryVectors
from lmem.stores.pipe import Spec, Target
from lmem.stores.qdrant.edge import EdgeVectors
from tests.contract.blocking import BlockingWorker
from tests.contract.seeded import SeededEmbedder
from tests.contract.servers import SERVERS, server
from tests.contract.vectors import DIMENSIONS, GENERATION, point, random_encoding

ROOT = Path(__file__).resolve().parents[2]
MANY = 120
TASKS = Condition("memory_type", any=("task",))


@dataclass
class Found:
    """A finder with the parts it is made of."""

    embedder: Embedder
    vectors: Vectors
    finder: OneTrip

    def find(self, only: str | None = None, *conditions: Condition, limit: int = 10) -> Candidates:
        return self.finder.find(GENERATION, MEMORIES, "1000", conditions, limit, only)


class InTheWorker:
    """A target of the worker, called from plain functions."""

    def __init__(self, blocking: BlockingWorker, target: str) -> None:
        self._blocking = blocking
        self._target = target

    def __getattr__(self, method: str) -> object:
        def call(*args: object) -> object:
            return self._blocking.run(self._blocking.worker.call(self._target, method, *args))

        return call


@pytest.fixture(params=["edge", "edge in the worker", "memory", *SERVERS])
def made(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Found]:
    arguments = {"root": str(tmp_path / "vectors"), "reserve_bytes": 1 << 20}
    if request.param == "edge in the worker":
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        specs = {
            "embedder": Spec("tests.contract.seeded:SeededEmbedder", {}),
            "vectors": Spec("lmem.stores.qdrant.edge:EdgeVectors", arguments),
            "finder": Spec("lmem.stores.finder:OneTrip", {name: Target(name) for name in ("embedder", "vectors")}),
        }
        blocking = BlockingWorker(specs, tmp_path / "worker.log")
        embedder, vectors, finder = (InTheWorker(blocking, name) for name in specs)
        yield _filled(Found(cast(Embedder, embedder), cast(Vectors, vectors), cast(OneTrip, finder)))
        blocking.close()
    elif request.param in SERVERS:
        with server(request.param, request) as remote:
            yield _filled(_found(remote))
    elif request.param == "edge":
        edge = EdgeVectors(**arguments)  # type: ignore[arg-type]
        yield _filled(_found(edge))
        edge.close()
    else:
        yield _filled(_found(MemoryVectors()))


def _found(vectors: Vectors) -> Found:
    embedder = SeededEmbedder()
    return Found(embedder, vectors, OneTrip(embedder, vectors))


def seeded(text: str, only: str | None) -> Encoding:
    """The encoding of a question."""
    embedder = SeededEmbedder()
    embedder.load()
    return embedder.encode_query(text, dense=only != "sparse")


def _filled(found: Found) -> Found:
    cast(Generations, found.vectors).open(GENERATION, DIMENSIONS)
    found.vectors.write(GENERATION, MEMORIES, [point(number) for number in range(MANY)])
    return found


@pytest.mark.parametrize("conditions", [(), (TASKS,)])
@pytest.mark.parametrize("only", [None, "dense", "sparse"])
def test_one_trip_finds_what_two_would(made: Found, only: str | None, conditions: tuple[Condition, ...]) -> None:
    made.embedder.load()
    wanted = made.vectors.search(GENERATION, MEMORIES, random_encoding(1000), conditions, 10, only)
    found = made.find(only, *conditions)
    assert wanted.found
    scores, again = ({item.id: (item.cosine, item.bm25) for item in answer.found} for answer in (wanted, found))
    assert again.keys() == scores.keys()
    assert all(again[id] == pytest.approx(scores[id], abs=1e-6) for id in scores)  # sums in another order
    assert found.encode_ms > 0
    assert found.query == seeded("1000", only)


def test_terms_alone_need_no_model_and_all_else_does(made: Found) -> None:
    found = made.find("sparse").found
    assert found and all(item.bm25 > 0 for item in found)
    for only in (None, "dense"):
        with pytest.raises(ModelMissing):
            made.find(only)


def test_the_errors_of_a_search_pass(made: Found) -> None:
    made.embedder.load()
    with pytest.raises(StoreUnavailable, match="not open"):
        made.finder.find("gen-0009", MEMORIES, "1", (), 5)
    for only, limit in (("lexical", 5), (None, 0)):
        with pytest.raises(InvalidInput):
            made.find(only, limit=limit)


def test_a_side_that_is_not_asked_is_not_encoded() -> None:
    found = _filled(_found(MemoryVectors()))
    found.embedder.load()
    for only in (None, "dense", "sparse"):
        found.find(only)
    assert cast(SeededEmbedder, found.embedder).asked == [True, True, False]
