"""Stretches of the calendar in local time: days, weeks from Monday, months, quarters, years, and what people call them.

Not the reading of words (lmem.domain.timewords), and not single moments (lmem.domain.times).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = timedelta(days=1)
_HOURS = {"morning": (0, 12), "afternoon": (12, 18), "evening": (17, 24)}
_LENGTHS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": _DAY, "week": 7 * _DAY}


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` up to `end`, which is not part of it: local times without a zone (a day may have 23 or 25 hours)."""

    start: datetime
    end: datetime

    def first(self) -> datetime:
        """Its first moment, in UTC."""
        return self.start.astimezone(UTC)

    def last(self) -> datetime:
        """Its last moment, in UTC, to the millisecond."""
        return self.end.astimezone(UTC) - timedelta(milliseconds=1)


def midnight(moment: datetime) -> datetime:
    """The start of the day."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def days(start: datetime, count: int = 1) -> Period:
    """So many whole days."""
    first = midnight(start)
    return Period(first, first + count * _DAY)


def part_of_day(day: datetime, name: str) -> Period:
    """The morning, afternoon or evening of a day; its night lasts until six."""
    first = midnight(day)
    if name == "night":
        return Period(first + timedelta(hours=18), first + timedelta(hours=30))
    low, high = _HOURS[name]
    return Period(first + timedelta(hours=low), first + timedelta(hours=high))


def month(year: int, number: int) -> Period:
    """A month; numbers below 1 and above 12 lie in other years. Raises ValueError beyond the calendar."""
    return months(year, number, 1)


def months(year: int, number: int, count: int) -> Period:
    """So many months from one on. Raises ValueError beyond the calendar."""
    return Period(_first_of(year * 12 + number - 1), _first_of(year * 12 + number - 1 + count))


def unit(now: datetime, name: str, back: int = 0) -> Period:
    """The day, week, weekend, month, quarter or year around `now`, or so many before it."""
    today = midnight(now)
    if name == "day":
        return days(today - back * _DAY)
    if name in ("week", "weekend"):
        monday = today - timedelta(days=today.weekday() + 7 * back)
        return days(monday + 5 * _DAY, 2) if name == "weekend" else days(monday, 7)
    if name == "month":
        return month(now.year, now.month - back)
    if name == "quarter":
        return months(now.year, (now.month - 1) // 3 * 3 + 1 - 3 * back, 3)
    return months(now.year - back, 1, 12)


def ago(now: datetime, name: str, count: int) -> Period:
    """The day, week, month or year that lies so many back; of hours and minutes the stretch around the moment."""
    if name in ("minute", "hour"):
        middle, half = now - count * _LENGTHS[name], _LENGTHS[name] * max(1, count // 4) / 2
        return Period(middle - half, min(now, middle + half))
    return unit(now, name, count)


def latest(now: datetime, name: str, count: int) -> Period:
    """The last so many minutes, hours, days, weeks, months or years, up to the end of this day."""
    if name in _LENGTHS:
        start = now - count * _LENGTHS[name]
    else:
        size = {"month": 1, "quarter": 3, "year": 12}[name]
        first = _first_of(now.year * 12 + now.month - 1 - count * size)
        start = min(first + timedelta(days=now.day - 1), _next_month(first)) + (now - midnight(now))
    return Period(start if name in ("minute", "hour") else midnight(start), midnight(now) + _DAY)


def weekday(now: datetime, number: int, before_today: bool) -> Period:
    """The latest such day of the week (0 is Monday); today counts unless `before_today`."""
    back = (now.weekday() - number) % 7 or (7 if before_today else 0)
    return days(now - back * _DAY)


def past_month(now: datetime, number: int, is_over: bool = False) -> Period:
    """The latest such month that has begun; with `is_over` not this one."""
    begun = number <= now.month - is_over
    return month(now.year if begun else now.year - 1, number)


def past_day(now: datetime, number: int, day: int) -> Period:
    """The latest such day of the year that has begun. Raises ValueError when there is none."""
    for year in range(now.year, now.year - 8, -1):  # 29 February comes every fourth year, but for 1900 and 2100
        try:
            found = datetime(year, number, day)
        except ValueError:
            continue
        if found <= now:
            return days(found)
    raise ValueError("no such day")


def third(period: Period, which: str) -> Period:
    """The early, mid or late part of a period."""
    step = (period.end - period.start) / 3
    at = {"early": 0, "mid": 1, "late": 2}[which]
    return Period(midnight(period.start + at * step), midnight(period.start + (at + 1) * step))


def around(period: Period) -> Period:
    """A period and half of its length on each side."""
    half = (period.end - period.start) / 2
    return Period(period.start - half, period.end + half)


def _first_of(number: int) -> datetime:
    return datetime(number // 12, number % 12 + 1, 1)


def _next_month(first: datetime) -> datetime:
    return _first_of(first.year * 12 + first.month) - _DAY
