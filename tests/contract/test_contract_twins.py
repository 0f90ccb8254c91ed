"""Edge and a server asked the same 200 questions, filtered in every way there is: equal answers.

Equal as twins are: scores agree rank by rank within 1e-3 (Edge keeps Float16), ids agree as sets within ties.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest

from lmem.ports.embedder import Encoding
from lmem.ports.vectors import MEMORIES, PATTERNS, Candidate, Condition, Payload, Point
from lmem.stores.qdrant.edge import EdgeVectors
from lmem.stores.qdrant.server import ServerVectors
from tests.contract.servers import SERVERS, server
from tests.contract.vectors import DIMENSIONS, GENERATION, an_id, point, random_encoding

POINTS = 600
PATTERN_POINTS = 60
QUESTIONS = 200
LIMIT = 20
TIE = 1e-3
TYPES = ("note", "decision", "task")
TAGS = ("red", "blue", "green", "sécurité")
LAYERS = ("session", "project", "global", "temporal")


def _memory(number: int, chance: random.Random) -> Point:
    return point(
        number,
        random_encoding(number, terms=chance.randint(0, 8)),
        user_id=chance.choice(["a" * 32, "a" * 32, "b" * 32]),
        project_id=chance.choice([None, *(f"{at:032x}" for at in range(4))]),
        session_id=chance.choice([None, None, f"{77:032x}", f"{78:032x}"]),
        memory_type=chance.choice(TYPES),
        category=chance.choice([None, "architecture", "testing"]),
        tags=chance.sample(TAGS, chance.randint(0, 3)),
        importance_score=round(chance.random(), 2),
        layer_assignments=chance.sample(LAYERS, chance.randint(1, 2)),
        created_at=f"2026-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}T10:00:00.000Z",
    )


def _pattern(number: int, chance: random.Random) -> Point:
    payload: Payload = {
        "pattern_id": an_id(number), "pattern_type": chance.choice(["testing", "deployment"]),
        "pattern_name": f"pattern {number % 7}", "project_ids": [f"{at:032x}" for at in chance.sample(range(4), 2)],
        "success_rate": round(chance.random(), 2), "usage_count": chance.randint(1, 9),
        "created_at": f"2026-{chance.randint(1, 12):02d}-01T10:00:00.000Z",
    }  # fmt: skip
    return Point(an_id(number), payload, random_encoding(number))


Twins = tuple[EdgeVectors, ServerVectors]


@pytest.fixture(scope="module", params=SERVERS)
def twins(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    edge = EdgeVectors(str(tmp_path_factory.mktemp("edge")), 1 << 20)
    with server(request.param, request) as remote:
        chance = random.Random(6)
        memories = [_memory(number, chance) for number in range(POINTS)]
        patterns = [_pattern(number, chance) for number in range(PATTERN_POINTS)]
        for vectors in (edge, remote):
            vectors.open(GENERATION, DIMENSIONS)
            vectors.write(GENERATION, MEMORIES, memories)
            vectors.write(GENERATION, PATTERNS, patterns)
        yield edge, remote
    edge.close()


def _some(chance: random.Random, key: str, values: Sequence[str]) -> Condition:
    chosen = tuple(chance.sample(list(values), chance.randint(1, min(2, len(values)))))
    return Condition(key, any=chosen, negate=chance.random() < 0.2)


def _condition(chance: random.Random, nested: bool = False) -> Condition:
    kinds = [
        lambda: _some(chance, "memory_type", TYPES),
        lambda: _some(chance, "tags", TAGS),
        lambda: _some(chance, "layer_assignments", LAYERS),
        lambda: _some(chance, "project_id", [f"{at:032x}" for at in range(4)]),
        lambda: Condition(chance.choice(["project_id", "session_id", "category"]), absent=True,
                          negate=chance.random() < 0.3),
        lambda: Condition("importance_score", gte=chance.random() / 2, lt=chance.choice([None, 0.9]),
                          negate=chance.random() < 0.2),
        lambda: Condition("created_at", gte=f"2026-0{chance.randint(1, 6)}-11T10:00:00.000Z",
                          lt=chance.choice([None, "2026-09-11T12:00:00+02:00"]), negate=chance.random() < 0.2),
    ]  # fmt: skip
    if not nested:
        kinds.append(
            lambda: Condition(
                either=tuple(_condition(chance, nested=True) for _ in range(chance.randint(2, 3))),
                negate=chance.random() < 0.2,
            )
        )
    return chance.choice(kinds)()


def _same(left: Sequence[Candidate], right: Sequence[Candidate], side: str) -> None:
    """The best LIMIT of one side: scores rank by rank; ids as sets wherever a score is no tie with the last one."""
    scored = [[(getattr(item, side), item.id) for item in found] for found in (left, right)]
    ranked = [sorted((item for item in one if side == "cosine" or item[0]), reverse=True)[:LIMIT] for one in scored]
    scores = [[score for score, _ in one] for one in ranked]
    assert scores[0] == pytest.approx(scores[1], abs=TIE)
    for score in scores[0]:
        if score > scores[0][-1] + 2 * TIE:
            above = [{id for value, id in one if value > score - TIE} for one in ranked]
            near = [{id for value, id in one if abs(value - score) <= 2 * TIE} for one in ranked]
            assert above[0] ^ above[1] <= near[0] | near[1]


@pytest.mark.parametrize("seed", range(QUESTIONS))
def test_a_filtered_question_is_answered_equally(twins: Twins, seed: int) -> None:
    edge, remote = twins
    chance = random.Random(1000 + seed)
    query = random_encoding(5000 + seed, terms=chance.randint(1, 5))
    conditions = [_condition(chance) for _ in range(chance.randint(0, 3))]
    only = chance.choice([None, None, "dense", "sparse"])
    found = [item.search(GENERATION, MEMORIES, query, conditions, LIMIT, only).found for item in (edge, remote)]
    scores = [{item.id: item for item in one} for one in found]
    for id in scores[0].keys() & scores[1].keys():
        assert scores[0][id].cosine == pytest.approx(scores[1][id].cosine, abs=TIE)
        assert scores[0][id].bm25 == pytest.approx(scores[1][id].bm25, abs=TIE)
    for side in ("cosine", "bm25"):
        if only in (None, "dense" if side == "cosine" else "sparse"):
            _same(found[0], found[1], side)


def test_the_questions_are_of_use(twins: Twins) -> None:
    """Most of them find something, and not everything: a filter that lets all or nothing pass compares nothing."""
    edge, _ = twins
    sizes = []
    for seed in range(QUESTIONS):
        chance = random.Random(1000 + seed)
        chance.randint(1, 5)
        conditions = [_condition(chance) for _ in range(chance.randint(0, 3))]
        query = Encoding(random_encoding(seed).dense, b"", b"", 0)
        sizes.append(len(edge.search(GENERATION, MEMORIES, query, conditions, POINTS).found))
    assert sum(0 < size < POINTS for size in sizes) > 120


@pytest.mark.parametrize(
    "condition",
    [
        Condition("pattern_type", any=("testing",)),
        Condition("pattern_name", any=("pattern 3", "pattern 4")),
        Condition("project_ids", any=(f"{2:032x}",)),
        Condition("success_rate", gte=0.4),
        Condition("usage_count", gte=3, lt=7),
        Condition("created_at", lt="2026-06-01T00:00:00Z"),
    ],
)
def test_patterns_are_filtered_equally(twins: Twins, condition: Condition) -> None:
    query = random_encoding(1, terms=4)
    found = [
        {item.id for item in vectors.search(GENERATION, PATTERNS, query, [condition], PATTERN_POINTS).found}
        for vectors in twins
    ]
    assert found[0] == found[1]
    assert 0 < len(found[0]) < PATTERN_POINTS


def test_both_hold_the_same_by_digest(twins: Twins) -> None:
    pages = [vectors.digests(GENERATION, MEMORIES, None, POINTS + 1) for vectors in twins]
    assert len(pages[0]) == POINTS
    assert pages[0] == pages[1]
