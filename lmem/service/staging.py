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
from lmem.service.lifecycle import Changed
from lmem.service.memories import Added, Edited

IDLE_S = 600.0
"""Seconds without a request after which a transaction is rolled back, by the monotonic clock."""
MOST_OPEN = 4
MOST_ITEMS = 20_000
"""Memories that one transaction may name: its commit holds the writer for their time."""
MOST_BYTES = 32_000_000
"""Of text that waits in the daemon's memory, for one transaction."""

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

    def take(self, items: int, size: int) -> None:
        """Make room for so many memories and bytes of text. Raises InvalidInput when there is none."""
        if self.items + items > MOST_ITEMS or self.size + size > MOST_BYTES:
            raise InvalidInput(
                f"A transaction takes at most {MOST_ITEMS:,} memories and {MOST_BYTES // 1_000_000} MB of text.",
                hint="Split it, or add the lines without --atomic.",
            )
        self.items, self.size = self.items + items, self.size + size


class Staging:
    """The open transactions. Each belongs to the process that began it; no other can see that it is there."""

    def __init__(self) -> None:
        self._open: dict[str, Waiting] = {}

    def begin(self, actor: Actor) -> str:
        """The id of a new transaction. Raises Conflict when too many are open."""
        if len(self._open) >= MOST_OPEN:
            raise Conflict(
                f"{MOST_OPEN} transactions are open already.",
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

    def end(self, actor: Actor, number: str) -> Waiting:
        """As `find`, and it is open no more."""
        found = self.find(actor, number)
        found.timer.cancel()
        return self._open.pop(number)

    def _timer(self, number: str) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(IDLE_S, self._open.pop, number, None)


def _owner(actor: Actor) -> tuple[str, str]:
    return actor.user_id, f"{actor.address} {actor.agent}"
