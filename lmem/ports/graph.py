"""What a service may ask of the graph: the questions of specification section 3, and the keeping of a server's copy.

Not the truth: SQLite answers every question from its own tables, and a server's copy can always be rebuilt from it.
Archived memories are in no answer and in no copy; private ones are in no copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from lmem.domain.graph import Edge, Neighbour, Node, Path, Sight, Wanted


class Graph(Protocol):
    """Answers questions. Types are edges' names as 'RELATES_TO'; none means WALKED_BY_DEFAULT of
    lmem.domain.relations, which leaves out what makes neighbours of everything. Every order is total, by id at last.

    Ids that are not in the graph have no neighbours and no path. Raises StoreDown when a server does not answer.
    """

    async def neighbours(
        self, sight: Sight, label: str, node_id: str, types: Sequence[str], depth: int, limit: int
    ) -> list[Neighbour]:
        """Nodes within `depth` edges in either direction, nearest first, then by label and id; not the start itself."""
        ...

    async def path(
        self, sight: Sight, start: tuple[str, str], end: tuple[str, str], types: Sequence[str], longest: int
    ) -> Path | None:
        """A shortest way between two (label, id) along edges in either direction, of at most `longest` edges.

        Of several the one whose sequence of node ids is the least; of several edges between two nodes the least Hop.
        From a node to itself the way has one node and no edge.
        """
        ...

    async def edges(self, sight: Sight, types: Sequence[str], after: str, limit: int) -> list[Edge]:
        """Edges between memories in the order of (start, type, end), for communities and export; none means MADE of
        lmem.domain.relations. `after` is 'start/type/end' of the last edge that was had, '' at first."""
        ...

    async def projects_of_pattern(self, sight: Sight, pattern_id: str, failed: bool) -> list[tuple[str, str]]:
        """(id, name) of the projects that a pattern was used in with success, or `failed` in; by name."""
        ...

    async def patterns_of_project(self, sight: Sight, project_id: str, failed: bool) -> list[tuple[str, str]]:
        """(id, name) of the patterns that a project used with success, or `failed` with; by name."""
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """What a copy holds of one object: a node's (label, id), or an edge's (type, 'start/end/key'), and a digest of its
    properties that lmem.domain.graphdigest makes, so that a difference is found without moving text."""

    kind: str
    id: str
    digest: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A copy as it was found. `id` is its own, another one after it was wiped or swapped; `generation` the highest that
    was ever written to it, `schema` the number of its last migration."""

    id: str
    generation: int
    schema: int


class GraphCopy(Protocol):
    """A server's copy of the graph, under a prefix that no other truth may write to. Raises StoreDown when the server
    does not answer."""

    async def open(self, owner: str) -> Opened:
        """Bring constraints and indexes up to date and claim the prefix, which ends every earlier opening.

        Raises Conflict when the prefix belongs to another owner or the database to a newer lmem.
        """
        ...

    async def check(self) -> None:
        """Raise IndexLost when it is not any more what was opened."""
        ...

    async def apply(self, wanted: Wanted, generation: int) -> None:
        """Make the copy hold what is wanted: nodes, all edges at them, nothing of what is gone.

        An older revision never overwrites a newer one of the same generation. Durable when this returns; applying it
        again changes nothing. Raises InvalidInput for a value that has no form there, IndexLost as `check` does.
        """
        ...

    async def sweep(self, generation: int) -> int:
        """Remove what was last applied before this generation; answers how many nodes and edges that were."""
        ...

    async def held(self, after: tuple[str, str] | None, limit: int) -> list[Held]:
        """Objects in the order of (kind, id), from a place on."""
        ...

    async def remove(self, held: Sequence[Held]) -> None:
        """Remove objects, as those that the truth does not know."""
        ...

    async def size(self, generation: int = 0) -> tuple[int, int]:
        """How many nodes and edges it holds that were last applied in this generation or a later one."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Table:
    """What a query of the user's own answers: its columns, the first rows, and whether there are more."""

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    more: bool


class GraphQueries(Protocol):
    """Queries in a server's own language, which only read, and see the whole database: $prefix is this lmem's."""

    async def ask(self, query: str, limit: int) -> Table:
        """The first rows of a query, as JSON has them. Raises InvalidInput for one that writes, reads files or is not
        understood; StoreDown when the server does not answer."""
        ...


class GraphTable(Protocol):
    """The graph in the truth, inside a unit of work."""

    def wanted(self, kind: str, ids: Sequence[str]) -> Wanted:
        """What a server's copy has to hold for these objects of one outbox kind."""
        ...

    def page(self, kind: str, after: str, limit: int) -> list[str]:
        """Ids of objects of an outbox kind that a server's copy holds, in order: for a rebuild and for verify."""
        ...

    def nodes(self, label: str, ids: Sequence[str], shared: bool = True) -> list[Node]:
        """Nodes with the properties of specification 3.1 to 3.4, in no order; with `shared` without private ones."""
        ...

    def names(self, sight: Sight, spots: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """The names of those (label, id) that a reader may see: the last word on every server's answer."""
        ...

    def starts(self, sight: Sight, label: str, after: str, limit: int) -> list[str]:
        """Ids of a reader's nodes with this label, in order, from a place on."""
        ...

    def leaving(self, sight: Sight, label: str, ids: Sequence[str], types: Sequence[str]) -> list[Edge]:
        """Edges of these types from these nodes to what the reader may see, in the order of (start, type, end, key)."""
        ...

    def any_private(self, user_id: str) -> bool:
        """Whether a user has private memories that are not archived: no server's graph knows of those."""
        ...
