"""A user's last searches, for `lmem search --history`: kept in the cache for a day, and nowhere else.

Not the audit log, which never has a question's text (lmem.service.audit).
"""

from __future__ import annotations

from dataclasses import dataclass

from lmem.domain import cachekeys, times
from lmem.domain.actors import Actor
from lmem.domain.secrets import screen
from lmem.ports.clock import Clock
from lmem.service import cachejson
from lmem.service.caches import Caches

MOST = 50
"""Searches that are kept."""

LONGEST = 500
"""Characters of a question that are kept."""


@dataclass(frozen=True, slots=True)
class Searched:
    """A search: its question without credentials, when, through which client, and how much it found."""

    query: str
    at: str
    client: str
    results: int


class Searches:
    """Notes searches and tells of them. `terminal` is the client that is the user's own: others are not told of it."""

    def __init__(self, caches: Caches, clock: Clock, terminal: str) -> None:
        self._caches = caches
        self._clock = clock
        self._terminal = terminal

    async def note(self, actor: Actor, query: str, results: int) -> None:
        """A search was answered."""
        row = [screen(query[:LONGEST]).text, times.to_text(self._clock.now()), actor.client, results]
        await self._caches.push(cachekeys.history(actor.user_id), cachejson.packed(row).decode(), MOST)

    async def last(self, actor: Actor, limit: int) -> list[Searched]:
        """The last searches, the newest first; to others than the user none of the user's own."""
        rows = await self._caches.get(cachekeys.history(actor.user_id))
        items = rows if isinstance(rows, tuple) else ()
        found = [cachejson.unpacked(item.encode(), _searched) for item in items]
        seen = [item for item in found if item and (not actor.shared or item.client != self._terminal)]
        return seen[:limit]


def _searched(found: object) -> Searched:
    if not isinstance(found, list):
        raise TypeError
    query, at, client, results = found
    return Searched(str(query), str(at), str(client), int(results))
