"""The graph as a file may hold it: pages of edges with the nodes at their ends, read from the truth.

Not a format (the front ends write those), and not a question to a server: what is copied out is the truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lmem.domain.actors import Actor
from lmem.domain.graph import LABELS, Edge, Node, Sight
from lmem.domain.relations import EDGES, WALKED_BY_DEFAULT
from lmem.errors import InvalidInput
from lmem.ports.storage import Storage, UnitOfWork

LABELLED = tuple(LABELS[kind] for kind in dict.fromkeys(relation.start for relation in EDGES))
"""Labels of nodes that edges start at, in the order of pages."""


@dataclass(frozen=True, slots=True)
class Page:
    """Edges, the nodes at their ends, and where the next page begins; None after the last."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    next: str | None


class GraphExport:
    """Reads the graph page by page."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def page(self, actor: Actor, types: Sequence[str], private: bool, after: str, limit: int) -> Page:
        """The edges of these types (none: WALKED_BY_DEFAULT) that start at the next so many nodes, and their ends.

        Private memories are in it when they are asked for and the reader may see them: a file may be given away.
        Raises InvalidInput for a place that is none.
        """
        label, _, last = after.partition("/")
        if label not in ("", *LABELLED):
            raise InvalidInput(f"'{after[:60]}' is no place in an export.", hint="Give the 'next' of the page before.")
        sight = Sight(actor.user_id, shared=actor.shared or not private)
        wanted = types or WALKED_BY_DEFAULT
        return await self._storage.read(lambda tx: _page(tx, sight, wanted, label or LABELLED[0], last, limit))


def _page(tx: UnitOfWork, sight: Sight, types: Sequence[str], label: str, after: str, limit: int) -> Page:
    starts = tx.graph.starts(sight, label, after, limit)
    edges = tx.graph.leaving(sight, label, starts, types)
    ends: dict[str, dict[str, None]] = {}
    for edge in edges:
        ends.setdefault(edge.start_label, {})[edge.start] = None
        ends.setdefault(edge.end_label, {})[edge.end] = None
    nodes = [node for name, ids in ends.items() for node in tx.graph.nodes(name, list(ids), sight.shared)]
    return Page(tuple(nodes), tuple(edges), _next(label, starts, limit))


def _next(label: str, starts: Sequence[str], limit: int) -> str | None:
    if len(starts) == limit:
        return f"{label}/{starts[-1]}"
    later = LABELLED[LABELLED.index(label) + 1 :]
    return f"{later[0]}/" if later else None
