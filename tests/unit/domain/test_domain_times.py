"""Moments as text and back, and the dates that people type, in a zone whose days have 23, 24 and 25 hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.domain.times import from_text, parse_moment, to_text
from lmem.errors import InvalidInput
from tests.unit.properties import PROPERTY

pytestmark = pytest.mark.usefixtures("berlin")

NOW = datetime(2026, 11, 22, 9, 30, 15, 123456, UTC)
MOMENTS = st.datetimes(datetime(2, 1, 2), datetime(9998, 12, 30), timezones=st.timezones() | st.just(UTC))


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOW, "2026-11-22T09:30:15.123Z"),
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00.000Z"),
        (datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), "2025-12-31T23:00:00.000Z"),
        (datetime(2026, 1, 1, 0, 0, 0, 999_999, UTC), "2026-01-01T00:00:00.999Z"),
        (datetime(27, 1, 1, tzinfo=UTC), "0027-01-01T00:00:00.000Z"),
    ],
)
def test_stored_text(moment: datetime, text: str) -> None:
    assert to_text(moment) == text


@given(moment=MOMENTS)
@PROPERTY
def test_stored_text_keeps_the_moment_to_the_millisecond(moment: datetime) -> None:
    text = to_text(moment)
    assert len(text) == 24 and timedelta(0) <= moment - from_text(text) < timedelta(milliseconds=1)
    assert to_text(from_text(text)) == text


@given(one=MOMENTS, other=MOMENTS)
@PROPERTY
def test_stored_text_sorts_as_time(one: datetime, other: datetime) -> None:
    earlier, later = sorted((one, other))
    assert to_text(earlier) <= to_text(later)


@pytest.mark.parametrize(
    ("typed", "first", "last"),
    [
        ("2026-11-22", "2026-11-21T23:00:00.000Z", "2026-11-22T22:59:59.999Z"),
        (" 20261122 ", "2026-11-21T23:00:00.000Z", "2026-11-22T22:59:59.999Z"),
        ("2026-W47-7", "2026-11-21T23:00:00.000Z", "2026-11-22T22:59:59.999Z"),
        ("2026-03-29", "2026-03-28T23:00:00.000Z", "2026-03-29T21:59:59.999Z"),  # 23 hours
        ("2026-10-25", "2026-10-24T22:00:00.000Z", "2026-10-25T22:59:59.999Z"),  # 25 hours
        ("today", "2026-11-21T23:00:00.000Z", "2026-11-22T22:59:59.999Z"),
        ("  Yesterday", "2026-11-20T23:00:00.000Z", "2026-11-21T22:59:59.999Z"),
        ("last week", "2026-11-14T23:00:00.000Z", "2026-11-15T22:59:59.999Z"),
        ("last month", "2026-10-22T22:00:00.000Z", "2026-10-23T21:59:59.999Z"),  # summer time then
        ("last  YEAR", "2025-11-21T23:00:00.000Z", "2025-11-22T22:59:59.999Z"),
    ],
)
def test_a_day_is_local_from_its_first_to_its_last_moment(typed: str, first: str, last: str) -> None:
    assert to_text(parse_moment(typed, NOW)) == first
    assert to_text(parse_moment(typed, NOW, end_of_day=True)) == last


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("now", "2026-11-22T09:30:15.123Z"),
        ("2026-11-22T09:30", "2026-11-22T08:30:00.000Z"),
        ("2026-11-22 09:30:01.5", "2026-11-22T08:30:01.500Z"),
        ("2026-11-22T09:30Z", "2026-11-22T09:30:00.000Z"),
        ("2026-11-22T09:30:00-05:00", "2026-11-22T14:30:00.000Z"),
        ("2026W47T09", "2026-11-16T08:00:00.000Z"),
        ("1 minute ago", "2026-11-22T09:29:15.123Z"),
        ("3 days ago", "2026-11-19T09:30:15.123Z"),
        ("3 days", "2026-11-19T09:30:15.123Z"),
        ("2weeks ago", "2026-11-08T09:30:15.123Z"),
        ("0 hours ago", "2026-11-22T09:30:15.123Z"),
    ],
)
def test_a_time_is_that_time_whether_a_range_begins_or_ends_there(typed: str, text: str) -> None:
    assert to_text(parse_moment(typed, NOW)) == text
    assert to_text(parse_moment(typed, NOW, end_of_day=True)) == text


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "soon", "2026-13-01", "2026-02-30", "22.11.2026", "11/22/2026", "-3 days", "3 fortnights ago",
        "99999 years ago", "2025 years ago", "0001-01-01", "9999-12-31", "9999-12-31T23:59-12:00", "2026-11-22T25:00",
        "\0", "\ud800",
    ],
)  # fmt: skip
def test_what_is_no_date_says_how_to_write_one(typed: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_moment(typed, NOW)
    assert "2026-11-22" in caught.value.hint


@given(
    typed=st.one_of(
        st.text(),
        st.text("0123456789-:TWZ+. ", max_size=32),
        st.builds("{} {}s ago".format, st.integers(0, 10**6), st.sampled_from(["minute", "day", "month", "year"])),
        MOMENTS.map(datetime.isoformat),
    ),
    end=st.booleans(),
)
@PROPERTY
def test_any_text_is_a_storable_moment_or_invalid_input(typed: str, end: bool) -> None:
    try:
        found = parse_moment(typed, NOW, end)
    except InvalidInput:
        return
    assert found.tzinfo is UTC
    assert from_text(to_text(found)) <= found and to_text(found)[4::3][:2] == "--"


@given(moment=MOMENTS)
@PROPERTY
def test_a_written_moment_is_read_as_itself(moment: datetime) -> None:
    assert parse_moment(moment.astimezone(UTC).isoformat(), NOW) == moment.astimezone(UTC)
