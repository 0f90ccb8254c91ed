"""Stretches of the calendar: they meet without gaps, and the latest one has begun."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.domain import periods
from lmem.domain.periods import Period
from tests.unit.properties import PROPERTY

NOWS = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1))
UNITS = st.sampled_from(["day", "week", "month", "quarter", "year"])


@PROPERTY
@given(NOWS, UNITS, st.integers(0, 30))
def test_units_meet(now: datetime, name: str, back: int) -> None:
    later, earlier = periods.unit(now, name, back), periods.unit(now, name, back + 1)
    assert earlier.end == later.start
    assert back or later.start <= now < later.end


@PROPERTY
@given(NOWS, st.integers(1, 12))
def test_a_past_month_has_begun_and_is_the_latest(now: datetime, number: int) -> None:
    found, over = periods.past_month(now, number), periods.past_month(now, number, is_over=True)
    assert found.start <= now < datetime(found.start.year + 1, number, 1)
    assert over.end <= now
    assert found.start.month == over.start.month == number


@PROPERTY
@given(NOWS, st.integers(0, 6), st.booleans())
def test_a_past_weekday_is_the_latest(now: datetime, number: int, before_today: bool) -> None:
    found = periods.weekday(now, number, before_today)
    assert found.start.weekday() == number
    assert before_today <= (periods.midnight(now) - found.start).days <= 6 + before_today


@PROPERTY
@given(NOWS, UNITS | st.sampled_from(["hour", "minute"]), st.integers(1, 30))
def test_the_latest_stretch_ends_with_this_day_and_holds_the_one_before(now: datetime, name: str, count: int) -> None:
    found, longer = periods.latest(now, name, count), periods.latest(now, name, count + 1)
    assert longer.start <= found.start <= now < found.end == longer.end


@pytest.mark.parametrize(
    ("name", "since"),
    [("month", datetime(2026, 2, 28)), ("quarter", datetime(2025, 12, 31)), ("year", datetime(2025, 3, 31))],
)
def test_a_month_back_from_the_31st_is_a_day_of_that_month(name: str, since: datetime) -> None:
    assert periods.latest(datetime(2026, 3, 31, 9), name, 1).start == since


def test_thirds_and_around() -> None:
    june = periods.months(2026, 6, 1)
    parts = [periods.third(june, name) for name in ("early", "mid", "late")]
    assert [part.start.day for part in parts] == [1, 11, 21]
    assert parts[-1].end == june.end
    assert periods.around(june) == Period(june.start - timedelta(days=15), june.end + timedelta(days=15))


def test_a_day_that_never_comes() -> None:
    with pytest.raises(ValueError, match="no such day"):
        periods.past_day(datetime(2026, 1, 1), 2, 30)
    assert periods.past_day(datetime(1905, 1, 1), 2, 29) == periods.days(datetime(1904, 2, 29))
