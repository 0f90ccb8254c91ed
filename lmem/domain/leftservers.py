"""Servers that hold a copy of the memories, and what becomes of one whose address is set no longer.

Not a connection to any of them: lmem cannot log in to one that it has left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from lmem.domain import times
from lmem.domain.cachekeys import CACHE_KEYS

FAMILIES = {"qdrant": "Qdrant", "neo4j": "Neo4j", "redis": "Redis"}
"""The first part of the settings that name a server, and what the server is called."""

_PORTS = {"qdrant": 6333, "neo4j": 7687, "redis": 6379}
"""Where a server listens whose address names no port, whatever its scheme."""
_SCHEMES = {
    "http": "qdrant", "https": "qdrant", "bolt": "neo4j", "neo4j": "neo4j", "redis": "redis", "rediss": "redis",
    "unix": "redis",
}  # fmt: skip
"""Whose server an address is."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_DATABASE = "neo4j"
"""The usual database of Neo4j, which a server without another one has."""

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
    def place(self) -> tuple[str, ...]:
        """Where it is, however its address is written: the scheme says only how it is spoken to."""
        return _place(self.family, self.url)

    @property
    def key(self) -> tuple[tuple[str, ...], str, str]:
        """What makes it another server, or another copy on it."""
        database = (self.database.lower() or _DATABASE) if self.family == "neo4j" else ""
        return (self.place, self.prefix, database)

    @property
    def name(self) -> str:
        """What people call it."""
        beside = f", database {self.database}" if self.database not in ("", _DATABASE) else ""
        return f"{FAMILIES[self.family]} at {self.url}{beside}"

    @property
    def left_on(self) -> str:
        """The day on which it was left; empty while it is in use."""
        return (self.left_at or "")[:10]

    @property
    def exact(self) -> str:
        """The address with what else tells this copy from others there: '#' and the prefix, before it Neo4j's database.
        No address that a store takes has a '#'."""
        database = f"/{self.database or _DATABASE}" if self.family == "neo4j" else ""
        return f"{self.url.rstrip('/')}{database}#{self.prefix}"

    def is_meant(self, text: str) -> bool:
        """Whether an address, in any spelling, means this one: with more behind it, as in `exact`, or alone."""
        url, beside, prefix = text.lstrip().partition("#")
        scheme, _, rest = url.strip().partition("://")
        if _SCHEMES.get(scheme.lower().removesuffix("+s"), self.family) != self.family:
            return False
        database = ""
        if self.family == "neo4j":
            rest, _, database = rest.rstrip("/").partition("/")
        named = replace(
            self, url=f"{scheme}://{rest}", prefix=prefix if beside else self.prefix, database=database or self.database
        )
        return named.key == self.key

    def takes_over(self, other: KnownServer) -> bool:
        """Whether lmem removes another copy by itself while it uses this one: in one database of Neo4j it knows what it
        kept under another prefix, and sweeps that once the copy under this one is whole."""
        (place, prefix, database), (other_place, other_prefix, other_database) = self.key, other.key
        same = (place, database) == (other_place, other_database)
        return self.family == "neo4j" and same and prefix != other_prefix

    def holds(self, now: str) -> bool:
        """Whether something may still lie there: what expires by itself is gone in time."""
        if self.left_at is None or self.family not in _EXPIRY:
            return True
        return times.from_text(now) - times.from_text(self.left_at) <= _EXPIRY[self.family]


def _place(family: str, url: str) -> tuple[str, ...]:
    """Family, host and port, and what of the server it is: the path, or the number of Redis' database."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "localhost", parts.port or _PORTS[family]
    except ValueError:  # it is no address: nothing is there, and it is like itself alone
        return (family, url)
    numbers = [*parse_qs(parts.query).get("db", ()), *([] if parts.scheme == "unix" else [parts.path.strip("/")]), "0"]
    number = next(filter(None, numbers))
    if parts.scheme == "unix":
        return (family, parts.path, number)
    last = (number.lstrip("0") or "0") if family == "redis" else parts.path.strip("/")
    return (family, "localhost" if host in _LOOPBACK else host, str(port), last)
