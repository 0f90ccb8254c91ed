"""What readers did, written later: counters in batches, reads and searches into the audit log.

Not on the path of an answer: a search writes nothing while its caller waits.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType

from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.domain.nouns import count
from lmem.domain.secrets import screen
from lmem.domain.sessions import MOST_FILES, MOST_QUERIES, Query, Work
from lmem.errors import LmemError
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import members

AUDIT_DELAY = 1.0
"""Seconds after the first unwritten entry. Counters wait for their job; both are written on stop too."""
TRY_AGAIN = 30.0
"""Seconds after a write that failed."""

COUNTED = 100
"""Memories whose counters are written in one transaction, some 10 ms: an add waits no longer."""

MOST_ENTRIES = 10_000
"""Entries that are kept while the store cannot take them."""

FILTERS = frozenset({
    "all_projects", "archived", "as_of", "category", "layer", "min_importance", "private", "project",
    "recorded_as_of", "session", "since", "tag", "type", "until",
})  # fmt: skip
"""Names of what a list can be filtered by; a client may send any other, so only these are kept."""

ALL = "*"
"""The id of a read that names no object: a list, an export."""

MOST_OF_QUERY = 500
"""Characters of a question that its session remembers."""

log = logging.getLogger(__name__)
_Entry = tuple[Actor, str, str, str, Mapping[str, object], str]


class Activity:
    """A buffer of reads. Call its methods from the event loop only."""

    def __init__(self, storage: Storage, clock: Clock, query_key: bytes) -> None:
        self._storage = storage
        self._clock = clock
        self._query_key = query_key
        self._entries: list[_Entry] = []
        self._reads: Counter[str] = Counter()
        self._users: set[str] = set()
        self._projects: set[str] = set()
        self._windows: dict[str, tuple[str, ...]] = {}
        self._sessions: dict[str, Work] = {}
        self._last = float("-inf")
        self._timer: asyncio.TimerHandle | None = None
        self._flushing: set[asyncio.Task[None]] = set()
        self._writing = asyncio.Lock()

    def read(self, actor: Actor, ids: Sequence[str]) -> None:
        """Memories were shown one by one."""
        for memory_id in ids:
            self.noted(actor, "read", "memory", memory_id)
        self._count(ids)

    def searched(self, actor: Actor, query: str, ids: Sequence[str]) -> None:
        """A search answered with these memories; the log keeps a keyed hash of the question, never its text."""
        self.asked(actor, "memory", query, len(ids))
        self._count(ids)
        if actor.session_id is not None:
            self.worked(actor.session_id, query=Query(screen(query).text[:MOST_OF_QUERY], actor.client))

    def asked(self, actor: Actor, kind: str, query: str, shown: int) -> None:
        """Objects of a kind were asked for by a text, of which the log keeps a keyed hash."""
        digest = hmac.new(self._query_key, query.encode(errors="replace"), hashlib.sha256).hexdigest()[:32]
        self.noted(actor, "search", kind, digest, {"results": shown})

    def listed(self, actor: Actor, kind: str, fields: Sequence[str], shown: int) -> None:
        """Objects of a kind were listed; `fields` names what the list was filtered by, never its values."""
        self.noted(actor, "list", kind, ALL, {"fields": sorted(FILTERS.intersection(fields)), "results": shown})

    def exported(self, actor: Actor, shown: int) -> None:
        """A page of memories left as records."""
        self.noted(actor, "export", "memory", ALL, {"results": shown})

    def briefed(self, actor: Actor, session_id: str | None, project_id: str | None, ids: Sequence[str]) -> None:
        """A brief was given; these memories are the session's context window now, in this order.

        They were not asked for, so they are not counted as read: a brief that is made each morning would keep what it
        shows from ever fading.
        """
        kind, place = ("session", session_id) if session_id else ("project", project_id or ALL)
        self.noted(actor, "context", kind, place or ALL, {"results": len(ids)})
        if session_id:
            self._windows[session_id] = tuple(ids)

    def noted(
        self, actor: Actor, action: str, kind: str, object_id: str, details: Mapping[str, object] = MappingProxyType({})
    ) -> None:
        """Any other read. `details` hold ids, names of fields and counts, never text."""
        self._entries.append((actor, action, kind, object_id, details, times.to_text(self._clock.now())))
        self._later(AUDIT_DELAY)

    async def flush(self) -> None:
        """Write everything that waits. What the store cannot take stays, and the log says so."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        await self.flush_entries()
        await self.flush_counters()

    async def flush_entries(self) -> None:
        """Write the entries of the audit log that wait, those included that are just being written."""
        async with self._writing:
            await self._write_waiting()

    def in_project(self, project_id: str) -> None:
        """Something was done in a project, whatever it was."""
        self._projects.add(project_id)

    def worked(self, session_id: str, query: Query | None = None, file: str | None = None) -> None:
        """Something was done in a session: a question was asked, a file was named, or whatever it was."""
        done = self._sessions.get(session_id, Work())
        queries = (*done.queries, *((query,) if query else ()))[-MOST_QUERIES:]
        self._sessions[session_id] = Work(queries, (*done.files, *((file,) if file else ()))[-MOST_FILES:])

    def forget_work(self) -> None:
        """Let go of the questions and files that wait to be written, before a purge removes those that were."""
        self._sessions = dict.fromkeys(self._sessions, Work())

    def seen(self, actor: Actor) -> None:
        """The user did something, whatever it was."""
        self._last = time.monotonic()
        self._users.add(actor.user_id)
        if actor.session_id is not None:
            self.worked(actor.session_id)

    def quiet_for(self) -> float:
        """Seconds since somebody did something."""
        return time.monotonic() - self._last

    def _count(self, ids: Sequence[str]) -> None:
        self._reads.update(ids)

    def _later(self, delay: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(delay, self._start)

    def _start(self) -> None:
        self._timer = None
        task = asyncio.ensure_future(self.flush_entries())
        self._flushing.add(task)  # the loop keeps only weak references
        task.add_done_callback(self._flushing.discard)

    async def _write_waiting(self) -> None:
        entries, self._entries = self._entries, []
        windows, self._windows = self._windows, {}
        if not entries:
            return

        def work(tx: UnitOfWork) -> None:
            for entry in entries:
                tx.audit.append(*entry)
            for session_id, ids in windows.items():
                tx.members.show(session_id, ids)

        try:
            await self._storage.write(work)
        except LmemError as err:  # a full disk, most likely: they wait for space, and the oldest make room
            log.warning("%s not in the audit log yet: %s", count(len(entries), "read is", "reads are"), err.message)
            self._entries = [*entries, *self._entries][-MOST_ENTRIES:]
            self._windows = windows | self._windows
            self._later(TRY_AGAIN)

    async def flush_counters(self) -> int:
        """Write the counters that wait: reads, and who and what was active. Answers for how many objects."""
        reads, users, projects, sessions = self._reads, self._users, self._projects, self._sessions
        self._reads, self._users, self._projects, self._sessions = Counter(), set(), set(), {}
        now = times.to_text(self._clock.now())

        def write(tx: UnitOfWork) -> None:
            for user_id in users:
                tx.directory.seen(user_id, now)
            for project_id in projects:
                tx.projects.accessed(project_id, now)
            for session_id, work in sessions.items():
                members.remember(tx, session_id, work, now)

        waiting = len(reads) + len(users) + len(projects) + len(sessions)
        if not waiting:
            return 0
        try:
            await self._storage.write(write)
        except LmemError as err:
            log.warning("reads are not counted yet: %s", err.message)
            self._reads.update(reads)
            self._users |= users
            self._projects |= projects
            self._sessions = sessions | self._sessions
            return 0
        return waiting - await self._write_reads(list(reads.items()), now)

    async def _write_reads(self, left: list[tuple[str, int]], now: str) -> int:
        """Write the counters of memories, some at a time; answers how many could not be written and wait again.

        So do those that a cancelled flush had not come to: they are written as the daemon closes.
        """
        try:
            while left:
                part = dict(left[:COUNTED])
                del left[:COUNTED]
                try:
                    await self._storage.write(partial(_touch, reads=part, at=now))
                except LmemError as err:
                    log.warning("reads are not counted yet: %s", err.message)
                    left += part.items()
                    return len(left)
        finally:
            self._reads.update(dict(left))
        return 0

    def waiting_counters(self) -> int:
        """For how many objects counters wait to be written."""
        return len(self._reads) + len(self._users) + len(self._projects) + len(self._sessions)


def _touch(tx: UnitOfWork, reads: Mapping[str, int], at: str) -> None:
    tx.memories.touch(reads, at)
