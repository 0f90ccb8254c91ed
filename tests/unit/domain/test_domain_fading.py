"""What a decay run moves: the order, the cap of every stretch of days, and that thirty daily runs equal one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.domain.decay import effective_importance
from lmem.domain.fading import FADED, LEAST_CAP, YOUNGEST_DAYS, Day, Fading, cap, days_after, plan
from tests.unit.properties import PROPERTY

BEGIN = date(2026, 3, 1)
SECOND = datetime(2026, 3, 1, tzinfo=UTC).timestamp()
HOUR = 3600.0
OLD = SECOND - 400 * 24 * HOUR


def row(number: int, importance: float = 0.5, rate: float = 0.1, weeks: float = 52, **fields: float) -> Fading:
    """A memory that was used so many weeks before BEGIN."""
    accesses = int(fields.get("accesses", 0))
    return Fading(
        f"{number:032x}", importance, rate, accesses, SECOND - weeks * 7 * 24 * HOUR, fields.get("created", OLD)
    )


SHARES = st.sampled_from([0.0, 0.05, 0.1, 0.1000001, 0.3, 0.5, 0.9, 1.0])
AGES = st.integers(-60 * 24, 90 * 24)
ROWS = st.lists(st.tuples(SHARES, SHARES, st.integers(0, 4), AGES, AGES), max_size=120).map(
    lambda found: [
        Fading(f"{number * 7919 % 1009:032x}", importance, rate, accesses, SECOND - used * HOUR, SECOND - born * HOUR)
        for number, (importance, rate, accesses, used, born) in enumerate(found)
    ]
)
ACTIVE = st.sampled_from([0, 30, 300, 2000, 40_000])


@dataclass
class Store:
    """Rows as runs find them, one after the other."""

    rows: list[Fading]
    active: int
    days: list[Day] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)

    def run(self, days: Sequence[date]) -> int:
        made = plan(self.rows, self.active, days, self.days)
        gone = set(made.ids)
        self.rows = [item for item in self.rows if item.id not in gone]
        self.active -= len(made.ids)
        self.days += [day for day in made.days if day.moved]
        self.moved += made.ids
        return len(made.ids)


@PROPERTY
@given(ROWS, ACTIVE, st.lists(st.integers(1, 29), max_size=6))
def test_thirty_daily_runs_equal_one_and_any_others(rows: list[Fading], more: int, breaks: list[int]) -> None:
    days = [BEGIN + timedelta(days=step) for step in range(30)]
    daily, once, some = (Store(rows, len(rows) + more) for _ in range(3))
    for day in days:
        daily.run([day])
    once.run(days)
    edges = [0, *sorted(set(breaks)), 30]
    for begin, end in pairwise(edges):
        some.run(days[begin:end])
    assert daily.moved == once.moved == some.moved
    assert daily.days == once.days == some.days


@PROPERTY
@given(ROWS, ACTIVE, st.integers(1, 40))
def test_no_stretch_of_days_moves_more_than_its_cap(rows: list[Fading], more: int, length: int) -> None:
    active = len(rows) + more
    made = plan(rows, active, [BEGIN + timedelta(days=step) for step in range(length)], [])
    assert len(made.ids) == sum(day.moved for day in made.days) <= cap(length, active)
    for begin, first in enumerate(made.days):
        for end in range(begin, length):
            assert sum(day.moved for day in made.days[begin : end + 1]) <= cap(end - begin + 1, first.active)


@PROPERTY
@given(ROWS)
def test_what_is_moved_is_old_and_faded_and_nothing_else_when_the_cap_allows_it(rows: list[Fading]) -> None:
    made = plan(rows, 1_000_000, [BEGIN], [])
    now = datetime(2026, 3, 1, tzinfo=UTC)

    def value(item: Fading) -> float:
        last = datetime.fromtimestamp(item.last_access, UTC)
        return effective_importance(item.importance, item.decay_rate, item.access_count, last, now)

    wanted = [
        item for item in rows
        if item.decay_rate > 0 and item.created < SECOND - YOUNGEST_DAYS * 24 * HOUR and value(item) < FADED
    ]  # fmt: skip
    assert set(made.ids) == {item.id for item in wanted}
    values = {item.id: value(item) for item in rows}
    moved = [values[id_] for id_ in made.ids]
    assert all(one <= other + 1e-12 for one, other in pairwise(moved))


def test_the_least_effective_go_first_then_by_id() -> None:
    rows = [row(3), row(1), row(2, 0.4), row(4, 0.5, weeks=30), row(5, 0.3, 0.3)]
    assert [int(id_, 16) for id_ in plan(rows, 100, [BEGIN], []).ids] == [5, 2, 1, 3, 4]


def test_the_order_of_a_day_is_that_days_own() -> None:
    """One that falls faster overtakes."""
    slow, fast = row(1, 0.09, 0.05, weeks=0.1), row(2, 0.095, 0.4, weeks=0.1)
    assert plan([fast, slow], 2, [BEGIN], []).ids == (slow.id, fast.id)
    assert plan([fast, slow], 2, [BEGIN + timedelta(days=14)], []).ids == (fast.id, slow.id)
    others = [row(number, 0.01) for number in range(10, 10 + LEAST_CAP)]
    days = [BEGIN + timedelta(days=step) for step in range(30)]
    late = plan([fast, slow, *others], 60, days, [])  # the first day's twenty are the others
    assert late.ids[LEAST_CAP:] == (fast.id, slow.id)


@pytest.mark.parametrize(
    ("days", "active", "most"),
    [(0, 100_000, 0), (1, 100_000, 5000), (1, 100, 20), (30, 100, 78), (30, 100_000, 78_536), (1, 0, 20)],
)
def test_the_cap(days: int, active: int, most: int) -> None:
    assert cap(days, active) == most


def test_a_small_store_moves_twenty_at_once_and_then_waits_for_the_share() -> None:
    store = Store([row(number) for number in range(90)], 100)
    moved = [store.run([BEGIN + timedelta(days=step)]) for step in range(30)]
    assert moved[0] == LEAST_CAP
    assert moved[1:4] == [0, 0, 0]  # 1 - .95^5 of 100 is the first that is more than 20
    assert sum(moved) <= 78


def test_an_age_of_thirty_days_is_young() -> None:
    edge = SECOND - YOUNGEST_DAYS * 24 * HOUR
    assert plan([row(1, created=edge)], 1, [BEGIN], []).ids == ()
    assert plan([row(1, created=edge - 1)], 1, [BEGIN], []).ids == (row(1).id,)


def test_days_between_runs() -> None:
    assert days_after(BEGIN, BEGIN) == []
    assert days_after(BEGIN, BEGIN - timedelta(days=3)) == []
    assert days_after(BEGIN, BEGIN + timedelta(days=2)) == [BEGIN + timedelta(days=1), BEGIN + timedelta(days=2)]
    assert plan([row(1)], 1, [], []).ids == ()
