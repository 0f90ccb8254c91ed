"""How importance fades: the formula of design section 8, its floor, and what slows it."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.domain.decay import FLOOR, effective_importance
from tests.unit.properties import PROPERTY

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SHARE = st.floats(0, 1)
COUNT = st.integers(0, 10**6)
AGE = st.timedeltas(timedelta(0), timedelta(days=36500))


@pytest.mark.parametrize(
    ("rate", "count", "weeks", "kept"),
    [
        (0.1, 0, 0, 1.0),
        (0.1, 0, 1, 0.9),
        (0.1, 0, 2, 0.81),
        (0.5, 0, 4, 0.0625),
        (0.5, 0, 5, FLOOR),
        (0.1, 9, 1, 0.9 ** (1 / (1 + math.log(10)))),
        (0.0, 0, 5000, 1.0),
        (1.0, 0, 0, 1.0),
        (1.0, 0, 0.001, FLOOR),
        (0.1, -3, 1, 0.9),
        (0.1, 0, -5, 1.0),
    ],
)
def test_the_formula(rate: float, count: int, weeks: float, kept: float) -> None:
    found = effective_importance(0.8, rate, count, NOW - timedelta(weeks=weeks), NOW)
    assert found == pytest.approx(0.8 * kept)


@given(importance=SHARE, rate=SHARE, count=COUNT, age=AGE)
@PROPERTY
def test_it_stays_between_the_floor_and_the_importance(
    importance: float, rate: float, count: int, age: timedelta
) -> None:
    assert FLOOR * importance <= effective_importance(importance, rate, count, NOW - age, NOW) <= importance


@given(importance=SHARE, count=COUNT, age=AGE)
@PROPERTY
def test_a_rate_of_zero_pins(importance: float, count: int, age: timedelta) -> None:
    assert effective_importance(importance, 0.0, count, NOW - age, NOW) == importance


@given(rate=SHARE, count=COUNT, more=st.integers(1, 1000), age=AGE, longer=AGE)
@PROPERTY
def test_time_lowers_it_and_use_slows_that(
    rate: float, count: int, more: int, age: timedelta, longer: timedelta
) -> None:
    now = effective_importance(1.0, rate, count, NOW - age, NOW)
    assert effective_importance(1.0, rate, count, NOW - age - longer, NOW) <= now
    assert effective_importance(1.0, rate, count + more, NOW - age, NOW) >= now - 1e-12
