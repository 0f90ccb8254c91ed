"""The router's decisions are kept for 300 s, told apart by everything they depend on, and measured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lmem.domain.routing import Asked
from lmem.domain.scope import NOWHERE, Scope
from lmem.service.routing import KEPT_S, MOST, Router, decision_key

API = Scope("a" * 32, "api", "the repository at /src/api", "b" * 32, ("b" * 32,))
QUESTION = Asked()


def test_a_decision_is_kept_for_its_time() -> None:
    now = 1000.0
    router = Router(lambda: now)
    first = router.decide(API, QUESTION)
    assert router.decide(API, QUESTION) is first
    now += KEPT_S - 1
    assert router.decide(API, QUESTION) is first
    now += 1
    assert router.decide(API, QUESTION) == first
    measured = router.performance()
    assert (measured.hits, measured.misses, measured.kept) == (2, 2, 1)
    assert 0 < measured.mean_us <= measured.max_us


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
    router = Router()
    first = router.decide(API, QUESTION)
    assert decision_key(scope, asked) != decision_key(API, QUESTION)
    assert router.decide(scope, asked) != first and router.performance().hits == 0


def test_a_key_that_two_contexts_share_mixes_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lmem.service.routing.decision_key", lambda scope, asked: "router:decision:0")
    router = Router()
    seen = [router.decide(scope, QUESTION).sight for scope in (API, NOWHERE, API)]
    assert seen[0] == seen[2] != seen[1] and router.performance().hits == 0


def test_decisions_are_bounded() -> None:
    router = Router()
    for number in range(MOST + 10):
        router.decide(replace(API, project_id=f"{number:032x}"), QUESTION)
    assert router.performance().kept == MOST
    router.decide(replace(API, project_id=f"{MOST + 9:032x}"), QUESTION)
    assert router.performance().hits == 1


def test_joins_of_the_temporal_layer_are_counted_by_their_reason() -> None:
    router = Router()
    for asked in (QUESTION, Asked(about_time=True), Asked(("temporal",)), Asked(archived=True)):
        router.decide(API, asked)
    router.joined()
    assert router.performance().temporal == {"time": 1, "asked": 2, "too_little": 1}
