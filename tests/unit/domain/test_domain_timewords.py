"""Words of time in questions: what they mean, what is left of the question, and what is no time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.domain.timewords import MAX_QUESTION, TimeRange, extract
from tests.unit.properties import PROPERTY

pytestmark = pytest.mark.usefixtures("berlin")

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)  # a Sunday, 15:00 in Berlin


def _local(text: str | None) -> str | None:
    return text and datetime.fromisoformat(text).astimezone().isoformat(timespec="minutes")[:16]


@pytest.mark.parametrize(
    ("question", "since", "until", "rest"),
    [
        ("what did we decide last week about caching", "2026-11-09", "2026-11-15", "what did we decide about caching"),
        ("in March", "2026-03-01", "2026-03-31", ""),
        ("errors yesterday", "2026-11-21", "2026-11-21", "errors"),
        ("what broke 3 days ago?", "2026-11-19", "2026-11-19", "what broke?"),
        ("retries since Monday", "2026-11-16", None, "retries"),
        ("schema before 2026-05", None, "2026-04-30", "schema"),
        ("caching until 2026-05-03", None, "2026-05-03", "caching"),
        ("decisions after 2026-05", "2026-06-01", None, "decisions"),
        ("this year", "2026-01-01", "2026-12-31", ""),
        ("between March and May caching", "2026-03-01", "2026-05-31", "caching"),
        ("between November and February", "2025-11-01", "2026-02-28", ""),
        ("from 2026-05-01 to 2026-05-09 why redis", "2026-05-01", "2026-05-09", "why redis"),
        ("between yesterday and Monday", "2026-11-16", "2026-11-21", ""),
        ("notes from October on", "2026-10-01", None, "notes"),
        ("notes from October", "2026-10-01", "2026-10-31", "notes"),
        ("what did I do today", "2026-11-22", "2026-11-22", "what did I do"),
        ("the day before yesterday", "2026-11-20", "2026-11-20", ""),
        ("decisions in the last 3 days", "2026-11-19", "2026-11-22", "decisions"),
        ("the past month", "2026-10-22", "2026-11-22", ""),
        ("two weeks ago", "2026-11-02", "2026-11-08", ""),
        ("a year ago", "2025-01-01", "2025-12-31", ""),
        ("the week before last", "2026-11-02", "2026-11-08", ""),
        ("last weekend", "2026-11-14", "2026-11-15", ""),
        ("last Sunday", "2026-11-15", "2026-11-15", ""),
        ("this Sunday", "2026-11-22", "2026-11-22", ""),
        ("what did we ship on Friday", "2026-11-20", "2026-11-20", "what did we ship"),
        ("in Q3 redis", "2026-07-01", "2026-09-30", "redis"),
        ("last quarter", "2026-07-01", "2026-09-30", ""),
        ("in December", "2025-12-01", "2025-12-31", ""),
        ("last November", "2025-11-01", "2025-11-30", ""),
        ("may 2025 release", "2025-05-01", "2025-05-31", "release"),
        ("the 3rd of May", "2026-05-03", "2026-05-03", ""),
        ("on May 3, why", "2026-05-03", "2026-05-03", "why"),
        ("on 29 February", "2024-02-29", "2024-02-29", ""),
        ("end of last month", "2026-10-21", "2026-10-31", ""),
        ("in 2025 we chose redis", "2025-01-01", "2025-12-31", "we chose redis"),
        ("yesterday's meeting", "2026-11-21", "2026-11-21", "meeting"),
        ("in Sept", "2026-09-01", "2026-09-30", ""),
    ],
)  # fmt: skip
def test_days(question: str, since: str | None, until: str | None, rest: str) -> None:
    found, left = extract(question, NOW)
    assert found is not None
    assert _local(found.since) == (since and since + "T00:00")
    assert _local(found.until) == (until and until + "T23:59")
    assert left == rest


@pytest.mark.parametrize(
    ("question", "since", "until"),
    [
        ("last night", "2026-11-21T18:00", "2026-11-22T05:59"),
        ("this morning", "2026-11-22T00:00", "2026-11-22T11:59"),
        ("yesterday evening", "2026-11-21T17:00", "2026-11-21T23:59"),
        ("2 hours ago", "2026-11-22T12:30", "2026-11-22T13:29"),
        ("the last 24h", "2026-11-21T15:00", "2026-11-22T23:59"),
        ("a few days ago", "2026-11-15T00:00", "2026-11-20T23:59"),
    ],
)
def test_hours(question: str, since: str, until: str) -> None:
    found, _ = extract(question, NOW)
    assert found is not None
    assert (_local(found.since), _local(found.until)) == (since, until)


@pytest.mark.parametrize(
    "question",
    [
        "may the march begin", "what may march on", "may 3 threads run", "this may fail", "this march of progress",
        "how do we deploy today", "why do we never deploy on Friday", "in 2048 bytes", "before 2000 rows",
        "after 3 days timeout", "last commit", "the last 5 commits", "31 February", "on 31 February",
        '"last week" report', "the `yesterday` flag", "git log --since yesterday", "--since=yesterday", "file-2026-05",
        "release 2026-05-03", "v2026", "decide", "sunday.example.com", "see notes/yesterday", "Q3", "May", "in the end",
        "between March", "x" * MAX_QUESTION + " last week", "in 0 days", "99999 days ago", "9999 years ago",
        "next week",
    ],
)  # fmt: skip
def test_what_is_no_time_stays_a_word(question: str) -> None:
    assert extract(question, NOW) == (None, question)


def test_a_day_of_the_zone_has_23_or_25_hours() -> None:
    for day, hours in (("2026-03-29", 23), ("2026-10-25", 25)):
        found, _ = extract(f"on {day}", NOW)
        assert found is not None and found.since is not None and found.until is not None
        length = datetime.fromisoformat(found.until) - datetime.fromisoformat(found.since)
        assert length == timedelta(hours=hours) - timedelta(milliseconds=1)


def test_holds() -> None:
    found = TimeRange("2026-05-01T00:00:00.000Z", "2026-05-31T23:59:59.999Z", "in May")
    assert found.holds("2026-05-01T00:00:00.000Z") and found.holds("2026-05-31T23:59:59.999Z")
    assert not found.holds("2026-04-30T23:59:59.999Z") and not found.holds("2026-06-01T00:00:00.000Z")
    assert TimeRange(None, None, "").holds("2026-06-01T00:00:00.000Z")


_SOME = (
    "since before after between and from to last this past week month year days ago 3 May March 2026 on in the 31 "
    "yesterday today Friday Q2 2026-02-30 2026-05-03 , ? \" ' ` ago's early mid end of couple few 0 9999 hours h"
)
_WORDS = st.sampled_from(_SOME.split())


@PROPERTY
@given(
    st.lists(_WORDS, max_size=12).map(" ".join) | st.text(max_size=60),
    st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
)
def test_any_question_has_an_ordered_range_or_none_and_loses_only_its_words(question: str, now: datetime) -> None:
    found, rest = extract(question, now)
    if found is None:
        assert rest == question
        return
    assert found.since is not None or found.until is not None
    assert found.since is None or found.until is None or found.since <= found.until
    assert found.words in question
    kept = question.replace(found.words, " ", 1)
    assert [char for char in rest if char not in " ,"] == [char for char in "".join(kept.split()) if char not in " ,"]
