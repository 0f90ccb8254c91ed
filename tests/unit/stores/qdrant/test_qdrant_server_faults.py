"""A broken way to the server, by every fault there is: calls end in time, and all is well when the fault is over."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from lmem.errors import StoreDown
from lmem.ports.vectors import MEMORIES
from lmem.stores.qdrant.server import ServerVectors
from tests.contract.servers import vectors_at
from tests.contract.vectors import DIMENSIONS, GENERATION, point, random_encoding
from tests.integration.lifecycle_support import until
from tests.servers.faults import Fault, FaultProxy
from tests.servers.qdrant_twin import running

LIMIT = 0.4


@pytest.fixture
def proxied() -> Iterator[tuple[FaultProxy, ServerVectors]]:
    with running() as twin, FaultProxy(urlsplit(twin.url).port or 0) as proxy:
        patient = vectors_at(twin.url, "lmem_")
        patient.open(GENERATION, DIMENSIONS)
        patient.write(GENERATION, MEMORIES, [point(number) for number in range(20)])
        patient.close()
        vectors = vectors_at(proxy.url(twin.url), "lmem_", timeout=LIMIT)
        vectors.open(GENERATION, DIMENSIONS)
        yield proxy, vectors
        vectors.close()


def _refused(vectors: ServerVectors, number: int) -> int:
    """How many of a write and a search are refused, each within its time limit."""
    refused = 0
    for attempt in (
        lambda: vectors.write(GENERATION, MEMORIES, [point(number)]),
        lambda: vectors.search(GENERATION, MEMORIES, random_encoding(1), [], 5),
    ):
        began = time.monotonic()
        try:
            attempt()
        except StoreDown:
            refused += 1
        assert time.monotonic() - began < LIMIT + 0.4
    return refused


@pytest.mark.parametrize(
    "given",
    [
        {"fault": Fault.RESET},
        {"fault": Fault.REFUSE},
        {"fault": Fault.BLACK_HOLE},
        {"fault": Fault.HALF_OPEN, "lost": "answers"},
        {"fault": Fault.HALF_OPEN, "lost": "requests"},
        {"fault": Fault.LATENCY, "seconds": 3 * LIMIT},
    ],
    ids=lambda given: "-".join(str(value) for value in given.values()),
)
def test_a_fault_ends_calls_in_time_and_is_over_when_it_is(
    proxied: tuple[FaultProxy, ServerVectors], given: dict[str, object]
) -> None:
    proxy, vectors = proxied
    proxy.set(**given)  # type: ignore[arg-type]
    assert [_refused(vectors, 100 + at) for at in range(3)] == [2, 2, 2]
    proxy.set(Fault.NONE)
    until(lambda: _refused(vectors, 200) == 0, 10)  # one of two may be let through as the breaker closes
    assert vectors.retrieve(GENERATION, MEMORIES, [point(200).id])
    assert vectors.count(GENERATION, MEMORIES) >= 21


def test_a_slow_way_within_the_limit_is_no_fault(proxied: tuple[FaultProxy, ServerVectors]) -> None:
    proxy, vectors = proxied
    proxy.set(Fault.LATENCY, seconds=LIMIT / 8)
    assert _refused(vectors, 100) == 0
