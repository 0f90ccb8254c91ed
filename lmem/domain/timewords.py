"""Words of time in a question, read as a range: 'last week', 'before 2026-05', 'between March and May'.

Not `--since` and `--until` (lmem.domain.times). What may as well be no time stays a word: 'may' and 'march' need a
preposition, a day or a year beside them; what is quoted is never read, and neither is what was pasted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from lmem.domain import periods, times
from lmem.domain.periods import MONTHS, Period
from lmem.domain.query import STOPWORDS
from lmem.domain.timepoints import POINTS, Point

MAX_QUESTION = 300
"""Characters of a question that was typed; what is longer was pasted, and dates in it are text."""


@dataclass(frozen=True, slots=True)
class TimeRange:
    """When: from `since` to `until`, both included, as stored dates; None is open. `words` are those that said so."""

    since: str | None
    until: str | None
    words: str

    def holds(self, at: str) -> bool:
        """Whether a stored date lies in it."""
        return (self.since is None or at >= self.since) and (self.until is None or at <= self.until)


@dataclass(frozen=True, slots=True)
class _Read:
    """A point that was found in a question: where it ends, what it means; `found` is read again for another now."""

    end: int
    period: Period
    found: re.Match[str]
    point: Point


_SIGNS = (
    "day", "ago", "night", "morning", "noon", "evening", "week", "month", "year", "quarter", "last ", "past ",
    "19", "20", "q1", "q2", "q3", "q4",
    *(name[:3] for name in MONTHS),
)  # fmt: skip
_HINTS = re.compile(
    r"(?:yesterday|to(?:day|night)|ago|this|last|past|previous|\w+day|(?:week|month|year)s?|quarter|q[1-4]|(?:19|20)\d\d)\b"
    rf"|\b(?:{'|'.join(name[:3] for name in MONTHS)})"
)
_START = re.compile(r"(?<![\w@/.:'\u2019-])\w")
_QUOTED = re.compile(r'"[^"]*"|`[^`]*`|(?<!\w)\'[^\']*\'(?!\w)')
_PREPOSITION = re.compile(
    r"(?i)(?P<open>between|from|since|after|later than)\s+|(?P<until>until|till|up to)\s+"
    r"|(?P<before>before|prior to)\s+|(?P<around>around)\s+|(?P<in>in|on|at|of|for|over|during|within|throughout)\s+"
)
_JOINT = re.compile(r"(?i),?\s+(?:and\s+)?(?P<word>and|to|until|till|through|up to|before)\s+")
_ONWARDS = re.compile(r"(?i)\s+(?:on|onwards?)\b(?!\s+\w)")
_OWNED = re.compile(r"['\u2019]s\b")
_FLAG = re.compile(r"(?:^|\s)-{1,2}\w[\w-]*[= ]$")
_NEXT_WORD = re.compile(r"\s+(\w+)")
# 'How do we deploy today' and 'Why never deploy on Friday' ask for what holds, 'What did we do today' for a day.
_HABIT = re.compile(r"(?i)\b(?:do|does|is|are|can|should|must|will|would|always|never|every|usually|how to)\b")
_PAST = re.compile(r"(?i)\b(?:did|was|were|had|has|have|been|done|happened|\w{3,}ed)\b")
_VAGUE = re.compile(r"(?i)(?:on\s+)?(?:today|\w+day)")


def extract(question: str, now: datetime) -> tuple[TimeRange | None, str]:
    """The range that a question's words of time mean, and the question without them; None and all of it otherwise.

    `now` has a zone; days, weeks (from Monday) and months are local. Memories lie in the past, so a month or day
    without a year is the latest that has begun. The question that is left may have no word.
    """
    low = question[: MAX_QUESTION + 1].lower()
    if len(low) > MAX_QUESTION or not any(sign in low for sign in _SIGNS) or not _HINTS.search(low):
        return None, question
    local = now.astimezone().replace(tzinfo=None)
    quoted = [found.span() for found in _QUOTED.finditer(question)]
    for word in _START.finditer(question):
        at = word.start()
        if any(start <= at < end for start, end in quoted):
            continue
        try:
            read = _range_at(question, at, local)
        except (ValueError, OverflowError):  # no month has such a day, or the calendar ends before
            continue
        if read is not None and not _is_literal(question, at, read[2], quoted):
            since, until, end = read
            return TimeRange(since, until, question[at:end]), _without(question, at, end)
    return None, question


def _is_literal(question: str, start: int, end: int, quoted: list[tuple[int, int]]) -> bool:
    """Whether the words reach into a quotation, or are the value of a command's flag."""
    return any(start < at < end for at, _ in quoted) or bool(_FLAG.search(question[:start]))


