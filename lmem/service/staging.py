"""Where the requests of open transactions wait: whose they are, how many may wait, for how long.

Not their application (lmem.service.transactions). Nothing here is on disk: a restart of the daemon forgets it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from lmem.domain.actors import Actor
from lmem.domain.scope import Scope
from lmem.errors import Conflict, InvalidInput, NotFound
from lmem.ports.storage import UnitOfWork
from lmem.service.changesets import Together
from lmem.service.drafts import Added
from lmem.service.edits import Edited
from lmem.service.lifecycle import Changed

IDLE_S = 600.0
"""Seconds without a request after which a transaction is rolled back, by the monotonic clock."""
MOST_OPEN = 4
"""Transactions of one process."""
MOST_ITEMS = 10_000
"""Memories that one transaction may name: its commit holds the writer for 0.4 ms each (measured)."""
MOST_BYTES = 32_000_000
"""Of text that waits in the daemon's memory, for one transaction."""
TOGETHER = 2
"""How many times as much all open transactions may hold together."""

Done = Added | Edited | Changed
Apply = Callable[[UnitOfWork, Actor, Scope, Together], Done]


@dataclass(frozen=True, slots=True)
class Staged:
    """One request that waits: what it does, where its caller has it ('Line 7'), and whether it may make a project."""

    apply: Apply
    place: str
    makes_project: bool = False


@dataclass(slots=True)
class Waiting:
    """What is staged under an id, and by whom; `ids` are those of memories that it will add.

    `refused` counts requests that were not valid: all or nothing, so it can only be rolled back.
    """

    owner: tuple[str, str]
    timer: asyncio.TimerHandle
    staged: list[Staged] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    items: int = 0
    size: int = 0
    refused: int = 0


class Staging:
    """The open transactions. Each belongs to the process that began it; no other can see that it is there."""

    def __init__(self) -> None:
        self._open: dict[str, Waiting] = {}

    def begin(self, actor: Actor) -> str:
        """The id of a new transaction. Raises Conflict when too many are open."""
        if sum(item.owner == _owner(actor) for item in self._open.values()) >= MOST_OPEN:
            raise Conflict(
                f"{MOST_OPEN} transactions are open already, as many as one process may have.",
                hint=f"Commit one or roll it back; one that is idle is rolled back after {IDLE_S / 60:.0f} minutes.",
            )
        made = secrets.token_hex(16)
        self._open[made] = Waiting(_owner(actor), self._timer(made))
        return made

    def find(self, actor: Actor, number: str) -> Waiting:
        """An open transaction; its time begins anew. Raises NotFound."""
        found = self._open.get(number)
        if found is None or found.owner != _owner(actor):
            raise NotFound(
                f"There is no transaction '{number[:32]}'.",
                hint="It is over, was idle for too long, or the daemon was restarted: nothing of it is stored.",
            )
        found.timer.cancel()
        found.timer = self._timer(number)
        return found

    def take(self, actor: Actor, number: str, items: int, size: int) -> Waiting:
        """As `find`, with room for so many memories and bytes of text. Raises InvalidInput when there is none."""
        found = self.find(actor, number)
        if found.items + items > MOST_ITEMS or found.size + size > MOST_BYTES:
            raise InvalidInput(
                f"A transaction takes at most {MOST_ITEMS:,} memories and {MOST_BYTES // 1_000_000} MB of text.",
                hint="Split it, or add the lines without --atomic.",
            )
        others = [item for item in self._open.values() if item is not found]
        held = sum(item.items for item in others) + found.items, sum(item.size for item in others) + found.size
        if held[0] + items > TOGETHER * MOST_ITEMS or held[1] + size > TOGETHER * MOST_BYTES:
            raise Conflict(
                "Other open transactions leave no room for this one.",
                hint=f"Try again when they are over; an idle one ends after {IDLE_S / 60:.0f} minutes.",
            )
        found.items, found.size = found.items + items, found.size + size
        return found

    def end(self, actor: Actor, number: str) -> Waiting:
        """As `find`, and it is open no more."""
        found = self.find(actor, number)
        found.timer.cancel()
        return self._open.pop(number)

    def _timer(self, number: str) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(IDLE_S, self._open.pop, number, None)


def _owner(actor: Actor) -> tuple[str, str]:
    return actor.user_id, f"{actor.address} {actor.agent}"
