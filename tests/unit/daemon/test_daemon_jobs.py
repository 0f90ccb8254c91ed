"""The runner of jobs: due, missed, failed, asked for; on the real scheduler with a clock that is set."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import time, timedelta
from pathlib import Path

import pytest

from lmem.daemon import jobs as module
from lmem.daemon.jobs import Jobs
from lmem.daemon.upkeep import JOBS, Job, Outcome, Work
from lmem.domain.jobs import Every, Nightly, Schedule
from lmem.errors import Conflict, Internal, NotFound, StorageFull
from lmem.service.activity import Activity
from lmem.service.annotations import Annotations
from lmem.service.audit import Audit
from lmem.service.categories import Categories
from lmem.service.decay import Decay
from lmem.service.endings import Endings
from tests.unit.service.service_kit import Kit, drive


def work_of(kit: Kit) -> Work:
    storage, clock, wake, settings = kit.storage, kit.clock, kit.relay.wake, kit.settings.of
    activity, categories = Activity(storage, clock, b"key"), Categories(storage, kit.indexes, kit.vectors)
    return Work(
        clock=clock,
        activity=activity,
        endings=Endings(storage, clock, wake, lambda: None, lambda: 12),
        decay=Decay(storage, clock, wake, settings),
        audit=Audit(storage, clock, activity, settings),
        annotations=Annotations(storage, clock, categories, kit.actor, settings, wake, activity.quiet_for),
        user_id=kit.actor.user_id,
        storage=storage,
    )


OWN = ("counters", "sessions", "decay", "audit")
"""The jobs whose outcome is known here; the others have tests with their services."""


def counting(name: str, schedule: Schedule, fails: Exception | None = None) -> tuple[dict[str, Job], list[str]]:
    """A table with one job that notes its runs."""
    ran: list[str] = []

    async def run(work: Work) -> Outcome:
        ran.append(name)
        if fails is not None:
            raise fails
        return Outcome(1, "did it")

    async def preview(work: Work) -> Outcome:
        return Outcome(1, "would do it")

    return {name: Job("Counts.", schedule, run, preview)}, ran


async def until(condition: Callable[[], bool], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def serving(kit: Kit, scenario: Callable[[Jobs], Awaitable[None]]) -> Awaitable[None]:
    async def run() -> None:
        jobs = Jobs(kit.storage, work_of(kit))
        task = asyncio.create_task(jobs.serve())
        try:
            await scenario(jobs)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await asyncio.sleep(0)  # the scheduler ends in the loop's next round

    return run()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "START_DELAY", 0.0)
    monkeypatch.setattr(module, "MADE_UP_AFTER", timedelta(0))


def test_a_missed_night_is_made_up_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table, ran = counting("nightly", Nightly(time(3, 30)))
    monkeypatch.setattr(module, "JOBS", table)

    async def scenario(kit: Kit) -> None:
        async def nothing_is_due(jobs: Jobs) -> None:
            await until(lambda: jobs._due != {})
            await asyncio.sleep(0.1)

        async def made_up(jobs: Jobs) -> None:
            await until(lambda: bool(jobs._last))
            await until(lambda: jobs._due["nightly"] > kit.clock.now())

        await serving(kit, nothing_is_due)  # the first start of all has missed nothing
        assert ran == []
        kit.clock.move(days=30)
        await serving(kit, made_up)
        assert ran == ["nightly"]
        await serving(kit, nothing_is_due)
        assert ran == ["nightly"]
        runs = await Jobs(kit.storage, work_of(kit)).history("nightly", 10)
        assert [(run.cause, run.state, run.changed) for run in runs] == [("missed", "done", 1)]

    drive(tmp_path, scenario)


def test_an_interval_runs_again_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table, ran = counting("often", Every(0))
    monkeypatch.setattr(module, "JOBS", table)

    async def scenario(kit: Kit) -> None:
        await serving(kit, lambda jobs: until(lambda: len(ran) >= 3))
        runs = await Jobs(kit.storage, work_of(kit)).history("often", 10)
        assert len(runs) >= 2 and runs[0].cause == "schedule"  # the third was begun after the second was recorded

    drive(tmp_path, scenario)


@pytest.mark.parametrize(
    ("failure", "seen", "says"),
    [(StorageFull(), StorageFull, "The disk is full"), (KeyError("x"), Internal, "failed inside the daemon: KeyError")],
)
def test_a_failure_is_recorded_and_told_and_comes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    failure: Exception, seen: type[Exception], says: str,
) -> None:  # fmt: skip
    table, ran = counting("broken", Nightly(time(3, 30)), failure)
    monkeypatch.setattr(module, "JOBS", table)
    caplog.set_level(logging.WARNING)

    async def scenario(kit: Kit) -> None:
        jobs = Jobs(kit.storage, work_of(kit))
        await jobs._first()
        with pytest.raises(seen, match=says):
            await jobs.run("broken")
        kit.clock.move(days=1)
        for count in (2, 3):  # a night that failed counts as missed

            async def made_up(jobs: Jobs, count: int = count) -> None:
                await until(lambda: len(ran) == count and jobs._last != {})

            await serving(kit, made_up)
        runs = await jobs.history(None, 10)
        assert {run.cause for run in runs} == {"user", "missed"}
        assert all(run.state == "failed" and says in run.message for run in runs)

    drive(tmp_path, scenario)
    assert ran == ["broken"] * 3


def test_a_job_that_the_end_of_the_daemon_stops_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    begun = asyncio.Event()

    async def endless(work: Work) -> Outcome:
        begun.set()
        await asyncio.Event().wait()
        return Outcome(0, "never")

    monkeypatch.setattr(module, "JOBS", {"endless": Job("Waits.", Every(0), endless, endless)})
    caplog.set_level(logging.INFO)

    async def scenario(kit: Kit) -> None:
        async def stopped(jobs: Jobs) -> None:
            await begun.wait()

        await serving(kit, stopped)
        await until(lambda: "endless was stopped with the daemon" in caplog.text)
        await asyncio.sleep(0)  # what the scheduler says of it
        assert not [record for record in caplog.records if record.levelno >= logging.WARNING]

    drive(tmp_path, scenario)


def test_a_job_runs_once_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(work: Work) -> Outcome:
        await asyncio.sleep(0.1)
        return Outcome(0, "slept")

    monkeypatch.setattr(module, "JOBS", {"slow": Job("Sleeps.", Every(60), slow, slow)})

    async def scenario(kit: Kit) -> None:
        jobs = Jobs(kit.storage, work_of(kit))
        await jobs._first()
        first = asyncio.create_task(jobs.run("slow"))
        await asyncio.sleep(0.01)
        assert [item.running for item in await jobs.listed()] == [True]
        with pytest.raises(Conflict, match="running already"):
            await jobs.run("slow")
        await first

    drive(tmp_path, scenario)


def test_an_unknown_job_is_an_error_with_the_known_ones(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        jobs = Jobs(kit.storage, work_of(kit))
        for asked in (jobs.run("dekay"), jobs.preview("dekay"), jobs.history("dekay", 1)):
            with pytest.raises(NotFound, match="no job 'dekay'") as error:
                await asked
            assert all(name in error.value.hint for name in JOBS)

    drive(tmp_path, scenario)


def test_the_daemons_own_jobs(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        work = work_of(kit)
        jobs = Jobs(kit.storage, work)
        await jobs._first()
        memory_id = await kit.add("a memory", importance=0.05, layers=("global",))
        work.activity.read(kit.actor, [memory_id])
        kit.clock.move(days=60)
        said = {name: (await jobs.preview(name)).message for name in OWN}
        assert said == {
            "counters": "would write the counters of 1 object", "sessions": "would end 0 idle sessions",
            "decay": "would move 1 memory", "audit": "would let go of 0 entries",
        }  # fmt: skip
        assert await jobs.history(None, 10) == []
        done = {name: await jobs.run(name) for name in OWN}
        assert {name: run.changed for name, run in done.items()} == {
            "counters": 1, "sessions": 0, "decay": 1, "audit": 0
        }  # fmt: skip
        assert (await kit.memories.get(kit.actor, memory_id)).memory.access_count == 1
        assert done["decay"].change_set is not None
        assert {run.job for run in await jobs.history(None, 10)} == set(OWN)
        assert await jobs.history("decay", 10) == [done["decay"]]
        assert {item.name for item in await jobs.listed() if item.last == done.get(item.name, 0)} == set(OWN)

    drive(tmp_path, scenario)


def test_only_the_newest_runs_of_a_job_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lmem.stores.sqlite.jobs.KEPT_RUNS", 3)

    async def scenario(kit: Kit) -> None:
        jobs = Jobs(kit.storage, work_of(kit))
        await jobs._first()
        for _ in range(5):
            await jobs.run("sessions")
            kit.clock.move(hours=1)
        await jobs.run("decay")
        assert [run.job for run in await jobs.history(None, 10)] == ["decay", "sessions", "sessions", "sessions"]

    drive(tmp_path, scenario)
