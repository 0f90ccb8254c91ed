"""The stores beside the truth: verify what they hold, repair what differs (specification 5.4).

Not a second way to write: a repair is rows of the outbox, which the relays apply as they do every change. The truth
itself is checked, never repaired.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Protocol

from lmem.domain.actors import Actor
from lmem.domain.consistency import Compared, Issue, Object, Report, compare
from lmem.domain.nouns import count
from lmem.domain.times import to_text
from lmem.errors import StoreUnavailable
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import names

SETTLING = 0.3
"""Seconds before a difference is looked at again: a change may have come between the two looks."""
STEP = 0.05
PATIENCE = 300.0
"""Seconds that a repair waits for the relays to apply it."""

Progress = Callable[[str, int, int], None]
"""Told (store, parts done, parts in all)."""


class StoreCheck(Protocol):
    """One store to compare. `kinds` are the outbox kinds whose objects it holds."""

    name: str
    kinds: tuple[str, ...]

    async def projection(self) -> str:
        """The id of the projection that serves. Raises StoreUnavailable when none does."""
        ...

    async def parts(self) -> list[tuple[str, str]]:
        """Ranges [low, high) of ids that together hold everything."""
        ...

    async def truth(self, low: str, high: str) -> dict[Object, str]:
        """Digests of what the store has to hold."""
        ...

    async def held(self, low: str, high: str) -> dict[Object, str]:
        """Digests of what it holds. Raises StoreUnavailable."""
        ...

    async def one(self, memory_id: str) -> tuple[dict[Object, str], dict[Object, str]]:
        """Both sides of one memory. Raises StoreUnavailable."""
        ...

    async def left(self, ids: Sequence[str]) -> int | None:
        """How many of these memories it still holds, in whatever generation; None when it never held any memory.

        Raises StoreUnavailable.
        """
        ...

    def late(self, waiting: Set[Object]) -> Callable[[Object], bool]:
        """Which differences the rows account for that still wait in the outbox, by kind and id."""
        ...

    def to_repair(self, issues: Sequence[Issue]) -> list[tuple[str, str, str]]:
        """Rows (kind, id, op) for the outbox that make these right."""
        ...


@dataclass(frozen=True, slots=True)
class Synced:
    """What one store says of a memory: 'agrees', 'absent' (as it should be), or why not."""

    store: str
    state: str
    reason: str | None = None


class Consistency:
    """Verify and repair. `wake` tells the relays that there is work."""

    def __init__(
        self, storage: Storage, clock: Clock, checks: Sequence[StoreCheck], wake: Callable[[], None]
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._checks: Mapping[str, StoreCheck] = {check.name: check for check in checks}
        self._wake = wake

    @property
    def checks(self) -> tuple[StoreCheck, ...]:
        """The stores beside the truth."""
        return tuple(self._checks.values())

    @property
    def stores(self) -> tuple[str, ...]:
        """The names of what is verified, the truth first."""
        return ("sqlite", *self._checks)

    async def verify(
        self, actor: Actor, stores: Sequence[str] = (), on_progress: Progress = lambda store, done, total: None
    ) -> list[Report]:
        """Compare each store (all unless some are named) with the truth; changes nothing.

        Objects that wait in the outbox are left out: they are late, not wrong. A store that cannot be asked says so in
        its report. Raises StorageFull when there is no room for the copy in which the truth is checked.
        """
        found = []
        for name in stores or self.stores:
            found.append(await (self._truth() if name == "sqlite" else self._verify(self._checks[name], on_progress)))
        checked = {item.store: item.checked for item in found}
        await self._storage.write(
            lambda tx: tx.audit.append(actor, "verify", "store", "all", checked, to_text(self._clock.now()))
        )
        return found

    async def repair(
        self, actor: Actor, stores: Sequence[str] = (), dry_run: bool = False,
        on_progress: Progress = lambda store, done, total: None,
    ) -> list[Report]:  # fmt: skip
        """Make the stores agree: what differs and what is parked goes through the outbox again, and is waited for.

        Answers what was found; verify again to see what is left. Raises StoreUnavailable when it took too long.
        """
        reports = await self.verify(actor, [name for name in stores or self.stores if name != "sqlite"], on_progress)
        if dry_run:
            return reports
        repaired = []
        for report in reports:
            if report.unavailable is None and (report.issues or report.parked):
                repaired.append(await self._enqueue(actor, report))
        self._wake()
        for projection, total in repaired:
            await self._applied(projection, total, on_progress)
        return reports

    async def sync(self, actor: Actor, memory_id: str) -> tuple[str, list[Synced]]:
        """Bring one memory to every store now; its id and what each store then says. Raises NotFound, AmbiguousId."""

        def work(tx: UnitOfWork) -> str:
            memory = names.memory(tx, actor, memory_id)
            tx.outbox.enqueue("memory", memory.id, memory.rev, "upsert")
            tx.audit.append(actor, "sync", "memory", memory.id, {}, to_text(self._clock.now()))
            return memory.id

        found = await self._storage.write(work)
        self._wake()
        return found, [await self._synced(check, found) for check in self._checks.values()]

    async def agrees(self, check: StoreCheck) -> bool:
        """Whether a projection that is about to serve agrees with the truth; what differs goes through the outbox."""
        report = await self._verify(check, lambda store, done, total: None)
        if report.unavailable is None and report.issues:
            projection = await check.projection()
            rows = check.to_repair(report.issues)
            await self._storage.write(lambda tx: tx.consistency.try_again(projection, rows), large=True)
        return report.unavailable is None and not report.issues

    async def _synced(self, check: StoreCheck, memory_id: str) -> Synced:
        try:
            await self._applied(await check.projection(), 1, lambda store, done, total: None)
            truth, held = await check.one(memory_id)
        except StoreUnavailable as err:
            return Synced(check.name, "unavailable", err.message)
        issues = compare(truth, held).issues
        if issues:
            many = count(len(issues), "object differs", "objects differ")
            return Synced(check.name, issues[0].state, f"{many}; 'lmem verify' says more.")
        return Synced(check.name, "agrees" if held else "absent")

    async def _verify(self, check: StoreCheck, on_progress: Progress) -> Report:
        report = Report(check.name)
        try:
            projection = await check.projection()
            parts = await check.parts()
            for number, (low, high) in enumerate(parts):
                on_progress(check.name, number, len(parts))
                report = await self._part(check, projection, report, low, high)
            parked = await self._storage.read(lambda tx: tx.consistency.parked(projection))
        except StoreUnavailable as err:
            return replace(report, unavailable=err.message, hint=err.hint)
        on_progress(check.name, len(parts), len(parts))
        return replace(report, parked=len(parked))

    async def _part(self, check: StoreCheck, projection: str, report: Report, low: str, high: str) -> Report:
        compared, checked, waiting = await self._look(check, projection, low, high)
        if compared.issues:
            await asyncio.sleep(SETTLING)
            again, checked, waiting = await self._look(check, projection, low, high)
            both = set(compared.issues).intersection(again.issues)
            compared = again._replace(issues=[issue for issue in again.issues if issue in both])
        return replace(
            report,
            checked=report.checked + checked,
            issues=(*report.issues, *compared.issues),
            waiting=report.waiting + waiting,
            buckets=report.buckets + compared.buckets,
            differing=report.differing + compared.differing,
        )

    async def _look(self, check: StoreCheck, projection: str, low: str, high: str) -> tuple[Compared, int, int]:
        """One comparison of a part; how many objects, and how many of them wait."""
        truth = await check.truth(low, high)

        def work(tx: UnitOfWork) -> set[Object]:
            table = tx.consistency
            return {Object(kind, id) for kind in check.kinds for id in table.waiting(projection, kind, low, high)}

        waiting = await self._storage.read(work)
        held = await check.held(low, high)
        waiting |= await self._storage.read(work)
        return compare(truth, held, check.late(waiting)), len(truth.keys() | held.keys()), len(waiting)

    async def _truth(self) -> Report:
        problems = await self._storage.check()
        objects = await self._storage.read(lambda tx: tx.consistency.objects())
        return Report("sqlite", checked=objects, problems=tuple(problems))

    async def _enqueue(self, actor: Actor, report: Report) -> tuple[str, int]:
        check = self._checks[report.store]
        projection = await check.projection()

        def work(tx: UnitOfWork) -> int:
            rows = check.to_repair(report.issues)
            for kind, id, _ in tx.consistency.parked(projection):
                rows.append((kind, id, "upsert" if tx.consistency.revision(kind, id) is not None else "delete"))
            details = {"issues": len(report.issues), "parked": report.parked}
            tx.audit.append(actor, "repair", "store", report.store, details, to_text(self._clock.now()))
            return tx.consistency.try_again(projection, list(dict.fromkeys(rows)))

        return projection, await self._storage.write(work, large=True)

    async def _applied(self, projection: str, total: int, on_progress: Progress) -> None:
        """Wait until a projection's outbox is empty but for parked rows. Raises StoreUnavailable after PATIENCE."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while waiting := (await self._storage.read(lambda tx: tx.outbox.pending())).get(projection, 0):
            on_progress(projection, max(0, total - waiting), total)
            if asyncio.get_running_loop().time() > deadline:
                raise StoreUnavailable(
                    f"{count(waiting, 'object still waits', 'objects still wait')} for {projection}.",
                    hint="Look at 'lmem status', then verify again.",
                )
            await asyncio.sleep(STEP)
