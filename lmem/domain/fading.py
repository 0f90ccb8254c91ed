"""Which memories a decay run moves to the temporal layer, and how many a day may move.

Not the formula (lmem.domain.decay) and not a write (lmem.service.decay).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from lmem.domain.decay import FLOOR, WEEK_SECONDS
from lmem.domain.layers import Layers

FADED = 0.1
"""A memory whose effective importance lies below this may be moved."""
YOUNGEST_DAYS = 30
"""Younger memories are not moved."""
SETTLED_DAYS = 30
"""What an undo brought back is left alone for so long."""
KEPT_SHARE = 0.95
"""Of the active memories, the share that a day leaves alone at least."""
LEAST_CAP = 20
"""So many may go in any stretch of days, however small the store."""
REMEMBERED_DAYS = 120
"""Days after which what a day moved bounds nothing any more: .95^120 is .002."""
NEVER = "decision"
"""The type that is not moved."""

STRETCH = 30
"""Days whose last one bounds what waits: a shorter stretch bounds closer, and is sorted anew more often."""

_DAY_SECONDS = 24 * 3600
_YOUNGEST = YOUNGEST_DAYS * _DAY_SECONDS
_EPOCH = date(1970, 1, 1)
_LOG_FLOOR, _LOG_FADED = math.log(FLOOR), math.log(FADED)
_AT_ONCE = -1e9
"""The logarithm of what a decay rate of 1 leaves."""


class Fading(NamedTuple):
    """What decay needs of a memory that it may move. Moments are seconds since 1970."""

    id: str
    importance: float
    decay_rate: float
    access_count: int
    last_access: float
    created: float


class Placed(NamedTuple):
    """What a move between layers needs of a memory: SQLite's row number, id, revision and layers."""

    key: int
    id: str
    rev: int
    layers: Layers


class Day(NamedTuple):
    """What one day found active, before its moves, and what it moved."""

    day: date
    active: int
    moved: int


class Plan(NamedTuple):
    """The memories to move, in order, and the days that move them."""

    ids: tuple[str, ...]
    days: tuple[Day, ...]


def plan(rows: Iterable[Fading], active: int, days: Sequence[date], past: Sequence[Day]) -> Plan:
    """What a run moves that sees to `days`, of `rows` in a store with `active` memories. `past` are earlier days.

    Each day counts for itself, at its first moment in UTC: of the rows that are old and faded by then those with the
    least effective importance, then by id, as many as `allowance` says. So a run after a month plans what thirty daily
    runs would have moved, and the month's cap holds for both.
    """
    if not days:
        return Plan((), ())
    arriving = _by_first_day(rows, days[0], days[-1])
    known = list(past)
    waiting: list[_Bounded] = []
    moved: list[str] = []
    seen: list[Day] = []
    for step, day in enumerate(days):
        end = _start(days[min(len(days), (step // STRETCH + 1) * STRETCH) - 1])
        if step % STRETCH == 0:
            waiting = _bounded([line for _, line in waiting], end)
        if arrived := arriving.get(_number(day)):
            waiting = sorted(waiting + _bounded(arrived, end))
        left = active - len(moved)
        going, waiting = _least(waiting, min(len(waiting), allowance(day, left, known)), _start(day))
        moved += going
        seen.append(Day(day, left, len(going)))
        known += seen[-1:] if going else []
    return Plan(tuple(moved), tuple(seen))


def allowance(day: date, active: int, past: Sequence[Day]) -> int:
    """How many memories `day` may move.

    No stretch of n days that ends with it may move more than max(20, 1 - .95^n of what its first day found active).
    """
    spent, least = 0, cap(1, active)
    for earlier in reversed(past):
        if (day - earlier.day).days > REMEMBERED_DAYS:
            break
        spent += earlier.moved
        least = min(least, cap((day - earlier.day).days + 1, earlier.active) - spent)
    return max(0, least)


def cap(days: int, active: int) -> int:
    """max(20, 1 - .95^days of the active memories), rounded down; nothing for no day."""
    return max(LEAST_CAP, int((1 - KEPT_SHARE**days) * active)) if days > 0 else 0


def days_after(last: date, today: date) -> list[date]:
    """The days after `last`, up to `today`."""
    return [last + timedelta(days=step) for step in range(1, (today - last).days + 1)]


class _Line(NamedTuple):
    """The logarithm of an effective importance: `highest` until the last access, falling from there to `lowest`."""

    id: str
    highest: float
    slope: float
    last_access: float
    lowest: float


_Bounded = tuple[float, _Line]


def _by_first_day(rows: Iterable[Fading], first: date, last: date) -> dict[int, list[_Line]]:
    """The rows by the number of the day on which they may go: the first of all for those that might have before."""
    found: dict[int, list[_Line]] = {}
    begin, end = _number(first), _number(last) * _DAY_SECONDS
    slopes: dict[tuple[float, int], float] = {}
    for id_, importance, rate, accesses, last_access, created in rows:
        slope = slopes.get((rate, accesses))
        if slope is None:
            slope = slopes[rate, accesses] = _slope(rate, accesses)
        highest = math.log(importance) if importance > 0 else -math.inf
        above = highest - _LOG_FADED
        faded = -math.inf if above < 0 else last_access - above / slope if slope else math.inf
        since = max(created + _YOUNGEST, faded)
        if since < end and slope:  # at `since` itself it is as old as the limit and as faded, not more
            line = _Line(id_, highest, slope, last_access, highest + _LOG_FLOOR)
            found.setdefault(max(begin, math.floor(since / _DAY_SECONDS) + 1), []).append(line)
    return found


def _slope(rate: float, accesses: int) -> float:
    """What a second takes from the logarithm of the importance; 0 when it is pinned."""
    kept = math.log1p(-max(0.0, rate)) if rate < 1 else _AT_ONCE
    return kept / (WEEK_SECONDS * (1 + math.log1p(max(0, accesses))))


def _value(line: _Line, moment: float) -> float:
    _, highest, slope, last, lowest = line
    return highest if moment <= last else max(lowest, highest + slope * (moment - last))


def _bounded(lines: Iterable[_Line], end: float) -> list[_Bounded]:
    """Lines with their value at `end`, below which they are at no moment before, in this order."""
    return sorted([(_value(line, end), line) for line in lines])


def _least(waiting: list[_Bounded], count: int, moment: float) -> tuple[list[str], list[_Bounded]]:
    """The ids of the `count` lines that are lowest at `moment`, in order (equal ones by id), and the other lines.

    Only those are looked at whose bound allows them to be among the lowest: a day of a hundred thousand that wait
    costs little more than what it moves.
    """
    if not count:
        return [], waiting
    looked: list[tuple[float, _Line, float]] = []
    while True:
        some = waiting[len(looked) : 2 * (len(looked) + count)]
        looked += [(_value(line, moment), line, bound) for bound, line in some]
        looked.sort()
        if len(looked) == len(waiting) or waiting[len(looked)][0] >= looked[count - 1][0]:
            break
    staying = [(bound, line) for _, line, bound in looked[count:]]
    staying.sort()
    return [line.id for _, line, _ in looked[:count]], staying + waiting[len(looked) :]


def _start(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def _number(day: date) -> int:
    return (day - _EPOCH).days
