"""The daemon's upkeep: the runner that starts each of the JOBS when it is due.

Not the table of them (lmem.daemon.upkeep), nor what a job does: that is a service's. It is one of the three doors
where any exception is recorded. Times are the daemon's clock (LMEM_NOW), waits the machine's. APScheduler is imported
some seconds after the start, in a thread: it costs as much as everything else of the daemon together.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from lmem.daemon.upkeep import JOBS, Job, Outcome, Work
from lmem.domain import times
from lmem.domain.jobs import Nightly, Run, missed, next_due
from lmem.errors import Conflict, Internal, LmemError, NotFound
from lmem.ports.storage import Storage

if TYPE_CHECKING:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

START_DELAY = 10.0
"""Seconds after the daemon's start: whoever started it is served first."""
MADE_UP_AFTER = timedelta(minutes=2)
"""How long after that a missed night is made up, once, however many nights it was."""

log = logging.getLogger(__name__)


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
        except asyncio.CancelledError:  # by the scheduler's end; it would log that as an error
            log.info("the job %s was stopped with the daemon: what it had not come to is left for the next run", name)
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
