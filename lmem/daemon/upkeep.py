"""The table of JOBS: what the daemon does by itself, and when.

Not the runner (lmem.daemon.jobs), nor what a job does: that is a service's.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import time

from lmem._version import __version__
from lmem.domain.actors import Actor
from lmem.domain.jobs import Every, Nightly, Schedule
from lmem.domain.nouns import count
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage
from lmem.service.activity import Activity
from lmem.service.annotations import Annotations
from lmem.service.audit import Audit
from lmem.service.decay import Decay
from lmem.service.endings import Endings


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
    storage: Storage

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
    return Outcome(written, f"wrote the counters of {count(written, 'object')}")


async def _waiting_counters(work: Work) -> Outcome:
    waiting = work.activity.waiting_counters()
    return Outcome(waiting, f"would write the counters of {count(waiting, 'object')}")


async def _sessions(work: Work) -> Outcome:
    ended = await work.endings.close_idle(work.clock.now())
    return Outcome(len(ended), f"ended {count(len(ended), 'idle session')}")


async def _idle_sessions(work: Work) -> Outcome:
    idle = await work.endings.idle(work.clock.now())
    return Outcome(len(idle), f"would end {count(len(idle), 'idle session')}")


async def _decay(work: Work) -> Outcome:
    done = await work.decay.run(work.actor)
    if not done.enabled:
        return Outcome(0, "decay is switched off")
    return Outcome(done.moved, f"moved {count(done.moved, 'memory', 'memories')}", done.change_set)


async def _decay_preview(work: Work) -> Outcome:
    found = await work.decay.preview(work.actor)
    if not found.enabled:
        return Outcome(0, "decay is switched off")
    return Outcome(found.moved, f"would move {count(found.moved, 'memory', 'memories')}")


async def _decay_left(work: Work) -> bool:
    return await work.decay.unfinished(work.user_id)


async def _audit(work: Work) -> Outcome:
    gone = await work.audit.retain(work.actor)
    return Outcome(gone, f"let go of {count(gone, 'entry', 'entries')}")


async def _old_audit(work: Work) -> Outcome:
    old = await work.audit.old()
    return Outcome(old, f"would let go of {count(old, 'entry', 'entries')}")


async def _annotations(work: Work) -> Outcome:
    changed = await work.annotations.catch_up()
    return Outcome(changed, f"annotated {count(changed, 'memory', 'memories')}")


async def _unannotated(work: Work) -> Outcome:
    waiting = await work.annotations.waiting()
    return Outcome(waiting, f"would look at {count(waiting, 'memory', 'memories')}")


async def _compact(work: Work) -> Outcome:
    gained = await work.storage.compact()
    return Outcome(gained // 1024, f"gave {gained // 1024:,} KB of the database's file back")


async def _compactable(work: Work) -> Outcome:
    facts = await work.storage.facts()
    free = int(str(facts["free_bytes"])) // 1024
    return Outcome(free, f"{free:,} KB of the database's file are free")


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
    "compact": Job(
        "Writes the database's file anew when an eighth of it is free.", Nightly(time(5, 0)), _compact, _compactable
    ),
    "audit": Job("Lets go of audit entries older than audit.keep_days.", Nightly(time(4, 30)), _audit, _old_audit),
}
"""Every job by its name. A job that comes later is one more row."""
