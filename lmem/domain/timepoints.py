"""What people call a stretch of time: 'last week', '3 days ago', 'March 2025', each as a pattern and its meaning.

Not the prepositions around it, nor the decision that it is meant as time (lmem.domain.timewords).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from lmem.domain import periods
from lmem.domain.periods import MONTHS, WEEKDAYS, Period

_COUNTS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10,
}  # fmt: skip
_LETTERS = {"min": "minute", "h": "hour", "hr": "hour", "d": "day", "w": "week", "y": "year"}
_COUNT = r"(?P<count>\d{1,4}|(?:a )?couple of|(?:a )?few|" + "|".join(sorted(_COUNTS, reverse=True)) + ")"
_UNIT = r"(?P<unit>(?:minute|hour|day|week|month|quarter|year|min|hr|h|d|w|y)s?)"
_MONTH = f"(?P<month>{'|'.join(MONTHS)}|(?-i:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec))"
_YEAR = r"(?P<year>(?:19[7-9]|20[0-9])[0-9])"
_DAY = r"(?P<day>[12][0-9]|3[01]|0?[1-9])(?P<th>st|nd|rd|th)?"
_PART = r"(?: (?P<part>morning|afternoon|evening|night))"
_THIRD = r"(?:(?P<third>early(?: in)?|(?:the )?(?:beginning|start|middle|end) of|mid|late(?: in)?)[ -])"
_WHICH = r"(?P<which>last|this|past|previous) "
_EARLIER = r"(?:earlier |later )?"
_Read = Callable[[re.Match[str], datetime], Period]


@dataclass(frozen=True, slots=True)
class Point:
    """One way to name a stretch of time. `read` may raise ValueError for a day that no month has.

    `alone` says whether a match is plainly time with no preposition before it.
    """

    pattern: re.Pattern[str]
    read: _Read
    alone: Callable[[re.Match[str]], bool]


def _latest(found: re.Match[str], now: datetime) -> Period:
    name, count = _amount(found)
    return periods.latest(now, name, 2 if count == "couple" else 7 if count == "few" else int(count))


def _ago(found: re.Match[str], now: datetime) -> Period:
    name, count = _amount(found)
    if count.isdigit():
        return periods.ago(now, name, int(count))
    near, far = (1, 3) if count == "couple" else (2, 7)
    return Period(periods.ago(now, name, far).start, periods.ago(now, name, near).end)


def _amount(found: re.Match[str]) -> tuple[str, str]:
    """The unit, and the count as digits, 'couple' or 'few'."""
    written = found["unit"].lower()
    unit = _LETTERS.get(written) or _LETTERS.get(written.rstrip("s")) or written.rstrip("s")
    count = (found["count"] if "count" in found.re.groupindex else "1").lower()
    vague = next((word for word in ("couple", "few") if word in count), None)
    return unit, vague or str(_COUNTS.get(count, count))


def _named_day(found: re.Match[str], now: datetime) -> Period:
    word = found["named"].lower()
    if word in ("tonight", "last night"):
        return periods.part_of_day(periods.unit(now, "day", int(word == "last night")).start, "night")
    back = 2 if "before" in word else int(word == "yesterday")
    return _part_of(found, periods.unit(now, "day", back))


def _weekday(found: re.Match[str], now: datetime) -> Period:
    number = WEEKDAYS.index(found["weekday"].lower())
    past = (found["which"] or "this").lower() != "this"
    return _part_of(found, periods.weekday(now, number, before_today=past))


def _part_of(found: re.Match[str], day: Period) -> Period:
    return periods.part_of_day(day.start, found["part"].lower()) if found["part"] else day


def _calendar(found: re.Match[str], now: datetime) -> Period:
    return _third_of(found, periods.unit(now, found["unit"].lower(), int(found["which"].lower() != "this")))


def _before_last(found: re.Match[str], now: datetime) -> Period:
    return periods.unit(now, found["unit"].lower(), 2)


def _month(found: re.Match[str], now: datetime) -> Period:
    number, which = _number(found), (found["which"] or "").lower()
    if found["year"]:
        return _third_of(found, periods.months(int(found["year"]), number, 1))
    if which == "this":
        return _third_of(found, periods.months(now.year, number, 1))
    return _third_of(found, periods.past_month(now, number, is_over=bool(which)))


def _month_day(found: re.Match[str], now: datetime) -> Period:
    day = int(found["day"])
    if found["year"]:
        return periods.days(datetime(int(found["year"]), _number(found), day))
    return periods.past_day(now, _number(found), day)


def _number(found: re.Match[str]) -> int:
    """Of a month: its first three letters are its own."""
    return next(at for at, name in enumerate(MONTHS, 1) if name[:3] == found["month"][:3].lower())


def _iso(found: re.Match[str], now: datetime) -> Period:
    year, number = int(found["year"]), int(found["number"])
    return periods.days(datetime(year, number, int(found["day"]))) if found["day"] else periods.months(year, number, 1)


def _quarter(found: re.Match[str], now: datetime) -> Period:
    first = int(found["quarter"]) * 3 - 2
    return periods.months(int(found["year"] or now.year - (first > now.month)), first, 3)


def _year(found: re.Match[str], now: datetime) -> Period:
    return _third_of(found, periods.months(int(found["year"]), 1, 12))


def _third_of(found: re.Match[str], whole: Period) -> Period:
    third = (found["third"] or "").lower()
    if not third:
        return whole
    early, late = ("early", "beginning", "start"), ("late", "end")
    return periods.third(
        whole,
        "early" if any(word in third for word in early) else "late" if any(word in third for word in late) else "mid",
    )


def _always(found: re.Match[str]) -> bool:
    return True


def _never(found: re.Match[str]) -> bool:
    return False


def _has(*names: str) -> Callable[[re.Match[str]], bool]:
    return lambda found: any(found[name] for name in names)


def _is_day(found: re.Match[str]) -> bool:
    """'3 May' and 'may 3' may be a count of what may happen; with a year, an ending or another month they are days."""
    return bool(found["year"] or found["th"] or found["month"].lower() not in ("march", "may"))


def _is_month(found: re.Match[str]) -> bool:
    """'This may fail' and 'this march' are no months."""
    this_may = found["which"] and found["which"].lower() == "this" and found["month"] in ("may", "march")
    return bool(found["year"] or found["third"] or (found["which"] and not this_may))


def _point(pattern: str, read: _Read, alone: Callable[[re.Match[str]], bool]) -> Point:
    return Point(re.compile(f"(?:{pattern})(?![\\w@/]|[-.:]\\w)", re.IGNORECASE), read, alone)


POINTS = (
    _point(rf"(?:the )?(?:last|past|previous) {_COUNT} ?{_UNIT}", _latest, _always),
    _point(r"(?:(?:the )?past|the last) (?P<unit>hour|day|week|month|quarter|year)", _latest, _always),
    _point(rf"{_COUNT} ?{_UNIT} ago", _ago, _always),
    _point(rf"{_EARLIER}(?P<named>(?:the )?day before yesterday|yesterday|today){_PART}?", _named_day, _always),
    _point(r"(?P<named>this)(?: (?P<part>morning|afternoon|evening))", _named_day, _always),
    _point(r"(?P<named>last night|tonight)", _named_day, _always),
    _point(r"(?:the )?(?P<unit>week|weekend|month|quarter|year) before last(?! \w)", _before_last, _always),
    _point(rf"{_THIRD}?{_EARLIER}{_WHICH}(?P<unit>weekend|week|month|quarter|year)", _calendar, _always),
    _point(rf"(?:{_WHICH})?(?P<weekday>{'|'.join(WEEKDAYS)}){_PART}?", _weekday, _has("which", "part")),
    _point(rf"(?:the )?{_DAY}(?: of)? {_MONTH}(?:,? {_YEAR})?", _month_day, _is_day),
    _point(rf"{_MONTH} {_DAY}(?:,? {_YEAR})?", _month_day, _is_day),
    _point(rf"{_THIRD}?(?:{_WHICH})?{_MONTH}(?:,?(?: of)? {_YEAR})?", _month, _is_month),
    _point(rf"{_YEAR}-(?P<number>0[1-9]|1[0-2])(?:-(?P<day>[0-3][0-9]))?", _iso, _never),
    _point(rf"Q(?P<quarter>[1-4])(?:[ -]{_YEAR})?", _quarter, _has("year")),
    _point(rf"{_THIRD}?(?:the year )?{_YEAR}", _year, _has("third")),
)
