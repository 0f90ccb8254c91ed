"""Moments as stored text and back: UTC, ISO 8601, milliseconds, and the dates people type.

Not a clock (lmem.ports.clock).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from lmem.errors import InvalidInput

HINT = "Write a date as 2026-11-22, a time as 2026-11-22T09:30, or words like 'yesterday' or '3 days ago'."
_BARE_DATE = re.compile(r"\d{4}-?\d\d-?\d\d|\d{4}-?W\d\d(-?\d)?")
_AGO = re.compile(r"(\d{1,5}) ?(minute|hour|day|week|month|year)s?(?: ago)?")
_DAYS_AGO = {"today": 0, "yesterday": 1, "last week": 7, "last month": 30, "last year": 365}
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400, "week": 604800, "month": 2629800, "year": 31557600}


def to_text(moment: datetime) -> str:
    """`2026-11-22T09:30:00.000Z`: sorts as text, as every date column holds it."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def from_text(text: str) -> datetime:
    """The moment in a stored date."""
    return datetime.fromisoformat(text)


def to_milliseconds(text: str) -> int:
    """Milliseconds since 1970 in a stored date."""
    moment = datetime.fromisoformat(text)
    return int(moment.replace(microsecond=0).timestamp()) * 1000 + moment.microsecond // 1000


def parse_moment(text: str, now: datetime, end_of_day: bool = False) -> datetime:
    """The moment a person means, in UTC; a bare date is local, its first moment or (with `end_of_day`) its last.

    Understands ISO dates and times, 'N units [ago]', and the days today, yesterday and last week|month|year (7, 30,
    365 days ago). A time without a zone is local. Raises InvalidInput for anything else.
    """
    words = " ".join(text.lower().split())
    ago = _AGO.fullmatch(words)
    try:
        if words == "now":
            return now.astimezone(UTC)
        if ago:
            found = now - timedelta(seconds=int(ago[1]) * _SECONDS[ago[2]])
            return _within_range(found).astimezone(UTC)
        if words in _DAYS_AGO:
            today = now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
            return _day(today - timedelta(days=_DAYS_AGO[words]), end_of_day)
        found = _within_range(datetime.fromisoformat(text.strip()))
        return _day(found, end_of_day) if _BARE_DATE.fullmatch(text.strip()) else found.astimezone(UTC)
    except (ValueError, OverflowError) as err:
        raise InvalidInput(f"'{text[:60]}' is not a date that lmem understands.", hint=HINT) from err


def _day(midnight: datetime, end: bool) -> datetime:
    """The first or last moment of a local day. `midnight` has no zone: a day may have 23 or 25 hours."""
    if end:
        return (midnight + timedelta(days=1)).astimezone(UTC) - timedelta(milliseconds=1)
    return midnight.astimezone(UTC)


def _within_range(moment: datetime) -> datetime:
    if not 1 < moment.year < 9999:  # room for a time zone's shift
        raise ValueError("year out of range")
    return moment
