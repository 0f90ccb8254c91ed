"""Reading the audit log, verifying its chain, letting old entries go.

Not the writing: each service logs its own changes in their transaction, lmem.service.activity the reads.
"""

from __future__ import annotations

from datetime import timedelta

from lmem.config import InForce
from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.domain.audit import Entry, Link, Mark, Verdict, Wanted, before, follow
from lmem.errors import Forbidden
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service.activity import Activity

SLICE = 5000
"""Entries in one snapshot or transaction: some 50 ms."""


class Audit:
    """The log of who did what. Entries that `activity` still holds are written before anything is answered."""

    def __init__(self, storage: Storage, clock: Clock, activity: Activity, config: InForce) -> None:
        self._storage = storage
        self._clock = clock
        self._activity = activity
        self._config = config

    async def page(self, actor: Actor, wanted: Wanted, limit: int, offset: int) -> list[Entry]:
        """Entries, the newest first. Raises Forbidden for all but the user's own terminal: they name private ids."""
        if actor.shared:
            raise Forbidden(
                "The audit log is shown in the user's own terminal only.", hint="Run 'lmem audit list' there."
            )
        await self._activity.flush_entries()
        return await self._storage.read(lambda tx: tx.audit.page(wanted, limit, offset))

    async def verify(self) -> Verdict:
        """Walk the whole chain, from its newest anchor to its head."""
        await self._activity.flush_entries()
        at = await self._storage.read(lambda tx: tx.audit.anchor())
        start, checked = at.seq, 0
        while True:
            head, at, links = await self._next(at)
            at, held, problem = follow(at, links)
            checked += held
            if problem is not None and links[held].seq == at.seq + 1 and (place := await self._place(links[held])):
                then = f"entry {place.seq}" if place.seq else "nothing"
                problem = f"Entry {at.seq + 1} is as it was written, but out of its place: that was after {then}."
            if problem is None and not links:
                problem = _end(at, head)
                if problem is None:
                    return Verdict(checked, start, at.seq)
            if problem is not None:
                return Verdict(checked, start, head.seq if head else 0, at.seq + 1, problem)

    async def _place(self, link: Link) -> Mark | None:
        """What an entry that does not follow the one before it was written after, if that is still there."""
        marks = [await self._storage.read(lambda tx: tx.audit.anchor())]
        while marks:
            if (found := before(link, marks)) is not None:
                return found
            _, _, links = await self._next(marks[-1])
            marks = [Mark(item.seq, item.hash) for item in links]
        return None

    async def old(self) -> int:
        """How many entries `retain` would let go."""
        await self._activity.flush_entries()

        def work(tx: UnitOfWork) -> int:
            last, first = self._last(tx), tx.audit.links(0, 1)
            return last - first[0].seq + 1 if last is not None and first else 0

        return await self._storage.read(work)

    async def retain(self, actor: Actor) -> int:
        """Let entries older than audit.keep_days go, leaving an anchor; answers how many went."""
        await self._activity.flush_entries()
        at = times.to_text(self._clock.now())

        def anchor(tx: UnitOfWork) -> int | None:
            last = self._last(tx)
            if last is not None and last > tx.audit.anchor().seq:
                tx.audit.add_anchor(last, "older than audit.keep_days", at)
            return last

        last = await self._storage.write(anchor)
        if last is None:
            return 0
        gone = 0
        while (count := await self._storage.write(lambda tx: tx.audit.cut(last, SLICE))) > 0:
            gone += count
        await self._storage.write(lambda tx: tx.audit.append(actor, "retain", "audit", str(last), {"gone": gone}, at))
        return gone

    def _last(self, tx: UnitOfWork) -> int | None:
        """The last entry that is older than it has to be kept; None when there is none, or all are kept."""
        days = self._config(None).number("audit.keep_days")
        return tx.audit.last_before(times.to_text(self._clock.now() - timedelta(days=days))) if days else None

    async def _next(self, at: Mark) -> tuple[Mark | None, Mark, list[Link]]:
        """The head, and the entries after a place, or after the anchor that retention has put beyond it meanwhile."""

        def work(tx: UnitOfWork) -> tuple[Mark | None, Mark, list[Link]]:
            anchor = tx.audit.anchor()
            start = anchor if anchor.seq > at.seq else at
            return tx.audit.head(), start, tx.audit.links(start.seq, SLICE)

        return await self._storage.read(work)


def _end(at: Mark, head: Mark | None) -> str | None:
    """What is wrong with the end of a walk that came to the last entry."""
    if head is None:
        return "The record of the last entry is gone."
    if at.seq < head.seq:
        return f"Missing at the end: {at.seq + 1}{f' to {head.seq}' if head.seq > at.seq + 1 else ''}."
    if at.seq > head.seq:
        return f"After entry {head.seq} somebody else has added some."
    return None if at.hash == head.hash else f"Entry {at.seq} was changed."
