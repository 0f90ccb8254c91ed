"""What a copy holds, page by page in the order of ids, as digests: for a comparison with the truth.

Not all of it at once: a page begins in an index where the last one ended.
"""

from __future__ import annotations

from lmem.domain.graph import LABELS
from lmem.domain.graphdigest import digest
from lmem.domain.relations import USER
from lmem.ports.graph import Held
from lmem.stores.neo4j import shapes
from lmem.stores.neo4j.door import Row, Transaction
from lmem.stores.neo4j.values import back

FEW = 20_000
"""Edges of a type that are sorted for each page: to look for ten by their starts reads all of 300,000 memories."""


async def page(tx: Transaction, prefix: str, kind: str, after: str, limit: int) -> list[Held]:
    """Objects of one label or type, from a place on, without it."""
    if kind not in shapes.TYPES:
        rows = await tx.rows(shapes.page_of_nodes(kind), {"prefix": prefix, "after": after, "limit": limit})
        return [Held(kind, id, digest(back(values))) for id, values in rows]
    start, end, key = after.split("/", 2) if after else ("", "", "")
    given: dict[str, object] = {"prefix": prefix, "start": start, "end": end, "key": key, "limit": limit}
    ((count,),) = await tx.rows(shapes.count_of_type(kind), {})
    if not count:
        return []
    if count > FEW and shapes.TYPES[kind][0] == LABELS[USER]:
        rows = await _of_users(tx, kind, given, limit)
    else:
        rows = await tx.rows(shapes.page_of_edges(kind, count <= FEW), given)
    return [Held(kind, id, digest(back(values, edge=True))) for id, values in rows]


async def _of_users(tx: Transaction, kind: str, given: dict[str, object], limit: int) -> list[Row]:
    found: list[Row] = []
    for (user,) in await tx.rows(shapes.USERS, given):
        place = given if user == given["start"] else {**given, "end": "", "key": ""}
        query = shapes.page_of_a_users_edges(kind)
        found += await tx.rows(query, {**place, "start": user, "limit": limit - len(found)})
        if len(found) == limit:
            break
    return found
