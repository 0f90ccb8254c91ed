"""Servers that hold a copy of the memories, and what becomes of one whose address is set no longer.

Not a connection to any of them: lmem cannot log in to one that it has left.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from lmem.domain import times
from lmem.domain.cachekeys import CACHE_KEYS

FAMILIES = {"qdrant": "Qdrant", "neo4j": "Neo4j", "redis": "Redis"}
"""The first part of the settings that name a server, and what the server is called."""

_EMPTYING = {
    "qdrant": "delete the collections there that begin with '{prefix}'",
    "neo4j": "run there MATCH (n {{prefix: '{prefix}'}}) DETACH DELETE n",
    "redis": "delete the keys there that begin with '{prefix}'",
}
_EXPIRY = {"redis": timedelta(seconds=max(row.ttl for row in CACHE_KEYS.values()))}
"""How long at most a copy outlives its last write by itself."""


@dataclass(frozen=True, slots=True)
class KnownServer:
    """A server by its family, its address without a secret, and the name under which lmem keeps its own there.

    `left_at` is the first start of the daemon without it, None while it is in use. Only Neo4j has a `database`.
    """

    family: str
    url: str
    prefix: str
    database: str = ""
    left_at: str | None = None

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes it another server."""
        return (self.family, self.url, self.prefix, self.database)

    @property
    def name(self) -> str:
        """What people call it."""
        beside = f", database {self.database}" if self.database not in ("", "neo4j") else ""
        return f"{FAMILIES[self.family]} at {self.url}{beside}"

    @property
    def emptying(self) -> str:
        """How a person removes what lmem keeps there, as the rest of a sentence."""
        return _EMPTYING[self.family].format(prefix=self.prefix)

    def holds(self, now: str) -> bool:
        """Whether something may still lie there: what expires by itself is gone in time."""
        if self.left_at is None or self.family not in _EXPIRY:
            return True
        return times.from_text(now) - times.from_text(self.left_at) <= _EXPIRY[self.family]