def _without(question: str, start: int, end: int) -> str:
    before, after = question[:start].rstrip(" ,"), question[end:].strip(" ,")
    return f"{before} {after}".strip() if before and after[:1].isalnum() else before + after


def _range_at(question: str, at: int, now: datetime) -> tuple[str | None, str | None, int] | None:
    """The range whose words start at `at`, and their end."""
    preposition = _PREPOSITION.match(question, at)
    if preposition is None:
        point = _point_at(question, at, now)
        if point is None or not point.point.alone(point.found) or _is_habit(question, at, point):
            return None
        return (*_both(point.period), point.end)
    point = _point_at(question, preposition.end(), now)
    if point is None or _is_habit(question, at, point) or _is_amount(question, point):
        return None
    if preposition["open"]:
        return _opened(question, preposition["open"].lower(), point, now)
    if preposition["until"]:
        return None, times.to_text(point.period.last()), point.end
    if preposition["before"]:
        return None, _just_before(point.period), point.end
    period = periods.around(point.period) if preposition["around"] else point.period
    return (*_both(period), point.end)


def _opened(question: str, word: str, first: _Read, now: datetime) -> tuple[str | None, str | None, int] | None:
    """What 'between', 'from', 'since' or 'after' starts; another point may close it."""
    joint = _JOINT.match(question, first.end)
    second = _point_at(question, joint.end(), now) if joint else None
    if joint and second and (word == "between" or joint["word"].lower() != "and"):
        opening, closing = first.period, second.period
        if (
            closing.start < opening.start and "month" in first.found.re.groupindex
        ):  # 'between November and February' in March: the November before
            opening = first.point.read(first.found, closing.start)
        if closing.start < opening.start:
            opening, closing = closing, opening
        since = opening.end if word == "after" else opening.start
        until = _just_before(closing) if joint["word"].lower() == "before" else times.to_text(closing.last())
        return times.to_text(since.astimezone()), until, second.end
    if word == "between":
        return None
    if word == "from":
        onwards = _ONWARDS.match(question, first.end)
        if onwards is None:
            return (*_both(first.period), first.end)
        return times.to_text(first.period.first()), None, onwards.end()
    since = first.period.start if word == "since" else first.period.end
    return times.to_text(since.astimezone()), None, first.end


def _point_at(question: str, at: int, now: datetime) -> _Read | None:
    for point in POINTS:
        found = point.pattern.match(question, at)
        if found:
            owned = _OWNED.match(question, found.end())
            return _Read(owned.end() if owned else found.end(), point.read(found, now), found, point)
    return None


def _is_habit(question: str, at: int, point: _Read) -> bool:
    """Whether 'today' or 'on Friday' is said of what holds always."""
    if not _VAGUE.fullmatch(question[at : point.found.end()]):
        return False
    return bool(_HABIT.search(question)) and not _PAST.search(question)


def _is_amount(question: str, point: _Read) -> bool:
    """Whether a year is a number of things: 'before 2000 rows'."""
    after = _NEXT_WORD.match(question, point.end)
    return point.found[0].isdigit() and after is not None and after[1].lower() not in STOPWORDS


def _both(period: Period) -> tuple[str, str]:
    return times.to_text(period.first()), times.to_text(period.last())


def _just_before(period: Period) -> str:
    return times.to_text(period.first() - timedelta(milliseconds=1))
