"""How a person removes what lmem keeps on a server: its own names there exactly, and nobody else's.

Not the removing: lmem cannot log in to a server that it has left. Beside it may live another lmem, whose prefix begins
with the same letters.
"""

from __future__ import annotations

from lmem.domain.cachekeys import CACHE_KEYS
from lmem.domain.leftservers import KnownServer
from lmem.ports.vectors import COLLECTIONS

_HEADS = sorted({f"{pattern.partition(':')[0]}:" for pattern in CACHE_KEYS})


def emptying(server: KnownServer) -> str:
    """The steps on this server, as the rest of a sentence."""
    prefix = server.prefix
    if server.family == "qdrant":
        made = " and ".join(f"'{prefix}{name}-gen-N'" for name in COLLECTIONS)
        return f"delete there the collection '{prefix}lmem' and all that are called {made} with digits alone for N"
    if server.family == "redis":
        heads = f"{', '.join(_HEADS[:-1])} or {_HEADS[-1]}"
        return (
            f"delete there the key '{prefix}instance' and those that begin with '{prefix}' and then {heads}, unless "
            "another lmem's prefix begins so (they expire within a day by themselves)"
        )
    name = prefix.replace("\\", "\\\\").replace("'", "\\'")
    return f"run there MATCH (n {{prefix: '{name}'}}) DETACH DELETE n"
