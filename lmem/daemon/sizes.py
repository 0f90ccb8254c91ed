"""SIZES: how large each store is, in allocated bytes where a disk is meant.

Not the state of the stores (lmem.daemon.health).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from lmem.daemon.services import Services
from lmem.errors import StoreUnavailable
from lmem.ports.vectors import MEMORIES

Size = dict[str, object]


async def _sqlite(services: Services) -> Size:
    facts = await services.storage.facts()
    return {"bytes": facts["bytes"], "free_bytes": facts["free_bytes"]}


async def _vectors(services: Services) -> Size:
    try:
        points = await services.vectors.count(services.indexes.serving(), MEMORIES)
        generations = await services.generations.sizes()
    except StoreUnavailable as err:
        return {"bytes": None, "reason": err.message}
    return {"bytes": sum(generations.values()), "points": points, "generations": len(generations)}


async def _cache(services: Services) -> Size:
    store = services.caches.store
    size = await store.size() if store is not None else None
    if store is None or size is None:
        return {"bytes": None}
    return {"bytes": size[1], "entries": size[0], "most_bytes": (await store.facts()).most_bytes}


async def _graph(services: Services) -> Size:
    """Without a server it is the tables of SQLite; Neo4j tells no bytes."""
    if services.graph_server is None:
        return {"bytes": 0, "kept_by": "sqlite"}
    try:
        nodes, edges = await services.graph_server.server.copy.size()
    except StoreUnavailable as err:
        return {"bytes": None, "reason": err.message}
    return {"bytes": None, "kept_by": "neo4j", "nodes": nodes, "edges": edges}


SIZES: dict[str, Callable[[Services], Awaitable[Size]]] = {
    "sqlite": _sqlite, "vectors": _vectors, "graph": _graph, "cache": _cache,
}  # fmt: skip
"""Every store by its name. One that comes later is one more row."""


async def sizes(services: Services) -> dict[str, Size]:
    """The size of each store; None for the bytes of one that does not answer."""
    return {name: await measure(services) for name, measure in SIZES.items()}
