"""The daemon's upkeep: the table of JOBS, and the runner that starts each when it is due.

Not what a job does: that is a service's. The runner is one of the three doors where any exception is recorded. Times
are the daemon's clock (LMEM_NOW), waits the machine's. APScheduler is imported some seconds after the start, in a
thread: it costs as much as everything else of the daemon together.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from lmem._version import __version__
from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.domain.jobs import Every, Nightly, Run, Schedule, missed, next_due
from lmem.errors import Conflict, Internal, LmemError, NotFound
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage
from lmem.service.activity import Activity
from lmem.service.annotations import Annotations
from lmem.service.audit import Audit
from lmem.service.decay import Decay
from lmem.service.endings import Endings

if TYPE_CHECKING:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

START_DELAY = 10.0
"""Seconds after the daemon's start: whoever started it is served first."""
MADE_UP_AFTER = timedelta(minutes=2)
"""How long after that a missed night is made up, once, however many nights it was."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """What jobs work with, and as whom."""

    clock: Clock
    activity: Activity
    endings: Endings
    decay: Decay
    audit: Audit
    annotations: Annotations
    user_id: str

    @property
    def actor(self) -> Actor:
        return Actor(self.user_id, f"unix:{os.getuid()}:{os.getpid()}", f"jobs/{__version__}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How much a job changed, or would change, as a number and as a clause for people."""

    changed: int
    message: str
    change_set: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One job: when, what, and what it would do. A `quiet` one leaves a row only when it failed or a user asked.

    `left` says whether a run that was killed left something to do, which then is made up like a missed night.
    """

    about: str
    schedule: Schedule
    run: Callable[[Work], Awaitable[Outcome]]
    preview: Callable[[Work], Awaitable[Outcome]]
    quiet: bool = False
    left: Callable[[Work], Awaitable[bool]] | None = None


async def _counters(work: Work) -> Outcome:
    written = await work.activity.flush_counters()
    return Outcome(written, f"wrote the counters of {_many(written, 'object')}")


async def _waiting_counters(work: Work) -> Outcome:
    waiting = work.activity.waiting_counters()
    return Outcome(waiting, f"would write the counters of {_many(waiting, 'object')}")


async def _sessions(work: Work) -> Outcome:
    ended = await work.endings.close_idle(work.clock.now())
    return Outcome(len(ended), f"ended {_many(len(ended), 'idle session')}")


async def _idle_sessions(work: Work) -> Outcome:
    idle = await work.endings.idle(work.clock.now())
    return Outcome(len(idle), f"would end {_many(len(idle), 'idle session')}")


async def _decay(work: Work) -> Outcome:
    done = await work.decay.run(work.actor)
    if not done.enabled:
        return Outcome(0, "decay is switched off")
    return Outcome(done.moved, f"moved {_many(done.moved, 'memory', 'memories')}", done.change_set)


async def _decay_preview(work: Work) -> Outcome:
    found = await work.decay.preview(work.actor)
    if not found.enabled:
        return Outcome(0, "decay is switched off")
    return Outcome(found.moved, f"would move {_many(found.moved, 'memory', 'memories')}")


async def _decay_left(work: Work) -> bool:
    return await work.decay.unfinished(work.user_id)


async def _audit(work: Work) -> Outcome:
    gone = await work.audit.retain(work.actor)
    return Outcome(gone, f"let go of {_many(gone, 'entry', 'entries')}")


async def _old_audit(work: Work) -> Outcome:
    old = await work.audit.old()
    return Outcome(old, f"would let go of {_many(old, 'entry', 'entries')}")


async def _annotations(work: Work) -> Outcome:
    changed = await work.annotations.catch_up()
    return Outcome(changed, f"annotated {_many(changed, 'memory', 'memories')}")


async def _unannotated(work: Work) -> Outcome:
    waiting = await work.annotations.waiting()
    return Outcome(waiting, f"would look at {_many(waiting, 'memory', 'memories')}")


def _many(number: int, noun: str, plural: str | None = None) -> str:
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


JOBS: dict[str, Job] = {
    "counters": Job(
        "Writes down what was read and who was active.", Every(30), _counters, _waiting_counters, quiet=True
    ),
    "sessions": Job("Ends sessions that nobody works in any more.", Every(300), _sessions, _idle_sessions),
    "annotations": Job(
        "Gives categories and summaries to memories that were added.", Every(600), _annotations, _unannotated,
        quiet=True,
    ),
    "decay": Job(
        "Moves what has faded to the temporal layer.", Nightly(time(3, 30)), _decay, _decay_preview, left=_decay_left
    ),
    "audit": Job("Lets go of audit entries older than audit.keep_days.", Nightly(time(4, 30)), _audit, _old_audit),
}
"""Every job by its name. A job that comes later is one more row."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A job as `lmem jobs list` shows it."""

    name: str
    job: Job
    last: Run | None
    due: datetime | None
    running: bool


