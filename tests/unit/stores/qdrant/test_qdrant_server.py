"""A Qdrant server's generations: whose they are, what serves, what was lost; and what crosses the wire."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from qdrant_client import QdrantClient, models

from lmem.errors import Conflict, IndexLost, InvalidInput, StoreDown, StoreUnavailable
from lmem.ports.vectors import MEMORIES, PATTERNS, QDRANT, Condition
from lmem.stores.qdrant import server_generations
from lmem.stores.qdrant.schema import PAYLOAD_INDEXES, SCHEMA
from lmem.stores.qdrant.server import ServerVectors
from lmem.stores.qdrant.server_models import BATCH
from tests.contract.servers import vectors_at
from tests.contract.vectors import DIMENSIONS, GENERATION, an_id, point, random_encoding
from tests.servers.qdrant_twin import Twin, running

PREFIX = "lmem_"


@pytest.fixture
def twin() -> Iterator[Twin]:
    with running() as twin:
        yield twin


@pytest.fixture
def vectors(twin: Twin) -> Iterator[ServerVectors]:
    made = vectors_at(twin.url, PREFIX, owner="ada")
    made.open(GENERATION, DIMENSIONS)
    yield made
    made.close()


def _collections(twin: Twin) -> set[str]:
    return {item.name for item in twin.store.get_collections().collections}


def _aliases(twin: Twin) -> dict[str, str]:
    return {item.alias_name: item.collection_name for item in twin.store.get_aliases().aliases}


# Whose it is


def test_a_prefix_belongs_to_its_first_owner_alone(twin: Twin, vectors: ServerVectors) -> None:
    vectors.write(GENERATION, MEMORIES, [point(1)])
    other = vectors_at(twin.url, PREFIX, owner="bob")
    for attempt in (
        lambda: other.open(GENERATION, DIMENSIONS),
        lambda: other.open("gen-0002", DIMENSIONS),
        other.sizes,
        lambda: other.drop(GENERATION),
    ):
        with pytest.raises(Conflict) as caught:
            attempt()
        assert caught.value.hint == "Choose another qdrant.prefix."
    assert vectors.count(GENERATION, MEMORIES) == 1
    again = vectors_at(twin.url, PREFIX, owner="ada")
    assert again.open(GENERATION, DIMENSIONS) == vectors.open(GENERATION, DIMENSIONS)
    other.close()
    again.close()


def test_two_prefixes_are_apart_even_when_one_begins_as_the_other(twin: Twin, vectors: ServerVectors) -> None:
    longer = vectors_at(twin.url, f"{PREFIX}memory_", owner="bob")
    longer.open(GENERATION, DIMENSIONS)
    longer.write(GENERATION, MEMORIES, [point(1), point(2)])
    assert list(vectors.sizes()) == [GENERATION]
    assert [item.count(GENERATION, MEMORIES) for item in (vectors, longer)] == [0, 2]
    vectors.drop(GENERATION)
    assert longer.sizes() == {GENERATION: 2000}
    longer.close()


def test_an_owner_that_came_at_the_same_time_is_noticed(
    twin: Twin, vectors: ServerVectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin.store.delete_collection(f"{PREFIX}lmem")
    other = vectors_at(twin.url, PREFIX, owner="bob")
    other.open(GENERATION, DIMENSIONS)
    monkeypatch.setattr(server_generations, "TRUSTED", -1.0)
    with pytest.raises(IndexLost):
        vectors.count(GENERATION, MEMORIES)
    with pytest.raises(Conflict):
        vectors.sizes()
    other.close()


# What serves


def test_the_plain_names_are_aliases_of_what_serves(twin: Twin, vectors: ServerVectors) -> None:
    assert _aliases(twin) == {}
    vectors.serve(GENERATION)
    serving = {f"{PREFIX}{name}": f"{PREFIX}{name}-{GENERATION}" for name in (MEMORIES, PATTERNS)}
    assert _aliases(twin) == serving
    changes = twin.asked.count("POST /collections/aliases")
    vectors.serve(GENERATION)
    assert twin.asked.count("POST /collections/aliases") == changes, "what is so already is not done again"
    vectors.open("gen-0002", DIMENSIONS)
    vectors.serve("gen-0002")
    assert _aliases(twin) == {alias: name.replace(GENERATION, "gen-0002") for alias, name in serving.items()}
    assert twin.asked.count("POST /collections/aliases") == changes + 1, "both move at once"
    vectors.drop(GENERATION)
    assert _collections(twin) == {f"{PREFIX}lmem", *(name.replace(GENERATION, "gen-0002") for name in serving.values())}
    with pytest.raises(StoreUnavailable, match="not open"):
        vectors.serve(GENERATION)


def test_collections_are_made_as_specified(twin: Twin, vectors: ServerVectors) -> None:
    for name in (MEMORIES, PATTERNS):
        params = twin.store.get_collection(f"{PREFIX}{name}-{GENERATION}").config.params
        assert isinstance(params.vectors, models.VectorParams)
        assert (params.vectors.size, params.vectors.distance) == (DIMENSIONS, models.Distance.COSINE)
        assert params.sparse_vectors is not None
        assert params.sparse_vectors["text"].modifier == models.Modifier.IDF
        made = twin.asked.count(f"PUT /collections/{PREFIX}{name}-{GENERATION}/index")
        assert made == len(PAYLOAD_INDEXES[name])


def test_a_server_gets_title_and_summary_in_words(twin: Twin, vectors: ServerVectors) -> None:
    vectors.write(GENERATION, MEMORIES, [point(1, tags=["sécurité"], summary=None)])
    (record,) = twin.store.scroll(f"{PREFIX}{MEMORIES}-{GENERATION}")[0]
    assert record.payload is not None
    assert record.payload["title"] == point(1).payload["title"]
    assert record.payload["tags"] == ["sécurité"]
    assert "summary" not in record.payload


def test_the_engine_says_who_it_is(vectors: ServerVectors, twin: Twin) -> None:
    engine = vectors.engine()
    assert (engine.name, engine.schema, engine.url) == (QDRANT, SCHEMA, twin.url)
    assert engine.version == engine.client  # the twin is the client's own


# What was lost


def test_a_wiped_server_is_noticed_in_any_call_and_is_another_one_then(twin: Twin, vectors: ServerVectors) -> None:
    before = vectors.open(GENERATION, DIMENSIONS)
    twin.store = QdrantClient(":memory:")
    query = random_encoding(1)
    for attempt in (
        lambda: vectors.count(GENERATION, MEMORIES),
        lambda: vectors.write(GENERATION, MEMORIES, [point(1)]),
        lambda: vectors.search(GENERATION, MEMORIES, query, [], 5),
        lambda: vectors.retrieve(GENERATION, MEMORIES, [an_id(1)]),
        lambda: vectors.scroll(GENERATION, MEMORIES, None, 5),
    ):
        with pytest.raises(IndexLost):
            attempt()
    assert vectors.open(GENERATION, DIMENSIONS) != before


def test_a_swapped_server_is_noticed_after_an_interruption(twin: Twin, vectors: ServerVectors) -> None:
    elsewhere = QdrantClient(":memory:")
    with running(store=elsewhere) as second:
        theirs = vectors_at(second.url, PREFIX, owner="ada")
        theirs.open(GENERATION, DIMENSIONS)
        theirs.close()
    twin.store = elsewhere
    assert vectors.count(GENERATION, MEMORIES) == 0, "trusted for a while"
    twin.api_key = "another"
    with pytest.raises(StoreDown):
        vectors.count(GENERATION, MEMORIES)
    twin.api_key = None
    vectors._door._breaker.reset()
    with pytest.raises(IndexLost):
        vectors.count(GENERATION, MEMORIES)


def test_half_a_generation_is_none(twin: Twin, vectors: ServerVectors) -> None:
    before = vectors.open(GENERATION, DIMENSIONS)
    vectors.write(GENERATION, MEMORIES, [point(1)])
    twin.store.delete_collection(f"{PREFIX}{PATTERNS}-{GENERATION}")
    assert vectors.open(GENERATION, DIMENSIONS) != before
    assert vectors.count(GENERATION, MEMORIES) == 0
    twin.store.create_collection(f"{PREFIX}{MEMORIES}-gen-0007", models.VectorParams(size=1, distance="Dot"))  # type: ignore[arg-type]
    assert set(vectors.sizes()) == {GENERATION, "gen-0007"}, "left-overs are told, so that they are dropped"


def test_a_name_that_is_none_is_refused(vectors: ServerVectors) -> None:
    for name in ("", "../up", "a/b"):
        with pytest.raises(InvalidInput):
            vectors.open(name, DIMENSIONS)


# What crosses the wire


def test_a_question_is_two_calls_at_most(twin: Twin, vectors: ServerVectors) -> None:
    vectors.write(GENERATION, MEMORIES, [point(number) for number in range(80)])
    before = len(twin.asked)
    found = vectors.search(GENERATION, MEMORIES, random_encoding(1000, terms=3), [Condition("tags", any=("red",))], 5)
    assert found.found
    asked = twin.asked[before:]
    assert asked == [f"POST /collections/{PREFIX}{MEMORIES}-{GENERATION}/points/query/batch"] * 2
    before = len(twin.asked)
    vectors.search(GENERATION, MEMORIES, random_encoding(1000), [], 5, "dense")
    assert len(twin.asked) == before + 1


def test_writes_go_in_batches(twin: Twin, vectors: ServerVectors) -> None:
    before = len(twin.asked)
    vectors.write(GENERATION, MEMORIES, [point(number) for number in range(BATCH + 1)], [an_id(0), an_id(5000)])
    assert twin.asked[before:] == [f"POST /collections/{PREFIX}{MEMORIES}-{GENERATION}/points/batch"] * 2
    assert vectors.count(GENERATION, MEMORIES) == BATCH
    before = len(twin.asked)
    vectors.write(GENERATION, MEMORIES, [point(number, rev=2)._replace(encoding=None) for number in range(1, 65)])
    assert len(twin.asked) == before + 2, "which are stored, and all of their payloads"


def test_several_threads_search_while_one_writes(vectors: ServerVectors) -> None:
    vectors.write(GENERATION, MEMORIES, [point(number) for number in range(50)])
    failures: list[BaseException] = []

    def search(seed: int) -> None:
        try:
            for at in range(10):
                assert vectors.search(GENERATION, MEMORIES, random_encoding(seed + at), [], 5).found
        except BaseException as err:
            failures.append(err)
            raise

    threads = [threading.Thread(target=search, args=(seed,)) for seed in (100, 200, 300)]
    for thread in threads:
        thread.start()
    for number in range(50, 60):
        vectors.write(GENERATION, MEMORIES, [point(number)])
    for thread in threads:
        thread.join()
    assert not failures


@pytest.mark.filterwarnings("ignore:Local mode performs exact")  # the client's own store has nothing to rescore
@pytest.mark.parametrize(("quantization", "on_disk"), [("none", False), ("int8", True)])
def test_collections_follow_the_settings(quantization: str, on_disk: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    made: dict[str, dict[str, Any]] = {}
    asked: list[models.QueryRequest] = []
    create, query = QdrantClient.create_collection, QdrantClient.query_batch_points

    def created(self: QdrantClient, name: str, **given: Any) -> Any:
        made[name] = given
        return create(self, name, **given)

    def queried(self: QdrantClient, name: str, requests: Any) -> Any:
        asked.extend(requests)
        return query(self, name, requests)

    monkeypatch.setattr(QdrantClient, "create_collection", created)
    monkeypatch.setattr(QdrantClient, "query_batch_points", queried)
    vectors = vectors_at(":memory:", PREFIX, quantization=quantization, on_disk=on_disk)
    vectors.open(GENERATION, DIMENSIONS)
    given = made[f"{PREFIX}{MEMORIES}-{GENERATION}"]
    assert (given["quantization_config"] is not None) == (quantization == "int8")
    assert given["on_disk_payload"] is on_disk and given["vectors_config"].on_disk is on_disk
    vectors.write(GENERATION, MEMORIES, [point(1)])
    vectors.search(GENERATION, MEMORIES, random_encoding(1), [], 5)
    dense = [request.params for request in asked if request.using is None]
    rescored = [params is not None and params.quantization is not None for params in dense]
    assert rescored == [quantization == "int8"] * len(dense) and dense
    vectors.close()


def test_other_settings_reach_collections_that_exist(twin: Twin, vectors: ServerVectors) -> None:
    vectors.write(GENERATION, MEMORIES, [point(1)])
    before = vectors.open(GENERATION, DIMENSIONS)
    name = f"PATCH /collections/{PREFIX}{MEMORIES}-{GENERATION}"
    assert name not in twin.asked
    other = vectors_at(twin.url, PREFIX, owner="ada", quantization="int8", on_disk=True)
    assert other.open(GENERATION, DIMENSIONS) == before
    assert name in twin.asked
    assert other.count(GENERATION, MEMORIES) == 1
    other.close()
