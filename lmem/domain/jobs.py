"""When a job of the daemon is due, and what is kept of its runs.

Not the jobs themselves and not a scheduler (lmem.daemon.jobs).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta


@dataclass(frozen=True, slots=True)
class Every:
    """Again and again, so many seconds after the last time."""

    seconds: int

    def __str__(self) -> str:
        return f"every {self.seconds} s" if self.seconds < 120 else f"every {self.seconds // 60} min"


@dataclass(frozen=True, slots=True)
class Nightly:
    """Once a day, at this time of the machine's zone."""

    at: time

    def __str__(self) -> str:
        return f"daily at {self.at:%H:%M}"


Schedule = Every | Nightly


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a job. `cause` is 'schedule', 'missed' or 'user', `state` 'done' or 'failed'; times as stored."""

    job: str
    cause: str
    state: str
    changed: int
    change_set: int | None
    message: str
    started_at: str
    ended_at: str


def next_due(schedule: Schedule, now: datetime) -> datetime:
    """The next moment after `now`, in UTC."""
    if isinstance(schedule, Every):
        return now + timedelta(seconds=schedule.seconds)
    return _at(schedule.at, now, +1)


def missed(schedule: Schedule, seen: datetime, now: datetime) -> bool:
    """Whether a night passed after `seen`, the last run or the day the job became known. Others are never missed."""
    return isinstance(schedule, Nightly) and _at(schedule.at, now, -1) > seen


def _at(clock: time, now: datetime, direction: int) -> datetime:
    """The nearest moment with this local time of day before (-1) or after (+1) `now`; one that is now is before."""
    local = now.astimezone()
    for step in (0, direction):
        day = local.date() + timedelta(days=step)
        found = datetime.combine(day, clock).astimezone(UTC)  # each day's own offset: a night may lose or gain an hour
        if (found > now) == (direction > 0):
            return found
    raise ValueError(f"{clock} has no moment beside {now}")
