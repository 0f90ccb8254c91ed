"""Cypher of the user's own, read-only: `lmem graph cypher`.

Not bounded by the prefix, which no query can be in general: it may look at whatever the database holds, and has the
prefix as $prefix to bound itself. It is run in a transaction that the server holds to reading, and only after the
server has called it a query that reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lmem.errors import InvalidInput
from lmem.ports.graph import Table
from lmem.stores.neo4j.door import Door, Transaction
from lmem.stores.neo4j.values import back, text

READS = "r"
"""What the server calls a query that only reads; others are 'w', 'rw' and 's' (schema, users, settings)."""

REFUSED = frozenset({"LoadCSV", "TerminateTransactions"})
"""Steps of a plan that count as reading, and yet reach files and networks or end what others do."""

_PLAIN = (str, int, float, bool)
_HINT = "Change memories with lmem's own commands; the graph follows."


class Neo4jQueries:
    """Implements lmem.ports.graph.GraphQueries."""

    def __init__(self, door: Door, prefix: str) -> None:
        self._door = door
        self._given = {"prefix": prefix}

    async def ask(self, query: str, limit: int) -> Table:
        async def work(tx: Transaction) -> Table:
            kind, operators = await tx.explain(query, self._given)
            if kind != READS:
                raise InvalidInput("Only a query that reads is answered.", hint=_HINT)
            if operators & REFUSED:
                raise InvalidInput("A query that loads files or ends others' transactions is not run.", hint=_HINT)
            columns, rows = await tx.table(query, limit + 1, self._given)
            shown = tuple(tuple(plain(value) for value in row) for row in rows[:limit])
            return Table(tuple(columns), shown, len(rows) > limit)

        return await self._door.read(work, blame=False)


def plain(value: Any) -> Any:
    """A value of the driver as JSON has it; a node and a relationship tell what they are."""
    if value is None or isinstance(value, _PLAIN):
        return value
    if hasattr(value, "relationships"):  # a path, which is iterable too
        return [plain(part) for node, edge in _steps(value) for part in (node, edge) if part is not None]
    if hasattr(value, "labels"):
        return {"labels": sorted(value.labels), **_properties(value)}
    if hasattr(value, "start_node"):
        ends = {"start": _id(value.start_node), "end": _id(value.end_node)}
        return {"type": value.type, **ends, **_properties(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "iso_format") and not hasattr(value, "to_native"):  # a duration, which is a tuple too
        return value.iso_format()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    found = text(value)
    if isinstance(found, _PLAIN):
        return found
    return found.hex() if isinstance(found, bytes | bytearray) else str(found)


def _properties(entity: Any) -> dict[str, object]:
    return {name: plain(value) for name, value in sorted(back(dict(entity.items())).items())}


def _id(node: Any) -> object:
    return node.get("id", node.element_id)


def _steps(path: Any) -> list[tuple[Any, Any]]:
    return list(zip(path.nodes, (*path.relationships, None), strict=True))
