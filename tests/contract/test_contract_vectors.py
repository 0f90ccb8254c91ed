"""The vector store's contract, on each implementation: Edge in process and in the worker, a server, the twin in memory.

The server is qdrant-client's own store in memory, that store behind the server's HTTP calls (tests/servers), and a real
one where LMEM_TEST_QDRANT_URL names it.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, cast

import pytest

from lmem.domain.encodings import floats, packed
from lmem.errors import Conflict, InvalidInput, LmemError, NotFound, StoreUnavailable
from lmem.ports.embedder import Encoding
from lmem.ports.vectors import (
    COLLECTIONS,
    MEMORIES,
    PATTERNS,
    QDRANT,
    Candidate,
    Condition,
    Generations,
    Point,
    Vectors,
)
from lmem.stores.inprocess.vectors import MemoryVectors
from lmem.stores.pipe import Spec
from lmem.stores.qdrant.edge import EdgeVectors
from tests.contract.blocking import BlockingWorker
from tests.contract.servers import SERVERS, server
from tests.contract.vectors import DIMENSIONS, GENERATION, an_id, encoding, point, random_encoding

NOTHING = Encoding(b"", b"", b"", 0)
MANY = 120
PROJECT = f"{1:032x}"
GLOBAL = Condition("layer_assignments", any=("global",))


class Store(Vectors, Generations, Protocol):
    """Both ports: every implementation keeps points and generations."""


@pytest.fixture(params=["edge", "edge in the worker", "memory", *SERVERS])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    arguments = {"root": str(tmp_path / "vectors"), "reserve_bytes": 1 << 20}
    if request.param == "memory":
        yield MemoryVectors()
    elif request.param in SERVERS:
        with server(request.param, request) as vectors:
            yield vectors
    elif request.param == "edge":
        edge = EdgeVectors(**arguments)  # type: ignore[arg-type]
        yield edge
        edge.close()
    else:
        spec = Spec("lmem.stores.qdrant.edge:EdgeVectors", arguments)
        blocking = BlockingWorker({"vectors": spec}, tmp_path / "worker.log")
        yield cast(Store, blocking)
        blocking.close()


@pytest.fixture
def opened(store: Store) -> Store:
    store.open(GENERATION, DIMENSIONS)
    return store


@pytest.fixture
def filled(opened: Store) -> Store:
    opened.write(GENERATION, MEMORIES, [point(number) for number in range(MANY)])
    return opened


def _ids(found: tuple[Candidate, ...]) -> set[str]:
    return {candidate.id for candidate in found}


def _matching(store: Store, *conditions: Condition) -> set[int]:
    """Numbers of the points that meet the conditions, found by a dense search for all of them."""
    found = store.search(GENERATION, MEMORIES, random_encoding(1), conditions, MANY, "dense").found
    return {int(candidate.id[16:], 16) for candidate in found}


# Generations


def test_opening_again_answers_the_same_instance(store: Store) -> None:
    first = store.open(GENERATION, DIMENSIONS)
    assert store.open(GENERATION, DIMENSIONS) == first
    assert store.open("gen-0002", DIMENSIONS) != first


def test_other_dimensions_are_a_conflict(opened: Store) -> None:
    with pytest.raises(Conflict, match="8 dimensions, not 9"):
        opened.open(GENERATION, DIMENSIONS + 1)


def test_a_dropped_generation_comes_back_empty_and_as_another(filled: Store) -> None:
    before = filled.open(GENERATION, DIMENSIONS)
    filled.drop(GENERATION)
    assert filled.sizes() == {}
    assert filled.open(GENERATION, DIMENSIONS) != before
    assert filled.count(GENERATION, MEMORIES) == 0
    filled.drop("never-made")


def test_a_copy_has_all_points_and_an_identity_of_its_own(filled: Store) -> None:
    instance = filled.copy(GENERATION, "gen-0002")
    assert instance not in (None, filled.open(GENERATION, DIMENSIONS))
    filled.optimise("gen-0002")
    assert filled.open("gen-0002", DIMENSIONS) == instance
    filled.write(GENERATION, MEMORIES, [], [an_id(0)])
    assert filled.count("gen-0002", MEMORIES) == MANY
    assert filled.count(GENERATION, MEMORIES) == MANY - 1
    query = random_encoding(5)
    before = filled.search(GENERATION, MEMORIES, query, [], 10, "dense").found
    after = filled.search("gen-0002", MEMORIES, query, [], 11, "dense").found
    assert _ids(before) <= _ids(after)
    assert set(filled.sizes()) == {GENERATION, "gen-0002"}


def test_a_copy_overwrites_nothing(filled: Store) -> None:
    filled.open("gen-0002", DIMENSIONS)
    with pytest.raises(Conflict):
        filled.copy(GENERATION, "gen-0002")


def test_only_a_closed_generation_is_optimised(opened: Store) -> None:
    with pytest.raises(Conflict):
        opened.optimise(GENERATION)
    with pytest.raises(StoreUnavailable):
        opened.optimise("gen-0009")


# Writing


def test_points_are_stored_without_empty_keys_and_free_text_on_a_server_alone(opened: Store) -> None:
    opened.write(GENERATION, MEMORIES, [point(1)])
    (stored,) = opened.retrieve(GENERATION, MEMORIES, [an_id(1), an_id(2)])
    given = {key: value for key, value in point(1).payload.items() if key not in ("title", "summary", "session_id")}
    free_text = stored.payload.keys() & {"title", "summary"}  # a server gets it, as specified
    assert len(free_text) == (2 if opened.engine().name == QDRANT else 0)
    assert stored.payload.keys() - free_text == given.keys()
    own_words = {"memory_type", "category", "tags"}  # a store may keep digests of them
    assert {key: value for key, value in stored.payload.items() if key not in own_words | free_text} == {
        key: value for key, value in given.items() if key not in own_words
    }
    assert (stored.id, stored.dense) == (an_id(1), b"")


def test_a_dense_vector_comes_back(opened: Store) -> None:
    given = random_encoding(3)
    opened.write(GENERATION, MEMORIES, [point(3, given)])
    (stored,) = opened.retrieve(GENERATION, MEMORIES, [an_id(3)], True)
    assert floats(stored.dense) == pytest.approx(floats(given.dense), abs=1e-3)
    opened.write(GENERATION, MEMORIES, [point(4, given._replace(dense=stored.dense))])


def test_a_second_write_replaces_and_a_delete_removes(filled: Store) -> None:
    filled.write(GENERATION, MEMORIES, [point(1, rev=2), point(500)], [an_id(2), an_id(999)])
    assert filled.count(GENERATION, MEMORIES) == MANY
    assert filled.retrieve(GENERATION, MEMORIES, [an_id(1)])[0].payload["rev"] == 2
    assert filled.retrieve(GENERATION, MEMORIES, [an_id(2)]) == []


def test_the_last_of_two_points_of_one_id_counts(opened: Store) -> None:
    opened.write(GENERATION, MEMORIES, [point(1, rev=1), point(1, rev=2), point(1, rev=3)._replace(encoding=None)])
    assert opened.retrieve(GENERATION, MEMORIES, [an_id(1)])[0].payload["rev"] == 3


def test_a_payload_alone_keeps_both_vectors(filled: Store) -> None:
    before = filled.search(GENERATION, MEMORIES, random_encoding(7), [], 5).found
    filled.write(GENERATION, MEMORIES, [point(7, rev=9, category=None)._replace(encoding=None)])
    (stored,) = filled.retrieve(GENERATION, MEMORIES, [an_id(7)])
    assert stored.payload["rev"] == 9
    assert "category" not in stored.payload
    assert filled.search(GENERATION, MEMORIES, random_encoding(7), [], 5).found == before


def test_terms_alone_keep_the_dense_vector(filled: Store) -> None:
    lonely = 123_457
    terms = encoding([1.0] * DIMENSIONS, {lonely: 2.0})._replace(dense=b"")
    filled.write(GENERATION, MEMORIES, [point(7, terms)])
    (hit,) = filled.search(GENERATION, MEMORIES, terms, [], 5).found
    assert hit.id == an_id(7)
    (stored,) = filled.retrieve(GENERATION, MEMORIES, [an_id(7)], True)
    assert floats(stored.dense) == pytest.approx(floats(random_encoding(7).dense), abs=1e-3)
    filled.write(GENERATION, MEMORIES, [point(7, NOTHING)])
    assert filled.search(GENERATION, MEMORIES, terms, [], 5).found == ()


@pytest.mark.parametrize("given", [None, random_encoding(1)._replace(dense=b"")])
def test_a_point_without_its_vector_has_to_exist(opened: Store, given: Encoding | None) -> None:
    with pytest.raises(NotFound, match=an_id(2)):
        opened.write(GENERATION, MEMORIES, [point(1), Point(an_id(2), point(2).payload, given)])
    assert opened.count(GENERATION, MEMORIES) == 0


@pytest.mark.parametrize(
    "bad",
    [
        random_encoding(2)._replace(dense=packed([math.nan] * DIMENSIONS)),
        random_encoding(2)._replace(dense=packed([0.0] * DIMENSIONS)),
        random_encoding(2)._replace(dense=packed([math.inf] + [0.0] * (DIMENSIONS - 1))),
        random_encoding(2)._replace(dense=packed([1.01] + [0.0] * (DIMENSIONS - 1))),
        encoding([1.0] * (DIMENSIONS + 1)),
        random_encoding(2)._replace(weights=b"\0\0\0\0"),
        random_encoding(2)._replace(terms=array("I", [1, 1]).tobytes(), weights=packed([1.0, 1.0])),
        random_encoding(2)._replace(terms=array("I", [1]).tobytes(), weights=packed([math.nan])),
    ],
)
def test_a_bad_vector_is_named_and_nothing_is_written(opened: Store, bad: Encoding) -> None:
    with pytest.raises(InvalidInput, match=an_id(2)):
        opened.write(GENERATION, MEMORIES, [point(1), point(2, bad)])
    assert opened.count(GENERATION, MEMORIES) == 0


def test_what_is_not_open_or_does_not_exist_is_said(opened: Store) -> None:
    with pytest.raises(StoreUnavailable):
        opened.count("gen-0009", MEMORIES)
    with pytest.raises(InvalidInput):
        opened.count(GENERATION, "memories")


def test_collections_are_apart(filled: Store) -> None:
    pattern = Point(an_id(1), {"pattern_id": an_id(1), "usage_count": 3, "success_rate": 0.5}, random_encoding(1))
    filled.write(GENERATION, PATTERNS, [pattern])
    assert [filled.count(GENERATION, name) for name in COLLECTIONS] == [MANY, 1]
    often = Condition("usage_count", gte=3, lt=4)
    assert _ids(filled.search(GENERATION, PATTERNS, random_encoding(1), [often], 5).found) == {an_id(1)}


# Searching


def test_scores_are_those_of_the_exact_twin(filled: Store) -> None:
    twin = MemoryVectors()
    twin.open(GENERATION, DIMENSIONS)
    twin.write(GENERATION, MEMORIES, [point(number) for number in range(MANY)])
    for seed in range(20):
        query = random_encoding(1000 + seed, terms=3)
        got = {item.id: item for item in filled.search(GENERATION, MEMORIES, query, [], 10).found}
        wanted = {item.id: item for item in twin.search(GENERATION, MEMORIES, query, [], MANY).found}
        assert 10 <= len(got) <= 20
        for id, item in got.items():
            assert item.cosine == pytest.approx(wanted[id].cosine, abs=1e-3)
            assert item.bm25 == pytest.approx(wanted[id].bm25, abs=1e-3)
        for side in ("cosine", "bm25"):
            best = sorted((getattr(item, side) for item in wanted.values()), reverse=True)[:10]
            assert sorted((getattr(item, side) for item in got.values()), reverse=True)[:10] == pytest.approx(
                best, abs=1e-3
            )


def test_one_side_alone_leaves_the_other_score_out(filled: Store) -> None:
    query = random_encoding(1000, terms=3)
    dense = filled.search(GENERATION, MEMORIES, query, [], 10, "dense")
    assert len(dense.found) == 10
    assert all(item.bm25 == 0 for item in dense.found)
    assert dense.dense_ms > 0
    sparse = filled.search(GENERATION, MEMORIES, query, [], 10, "sparse")
    assert sparse.found and all(item.cosine == 0 and item.bm25 > 0 for item in sparse.found)


def test_a_query_without_terms_is_dense_alone(filled: Store) -> None:
    query = random_encoding(1000)._replace(terms=b"", weights=b"")
    assert len(filled.search(GENERATION, MEMORIES, query, [], 7).found) == 7
    assert filled.search(GENERATION, MEMORIES, NOTHING, [], 7).found == ()


@pytest.mark.parametrize(("limit", "only"), [(0, None), (5, "lexical")])
def test_a_search_for_nothing_is_refused(filled: Store, limit: int, only: str | None) -> None:
    with pytest.raises(InvalidInput):
        filled.search(GENERATION, MEMORIES, random_encoding(1), [], limit, only)


@pytest.mark.parametrize(
    ("conditions", "wanted"),
    [
        ([Condition("memory_type", any=("decision",))], {n for n in range(MANY) if n % 3 == 1}),
        ([Condition("memory_type", any=("decision", "task"))], {n for n in range(MANY) if n % 3}),
        ([Condition("memory_type", any=("decision",), negate=True)], {n for n in range(MANY) if n % 3 != 1}),
        ([Condition("tags", any=("red",)), Condition("tags", any=("blue",))], {n for n in range(MANY) if n % 2}),
        ([Condition("importance_score", gte=0.5)], {n for n in range(MANY) if n % 10 >= 5}),
        ([Condition("importance_score", gte=0.2, lt=0.5)], {n for n in range(MANY) if 2 <= n % 10 < 5}),
        ([Condition("created_at", gte="2026-01-20T10:00:00Z")], {n for n in range(MANY) if n % 28 + 1 >= 20}),
        ([Condition("created_at", lt="2026-01-20T12:00:00+02:00")], {n for n in range(MANY) if n % 28 + 1 < 20}),
        (
            [Condition("importance_score", gte=0.2, lt=0.5, negate=True)],
            {n for n in range(MANY) if not 2 <= n % 10 < 5},
        ),
        ([Condition("session_id", any=("x",))], set()),
        ([Condition("session_id", any=("x",), negate=True)], set(range(MANY))),
        ([Condition("user_id", any=("a" * 32,))], set(range(MANY))),
        ([Condition("user_id", any=("b" * 32,))], set()),
        ([Condition("session_id", absent=True)], set(range(MANY))),
        ([Condition("project_id", absent=True)], set()),
        ([Condition("project_id", absent=True, negate=True)], set(range(MANY))),
        (
            [Condition(either=(Condition("project_id", any=(PROJECT,)), GLOBAL))],
            {n for n in range(MANY) if n % 3 == 1 or n % 4 == 0},
        ),
        (
            [Condition(either=(Condition("project_id", absent=True), Condition("session_id", any=("x",)), GLOBAL))],
            {n for n in range(MANY) if n % 4 == 0},
        ),
        (
            [Condition(either=(Condition("project_id", any=(PROJECT,)), Condition("session_id", absent=True)))],
            set(range(MANY)),
        ),
        (
            [
                Condition("memory_type", any=("task",)),
                Condition(
                    either=(
                        Condition("project_id", any=(f"{2:032x}",), negate=True),
                        Condition("importance_score", gte=0.2, lt=0.5),
                    ),
                    negate=True,
                ),
            ],
            {n for n in range(MANY) if n % 3 == 2 and not 2 <= n % 10 < 5},
        ),
        (
            [Condition("user_id", any=("a" * 32,)), Condition("layer_assignments", any=("global", "session"))],
            {n for n in range(MANY) if n % 4 == 0},
        ),
    ],
)
def test_conditions(filled: Store, conditions: list[Condition], wanted: set[int]) -> None:
    assert _matching(filled, *conditions) == wanted


def test_a_condition_holds_for_both_sides(filled: Store) -> None:
    found = filled.search(GENERATION, MEMORIES, random_encoding(9), [Condition("memory_type", any=("task",))], MANY)
    assert found.found
    assert {int(item.id[16:], 16) % 3 for item in found.found} == {2}


def test_a_second_user_is_kept_apart_from_the_moment_of_the_write(filled: Store) -> None:
    mine = Condition("user_id", any=("a" * 32,))
    assert len(_matching(filled, mine)) == MANY
    filled.write(GENERATION, MEMORIES, [point(500, user_id="b" * 32), point(501, user_id=None)])
    assert _matching(filled, mine) == set(range(MANY))
    assert _matching(filled, Condition("user_id", any=("b" * 32,))) == {500}
    assert _matching(filled, Condition("user_id", any=("a" * 32,), negate=True)) == {500, 501}


def test_what_every_point_meets_is_asked_again_from_the_moment_of_another_point(filled: Store) -> None:
    here = Condition(either=(Condition("project_id", any=tuple(f"{n:032x}" for n in range(3))), GLOBAL))
    lasting = Condition("layer_assignments", any=("session", "project", "global"))
    assert _matching(filled, here, lasting) == set(range(MANY))
    others = [point(503, project_id="b" * 32), point(501, project_id=None), point(502, layer_assignments=["temporal"])]
    filled.write(GENERATION, MEMORIES, others)
    outside = Condition(either=(Condition("project_id", absent=True), GLOBAL))
    assert _matching(filled, here) >= {502} and not _matching(filled, here) & {503, 501}
    assert _matching(filled, lasting) >= {503, 501} and 502 not in _matching(filled, lasting)
    assert _matching(filled, outside) == {n for n in range(MANY) if n % 4 == 0} | {501}


@pytest.mark.parametrize(
    "condition",
    [
        Condition("rev", gte=1),
        Condition("title", any=("x",)),
        Condition("tags"),
        Condition("created_at", gte="soon"),
        Condition(either=(Condition("project_id", any=(PROJECT,)), Condition("rev", gte=1))),
        Condition(),
    ],
)
def test_a_condition_that_cannot_be_asked_is_refused(filled: Store, condition: Condition) -> None:
    with pytest.raises(LmemError) as caught:
        _matching(filled, condition)
    assert caught.type is InvalidInput


# Reading


def test_scrolling_goes_through_every_point_once_in_order(filled: Store) -> None:
    seen: list[str] = []
    while batch := filled.scroll(GENERATION, MEMORIES, seen[-1] if seen else None, 50):
        seen += [stored.id for stored in batch]
    assert seen == sorted(an_id(number) for number in range(MANY))
    assert filled.scroll(GENERATION, MEMORIES, "f" * 32, 50) == []
    whole = filled.scroll(GENERATION, MEMORIES, None, 1000)
    assert [stored.id for stored in whole] == seen
    assert whole[0].payload["memory_id"] == whole[0].id
