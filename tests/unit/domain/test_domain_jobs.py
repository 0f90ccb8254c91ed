"""When a job is due, and what counts as a night that was missed."""

from __future__ import annotations

import time as clock
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.domain.jobs import Every, Nightly, missed, next_due
from tests.unit.properties import PROPERTY

NIGHT = Nightly(time(3, 30))
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    monkeypatch.setenv("TZ", str(request.param))
    clock.tzset()
    yield
    monkeypatch.undo()
    clock.tzset()


def test_an_interval_counts_from_now() -> None:
    assert next_due(Every(30), NOON) == NOON + timedelta(seconds=30)
    assert not missed(Every(30), NOON - timedelta(days=9), NOON)


@pytest.mark.parametrize("zone", ["UTC"], indirect=True)
@pytest.mark.parametrize(
    ("now", "due"), [((22, 3, 29), (22, 3, 30)), ((22, 3, 30), (23, 3, 30)), ((22, 12, 0), (23, 3, 30))]
)
def test_a_night_is_the_next_one(zone: None, now: tuple[int, int, int], due: tuple[int, int, int]) -> None:
    assert next_due(NIGHT, datetime(2026, 11, *now, tzinfo=UTC)) == datetime(2026, 11, *due, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["UTC"], indirect=True)
def test_a_night_is_missed_once_it_has_passed_without_a_run(zone: None) -> None:
    night = datetime(2026, 11, 22, 3, 30, tzinfo=UTC)
    assert missed(NIGHT, night - timedelta(hours=1), NOON)
    assert not missed(NIGHT, night, NOON)
    assert not missed(NIGHT, NOON - timedelta(minutes=1), NOON)
    assert missed(NIGHT, NOON - timedelta(days=40), NOON)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kathmandu"], indirect=True)
def test_nights_follow_the_local_clock_over_a_change_of_its_offset(zone: None) -> None:
    now, seen = datetime(2026, 3, 1, 12, tzinfo=UTC), set[str]()
    for _ in range(300):
        now = next_due(NIGHT, now)
        seen.add(f"{now.astimezone():%H:%M}")
    assert seen == {"03:30"}


@PROPERTY
@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)))
def test_the_next_night_is_after_now_and_within_a_day(now: datetime) -> None:
    due = next_due(NIGHT, now)
    assert now < due <= now + timedelta(hours=25)
    assert not missed(NIGHT, now, now)
    assert missed(NIGHT, now, due)


@pytest.mark.parametrize(
    ("schedule", "said"), [(Every(30), "every 30 s"), (Every(300), "every 5 min"), (NIGHT, "daily at 03:30")]
)
def test_a_schedule_is_said_in_words(schedule: Every | Nightly, said: str) -> None:
    assert str(schedule) == said