class Jobs:
    """Runs JOBS when they are due, and when asked."""

    def __init__(self, storage: Storage, work: Work) -> None:
        self._storage = storage
        self._work = work
        self._clock = work.clock
        self._due: dict[str, datetime] = {}
        self._last: dict[str, Run] = {}
        self._running: set[str] = set()

    async def serve(self) -> None:
        """Run each job when it is due, until cancelled."""
        try:
            first = await self._first()
        except LmemError as err:
            log.error("no job will run: %s", err.message)
            return
        await asyncio.sleep(START_DELAY)
        scheduler = await asyncio.to_thread(_scheduler)
        scheduler.start()
        try:
            for name, cause in first:
                self._plan(scheduler, name, cause, self._due[name])
            await asyncio.get_running_loop().create_future()
        finally:
            scheduler.shutdown(wait=False)

    async def run(self, name: str, cause: str = "user") -> Run:
        """Run a job now. Raises NotFound, Conflict when it runs already, or the error that it failed with."""
        job = _known(name)
        if name in self._running:
            raise Conflict(f"The job '{name}' is running already.", hint="See 'lmem jobs list'.")
        self._running.add(name)
        started, failure = times.to_text(self._clock.now()), None
        try:
            outcome = await job.run(self._work)
        except LmemError as err:
            failure, outcome = err, Outcome(0, err.message)
        except Exception as err:
            log.exception("the job %s failed", name)
            failure = Internal(f"The job {name} failed inside the daemon: {type(err).__name__}.")
            outcome = Outcome(0, failure.message)
        finally:
            self._running.discard(name)
        state, ended = "failed" if failure else "done", times.to_text(self._clock.now())
        done = Run(name, cause, state, outcome.changed, outcome.change_set, outcome.message, started, ended)
        self._last[name] = done
        if failure or cause == "user" or (not job.quiet and (outcome.changed or isinstance(job.schedule, Nightly))):
            await self._record(done)
        if failure and cause == "user":
            raise failure
        return done

    async def preview(self, name: str) -> Run:
        """What a run would do now; changes nothing, and is no run. Raises NotFound."""
        now = times.to_text(self._clock.now())
        outcome = await _known(name).preview(self._work)
        return Run(name, "user", "done", outcome.changed, None, outcome.message, now, now)

    async def listed(self) -> list[Listed]:
        """Every job with its last run and when it is due."""
        seen = await self._storage.read(lambda tx: tx.jobs.seen())
        return [
            Listed(
                name, job, self._last.get(name) or (seen[name][1] if name in seen else None), self._due.get(name),
                name in self._running,
            )
            for name, job in JOBS.items()
        ]  # fmt: skip

    async def history(self, name: str | None, limit: int) -> list[Run]:
        """Recorded runs, the newest first. Raises NotFound."""
        if name is not None:
            _known(name)
        return await self._storage.read(lambda tx: tx.jobs.runs(name, limit))

    async def _first(self) -> list[tuple[str, str]]:
        """Each job with the cause of its first run after a start, when it is due: a missed night is made up soon."""
        now = self._clock.now()
        at = times.to_text(now)
        await self._work.decay.begin(self._work.user_id)
        seen = await self._storage.read(lambda tx: tx.jobs.seen())
        if JOBS.keys() - seen.keys():
            await self._storage.write(lambda tx: tx.jobs.register(list(JOBS), at))
        found = []
        for name, job in JOBS.items():
            since, last = seen.get(name, (at, None))
            after = last.started_at if last is not None and last.state == "done" else since
            late = missed(job.schedule, times.from_text(after), now)
            late = late or (job.left is not None and await job.left(self._work))
            self._due[name] = now + MADE_UP_AFTER if late else next_due(job.schedule, now)
            found.append((name, "missed" if late else "schedule"))
        return found

    def _plan(self, scheduler: AsyncIOScheduler, name: str, cause: str, due: datetime) -> None:
        self._due[name] = due
        real = datetime.now(UTC) + (due - self._clock.now())
        scheduler.add_job(
            self._fire, "date", run_date=real, args=(scheduler, name, cause), id=name, replace_existing=True,
            misfire_grace_time=None, max_instances=2,  # the run that plans the next one still counts as one
        )  # fmt: skip

    async def _fire(self, scheduler: AsyncIOScheduler, name: str, cause: str) -> None:
        try:
            done = await self.run(name, cause)
            if done.state == "failed":
                log.warning("the job %s failed: %s", name, done.message)
        except Conflict:
            log.info("the job %s is passed over: a user runs it", name)
        finally:
            self._plan(scheduler, name, "schedule", next_due(JOBS[name].schedule, self._clock.now()))

    async def _record(self, run: Run) -> None:
        kept = replace(run, message=run.message[:500])
        try:
            await self._storage.write(lambda tx: tx.jobs.add(kept))
        except LmemError as err:
            log.warning("a run of %s is not recorded: %s", run.job, err.message)


def _known(name: str) -> Job:
    found = JOBS.get(name)
    if found is None:
        raise NotFound(f"There is no job '{name[:60]}'.", hint=f"Jobs are: {', '.join(JOBS)}.")
    return found


def _scheduler() -> AsyncIOScheduler:
    """An idle scheduler. Its own log speaks of every run: only what goes wrong is wanted."""
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    return AsyncIOScheduler(timezone=UTC)
