"""Moments as stored text and back: UTC, ISO 8601, milliseconds, and the dates people type.

Not a clock (lmem.ports.clock).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from lmem.errors import InvalidInput

HINT = "Write a date as 2026-11-22, a time as 2026-11-22T09:30, or words like 'yesterday' or '3 days ago'."
_AGO = re.compile(r"(\d{1,5}) ?(minute|hour|day|week|month|year)s?(?: ago)?")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400, "week": 604800, "month": 2629800, "year": 31557600}


def to_text(moment: datetime) -> str:
    """`2026-11-22T09:30:00.000Z`: sorts as text, as every date column holds it."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def from_text(text: str) -> datetime:
    """The moment in a stored date."""
    return datetime.fromisoformat(text)


def parse_moment(text: str, now: datetime, end_of_day: bool = False) -> datetime:
    """The moment a person means, in UTC; a bare date is local, its first moment or (with `end_of_day`) its last.

    Understands ISO dates and times, today, yesterday, last week|month|year, and 'N units [ago]'.
    Raises InvalidInput for anything else.
    """
    words = " ".join(text.lower().split())
    local = now.astimezone()
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    named = {
        "now": local,
        "today": midnight,
        "yesterday": midnight - timedelta(days=1),
        "last week": midnight - timedelta(days=7),
        "last month": midnight - timedelta(days=30),
        "last year": midnight - timedelta(days=365),
    }
    ago = _AGO.fullmatch(words)
    try:
        if words in named:
            found = named[words]
            return _end(found) if end_of_day and words in ("today", "yesterday") else found.astimezone(UTC)
        if ago:
            return (now - timedelta(seconds=int(ago[1]) * _SECONDS[ago[2]])).astimezone(UTC)
        found = datetime.fromisoformat(text.strip())
        found = found if found.tzinfo else found.astimezone()
        if not 1 < found.year < 9999:  # room for a time zone's shift
            raise ValueError("year out of range")
        return _end(found) if end_of_day and len(text.strip()) <= 10 else found.astimezone(UTC)
    except (ValueError, OverflowError) as err:
        raise InvalidInput(f"'{text[:60]}' is not a date that lmem understands.", hint=HINT) from err


def _end(day: datetime) -> datetime:
    return (day + timedelta(days=1) - timedelta(milliseconds=1)).astimezone(UTC)
