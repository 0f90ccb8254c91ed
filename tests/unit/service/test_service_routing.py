"""The router's decisions are kept for 300 s, told apart by everything they depend on, and measured."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from lmem.domain.routing import Asked
from lmem.domain.scope import NOWHERE, Scope
from lmem.service.caches import Caches
from lmem.service.routing import DECISION, MOST, Router
from lmem.stores.inprocess.cache import LocalCache

API = Scope("a" * 32, "api", "the repository at /src/api", "b" * 32, ("b" * 32,))
QUESTION = Asked()


def drive(scenario: Callable[[Router, Caches], Awaitable[None]]) -> None:
    """With a router whose cache is open."""

    async def run() -> None:
        caches = Caches(LocalCache(1 << 20))
        await caches.open()
        await scenario(Router(caches), caches)

    asyncio.run(run())


def test_a_decision_is_kept_for_its_time() -> None:
    now = 1000.0
    router = Router(monotonic=lambda: now)

    async def run() -> None:
        nonlocal now
        first = await router.decide(API, QUESTION)
        assert await router.decide(API, QUESTION) is first
        now += DECISION.ttl - 1
        assert await router.decide(API, QUESTION) is first
        now += 1
        assert await router.decide(API, QUESTION) == first
        measured = await router.performance()
        assert (measured.hits, measured.misses, measured.kept) == (2, 2, 1)
        assert 0 < measured.mean_us <= measured.max_us + 0.1  # each is rounded

    asyncio.run(run())


@pytest.mark.parametrize(
    ("scope", "asked"),
    [
        (NOWHERE, QUESTION),
        (replace(API, project_id="c" * 32), QUESTION),
        (replace(API, lineage=("b" * 32, "d" * 32)), QUESTION),
        (replace(API, because="it was named"), QUESTION),
        (API, Asked(about_time=True)),
        (API, Asked(all_projects=True)),
        (API, Asked(("temporal",))),
    ],
)
def test_another_context_is_another_decision(scope: Scope, asked: Asked) -> None:
    async def scenario(router: Router, caches: Caches) -> None:
        first = await router.decide(API, QUESTION)
        assert await router.decide(scope, asked) != first
        assert await Router(caches).decide(scope, asked) != first
        assert (await router.performance()).hits == 0

    drive(scenario)


def test_another_router_finds_the_decision_in_the_cache() -> None:
    async def scenario(router: Router, caches: Caches) -> None:
        first = await router.decide(API, QUESTION)
        other = Router(caches)
        assert await other.decide(API, QUESTION) == first
        assert caches.tallies[DECISION.pattern].hits == 1
        assert (await other.performance()).misses == 0

    drive(scenario)


@pytest.mark.parametrize("event", DECISION.any)
def test_a_change_of_projects_or_sessions_makes_decisions_void(event: str) -> None:
    async def scenario(router: Router, caches: Caches) -> None:
        await router.decide(API, QUESTION)
        caches.heard([("memory", "")])
        await router.decide(API, QUESTION)
        caches.heard([(event, API.project_id or "")])
        await router.decide(API, QUESTION)
        measured = await router.performance()
        assert (measured.hits, measured.misses) == (1, 2)

    drive(scenario)


def test_decisions_are_bounded() -> None:
    async def run() -> None:
        router = Router()
        for number in range(MOST + 10):
            await router.decide(replace(API, project_id=f"{number:032x}"), QUESTION)
        assert (await router.performance()).kept == MOST
        await router.decide(replace(API, project_id=f"{MOST + 9:032x}"), QUESTION)
        assert (await router.performance()).hits == 1

    asyncio.run(run())


def test_joins_of_the_temporal_layer_are_counted_by_their_reason() -> None:
    async def run() -> None:
        router = Router()
        for asked in (QUESTION, Asked(about_time=True), Asked(("temporal",)), Asked(archived=True)):
            await router.decide(API, asked)
        router.joined()
        assert (await router.performance()).temporal == {"time": 1, "asked": 2, "too_little": 1}

    asyncio.run(run())


def test_sums_go_on_in_the_cache_and_begin_anew_when_it_is_emptied() -> None:
    async def scenario(router: Router, caches: Caches) -> None:
        await router.decide(API, QUESTION)
        assert (await router.performance()).misses == 1
        other = Router(caches)
        await other.decide(API, QUESTION)
        measured = await other.performance()
        assert (measured.hits, measured.misses) == (1, 1)
        await caches.clear()
        await router.decide(API, QUESTION)
        measured = await router.performance()
        assert (measured.hits, measured.misses) == (0, 1)

    drive(scenario)
