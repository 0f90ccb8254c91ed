"""The circuit breaker: when it opens, for how long, and what closes it."""

from __future__ import annotations

import pytest

from lmem.errors import StoreUnavailable
from lmem.stores.breaker import FIRST_PAUSE, LONGEST_PAUSE, REFUSED_PAUSE, Breaker


class _Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_one_failure_leaves_the_way_open() -> None:
    breaker = Breaker(_Time())
    breaker.failed(StoreUnavailable("Redis does not answer."))
    breaker.check()
    assert breaker.pause == 0.0


def test_a_second_failure_closes_it_and_time_opens_it_for_one_try() -> None:
    clock = _Time()
    breaker = Breaker(clock)
    for _ in range(2):
        breaker.failed(StoreUnavailable("Redis does not answer."))
    with pytest.raises(StoreUnavailable, match="Redis does not answer"):
        breaker.check()
    clock.now += FIRST_PAUSE
    breaker.check()


def test_pauses_double_up_to_a_limit_and_an_answer_ends_them() -> None:
    clock = _Time()
    breaker, pauses = Breaker(clock), []
    breaker.failed(StoreUnavailable())
    for _ in range(8):
        breaker.failed(StoreUnavailable())
        began = clock.now
        while True:
            try:
                breaker.check()
                break
            except StoreUnavailable:
                clock.now += 0.25
        pauses.append(clock.now - began)
    assert pauses[:4] == [0.5, 1.0, 2.0, 4.0]
    assert pauses[-1] == LONGEST_PAUSE
    breaker.worked()
    assert breaker.trouble is None
    breaker.failed(StoreUnavailable())
    breaker.check()


def test_refused_credentials_are_not_tried_again_in_a_storm() -> None:
    clock = _Time()
    breaker = Breaker(clock)
    breaker.failed(StoreUnavailable("Neo4j refused the password."), refused=True)
    clock.now += REFUSED_PAUSE - 1
    with pytest.raises(StoreUnavailable, match="refused"):
        breaker.check()
    breaker.reset()
    breaker.check()
