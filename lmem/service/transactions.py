"""Staged transactions: requests that wait under an id and are applied all at once, or not at all (specification 5.4).

The unit of work is the coordinator: a commit is one SQLite transaction and one change set. Until then nothing is
written, so a rollback, a time limit and the end of the daemon all leave the truth as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from lmem.config import InForce
from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.domain.memories import Draft
from lmem.domain.scope import Scope
from lmem.errors import Conflict, LmemError
from lmem.ids import new_id
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import names, recording
from lmem.service.changesets import Together
from lmem.service.drafts import Added
from lmem.service.edits import Edited
from lmem.service.lifecycle import Changed, Lifecycle
from lmem.service.memories import Memories
from lmem.service.staging import Apply, Done, Staged, Staging

KIND = "transaction"

Enter = Callable[[UnitOfWork], Scope]


@dataclass(frozen=True, slots=True)
class Committed:
    """What each request did, in the order of staging; the change set, None when nothing changed; the scope."""

    done: tuple[Done, ...]
    change_set: int | None
    scope: Scope


class Transactions:
    """Begin, stage, commit, roll back. `wake` tells the relays that there is work."""

    def __init__(
        self, storage: Storage, clock: Clock, memories: Memories, lifecycle: Lifecycle, wake: Callable[[], None]
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._memories = memories
        self._lifecycle = lifecycle
        self._wake = wake
        self._staging = Staging()

    async def begin(self, actor: Actor) -> str:
        """The id of a new transaction. Raises Conflict when too many are open, Forbidden for an inactive user."""
        await self._storage.read(lambda tx: recording.require_active(tx, actor), brief=True)
        return self._staging.begin(actor)

    def stage_adds(
        self, actor: Actor, number: str, drafts: Sequence[tuple[str, Draft]], create_names: bool, config: InForce
    ) -> list[str]:
        """Let drafts wait, each with its place; answers their ids. Raises NotFound, InvalidInput for too much.

        With `create_names` the projects and sessions that they name are made at the commit, as by a bulk add.
        """
        named = [(place, replace(draft, id=draft.id or new_id())) for place, draft in drafts]
        size = sum(len(f"{draft.title}{draft.content}".encode()) for _, draft in named)
        found = self._staging.take(actor, number, len(named), size)
        for place, draft in named:
            found.staged.append(Staged(self._adding(draft, create_names, config), place, draft.project is None))
        ids = [str(draft.id) for _, draft in named]
        found.ids.update(ids)
        return ids

    async def stage_edit(
        self, actor: Actor, number: str, memory_id: str, changes: Mapping[str, object], reason: str | None,
        rev: int | None, kept_secrets: Sequence[str],
    ) -> None:  # fmt: skip
        """Let an edit wait. Raises NotFound, also for a memory that is neither stored nor staged, InvalidInput."""
        await self._known(actor, number, [memory_id])
        found = self._staging.take(actor, number, 1, len(str(changes).encode()))

        def apply(tx: UnitOfWork, actor: Actor, scope: Scope, together: Together) -> Edited:
            return self._memories.alter(tx, actor, memory_id, changes, reason, rev, kept_secrets, together)

        found.staged.append(Staged(apply, f"Request {len(found.staged) + 1}"))

    async def stage_archive(
        self, actor: Actor, number: str, ids: Sequence[str], archived: bool, reason: str | None
    ) -> None:
        """Let a forget wait, or a restore when not `archived`. Raises as `stage_edit`."""
        await self._known(actor, number, ids)
        found = self._staging.take(actor, number, len(ids), 0)

        def apply(tx: UnitOfWork, actor: Actor, scope: Scope, together: Together) -> Changed:
            return self._lifecycle.archive(tx, actor, ids, archived, reason, together)

        found.staged.append(Staged(apply, f"Request {len(found.staged) + 1}"))

    def refuse(self, actor: Actor, number: str, requests: int = 1) -> None:
        """Requests of a transaction were not valid, so it cannot be committed. Raises NotFound."""
        self._staging.find(actor, number).refused += requests

    def waiting(self, actor: Actor, number: str) -> int:
        """How many requests wait in a transaction. Raises NotFound."""
        return len(self._staging.find(actor, number).staged)

    def may_make_project(self, actor: Actor, number: str) -> bool:
        """Whether a request of a transaction wants the project of its caller's place. Raises NotFound."""
        return any(item.makes_project for item in self._staging.find(actor, number).staged)

    async def commit(self, actor: Actor, number: str, reason: str | None, enter: Enter) -> Committed:
        """Apply what is staged in one transaction and one change set; whatever happens, the transaction is over.

        `enter` finds the scope of the caller. An error names the request that it is of, and nothing is stored then.
        Raises NotFound, Conflict when a request was refused on arrival, and what the requests raise.
        """
        found = self._staging.end(actor, number)
        if found.refused:
            raise Conflict(
                f"Requests of this transaction were refused ({found.refused}), so nothing of it is stored.",
                hint="Put them right, then begin another one.",
            )

        def work(tx: UnitOfWork) -> Committed:
            recording.require_active(tx, actor)
            at = times.to_text(self._clock.now())
            together, scope = Together(tx, actor, KIND, reason, at), enter(tx)
            done = tuple(_applied(item, tx, actor, scope, together) for item in found.staged)
            details = {"requests": len(done), "change_set": together.number}
            tx.audit.append(actor, "commit", "transaction", number, details, at)
            return Committed(done, together.number, scope)

        committed = await self._storage.write(work, large=True)
        self._wake()
        return committed

    def rollback(self, actor: Actor, number: str) -> int:
        """Forget what is staged; answers how many requests that were. Raises NotFound."""
        return len(self._staging.end(actor, number).staged)

    def _adding(self, draft: Draft, create_names: bool, config: InForce) -> Apply:
        def apply(tx: UnitOfWork, actor: Actor, scope: Scope, together: Together) -> Added:
            return self._memories.put(tx, actor, draft, scope, create_names, config, together)

        return apply

    async def _known(self, actor: Actor, number: str, ids: Sequence[str]) -> None:
        """Raises NotFound for a memory that is neither stored nor staged here."""
        staged = self._staging.find(actor, number).ids
        strange = [item for item in ids if item not in staged]
        await self._storage.read(lambda tx: [names.memory(tx, actor, item).id for item in strange])


def _applied(item: Staged, tx: UnitOfWork, actor: Actor, scope: Scope, together: Together) -> Done:
    try:
        return item.apply(tx, actor, scope, together)
    except LmemError as err:
        raise type(err)(f"{item.place}: {err.message} Nothing of the transaction is stored.", hint=err.hint) from err
