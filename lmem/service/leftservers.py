"""Servers that were left with a copy of the memories: noticed at a start, named until they are said to be empty.

Not the change of a setting: whatever changed an address, the file, the environment or 'lmem config', the next start of
the daemon sees it. Nothing is asked of a server here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from shlex import quote

from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.domain.leftservers import KnownServer
from lmem.errors import Forbidden, InvalidInput, NotFound
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service.emptying import emptying
from lmem.service.recording import require_active


class LeftServers:
    """What the truth remembers of servers. One is left when the daemon starts without it."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock

    async def started(self, in_use: Sequence[KnownServer]) -> None:
        """The daemon starts with these servers: those that it used before and that are not among them are left now.

        One that it comes back to is in use again: what it still holds is built anew there, and purges reach it.
        """
        now = times.to_text(self._clock.now())
        used = {server.key for server in in_use}

        def work(tx: UnitOfWork) -> None:
            before = tx.servers.all()
            rest = [replace(item, left_at=item.left_at or now) for item in before if item.key not in used]
            after = [item for item in rest if item.holds(now)] + list(in_use)
            if after != before:
                tx.servers.keep(after)

        await self._storage.write(work)

    async def left(self) -> list[KnownServer]:
        """Those that may still hold a copy which nobody removes, in the order in which they were left."""
        return await self._storage.read(self._left)

    async def moving(self) -> list[KnownServer]:
        """Copies on a server in use, under a prefix of before, that lmem has yet to sweep."""
        return await self._storage.read(_taken_over)

    async def emptied(self, actor: Actor, url: str) -> list[KnownServer]:
        """A person says that nothing of lmem is left at an address, in any spelling, alone or as `KnownServer.exact`;
        answers what is no longer named for it.

        Raises Forbidden for others than the user's own terminal, NotFound for an address that was not left,
        InvalidInput for one at which several copies were.
        """
        if actor.shared:
            raise Forbidden("This is said in the user's own terminal only.", hint="Run 'lmem repair --emptied' there.")

        def work(tx: UnitOfWork) -> list[KnownServer]:
            require_active(tx, actor)
            known = tx.servers.all()
            left = self._left(tx)
            gone = [item for item in left if item.is_meant(url)]
            if not gone:
                raise NotFound("No server was left at that address.", hint=f"Left are: {_listed(left) or 'none'}.")
            if len({item.key for item in gone}) > 1:
                raise InvalidInput(
                    "Several copies were left at that address, each to be emptied by itself.",
                    hint=f"Say which of them is empty: {_listed(gone)}.",
                )
            tx.servers.keep([item for item in known if item not in gone])
            at = times.to_text(self._clock.now())
            for item in gone:
                tx.audit.append(actor, "update", "server", item.family, {"emptied": True}, at)
            return gone

        return await self._storage.write(work)

    def _left(self, tx: UnitOfWork) -> list[KnownServer]:
        now = times.to_text(self._clock.now())
        taken = _taken_over(tx)
        return [item for item in tx.servers.all() if item.left_at and item.holds(now) and item not in taken]


def swept(tx: UnitOfWork) -> None:
    """The graph's copy is whole and nothing else of this lmem is in its database: what it took over is left no more."""
    if taken := _taken_over(tx):
        tx.servers.keep([item for item in tx.servers.all() if item not in taken])


def _taken_over(tx: UnitOfWork) -> list[KnownServer]:
    known = tx.servers.all()
    used = [item for item in known if item.left_at is None]
    return [item for item in known if item.left_at and any(server.takes_over(item) for server in used)]


def _listed(servers: Sequence[KnownServer]) -> str:
    return ", ".join(dict.fromkeys(quote(item.exact) for item in servers))


def still_to_do(server: KnownServer) -> str:
    """The next step for a server that was left, as a sentence's rest, with the command that ends it."""
    return f"{emptying(server)}, then say so: lmem repair --emptied {quote(server.exact)}"
