"""What readers did, written later: access counts in batches, reads and searches into the audit log.

Not on the path of an answer: a search writes nothing while its caller waits.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections import Counter
from collections.abc import Mapping, Sequence

from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork

AUDIT_DELAY = 1.0
COUNTER_DELAY = 30.0
"""Seconds after the first unwritten entry; both are written on stop too."""

_Entry = tuple[Actor, str, str, str, Mapping[str, object], str]


class Activity:
    """A buffer of reads. Call its methods from the event loop only."""

    def __init__(self, storage: Storage, clock: Clock, query_key: bytes) -> None:
        self._storage = storage
        self._clock = clock
        self._query_key = query_key
        self._entries: list[_Entry] = []
        self._reads: Counter[str] = Counter()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._flushing: set[asyncio.Task[None]] = set()

    def read(self, actor: Actor, ids: Sequence[str]) -> None:
        """Memories were shown one by one."""
        for memory_id in ids:
            self._note(actor, "read", "memory", memory_id, {})
        self._count(ids)

    def searched(self, actor: Actor, query: str, ids: Sequence[str]) -> None:
        """A search answered with these memories; the log keeps a keyed hash of the question, never its text."""
        digest = hmac.new(self._query_key, query.encode(errors="replace"), hashlib.sha256).hexdigest()[:32]
        self._note(actor, "search", "memory", digest, {"results": len(ids)})
        self._count(ids)

    async def flush(self) -> None:
        """Write everything that waits."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        await self._write_entries()
        await self._write_counters()

    def _note(self, actor: Actor, action: str, kind: str, object_id: str, details: Mapping[str, object]) -> None:
        self._entries.append((actor, action, kind, object_id, details, times.to_text(self._clock.now())))
        self._later("audit", AUDIT_DELAY)

    def _count(self, ids: Sequence[str]) -> None:
        self._reads.update(ids)
        if ids:
            self._later("counters", COUNTER_DELAY)

    def _later(self, what: str, delay: float) -> None:
        if what not in self._timers:
            self._timers[what] = asyncio.get_running_loop().call_later(delay, self._start, what)

    def _start(self, what: str) -> None:
        self._timers.pop(what, None)
        task = asyncio.ensure_future(self._write_entries() if what == "audit" else self._write_counters())
        self._flushing.add(task)  # the loop keeps only weak references
        task.add_done_callback(self._flushing.discard)

    async def _write_entries(self) -> None:
        entries, self._entries = self._entries, []
        if entries:

            def work(tx: UnitOfWork) -> None:
                for entry in entries:
                    tx.audit.append(*entry)

            await self._storage.write(work)

    async def _write_counters(self) -> None:
        reads, self._reads = self._reads, Counter()
        if reads:
            now = times.to_text(self._clock.now())
            await self._storage.write(lambda tx: tx.memories.touch(reads, now))
