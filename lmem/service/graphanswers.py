"""Who answers a question about the graph: the server's copy when it knows as much as the truth, else the truth.

Not the questions (lmem.ports.graph.Graph). So an answer is the same whoever gave it: nothing in it is out of date, was
deleted meanwhile, or is missing because it is private.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from lmem.domain.graph import Sight
from lmem.domain.outbox import Projection
from lmem.errors import LmemError, StoreUnavailable
from lmem.ports.graph import Graph
from lmem.ports.storage import Storage, UnitOfWork

TRUTH, SERVER = "sqlite", "neo4j"

T = TypeVar("T")


class Copied(Protocol):
    """What is known of a server's copy, as lmem.daemon.graphserver.GraphServer knows it."""

    @property
    def graph(self) -> Graph: ...
    @property
    def projection(self) -> Projection | None:
        """The projection that is kept up, once the copy has been opened."""
        ...

    @property
    def serves(self) -> bool:
        """Whether the copy holds everything."""
        ...

    @property
    def trouble(self) -> LmemError | None:
        """Why the server is left alone for the moment."""
        ...

    def wake(self) -> None:
        """Look after the copy now."""
        ...


@dataclass(frozen=True, slots=True)
class Answered(Generic[T]):
    """An answer, the engine that gave it, and why the server did not, when it should have."""

    value: T
    served_by: str
    degraded: tuple[StoreUnavailable, ...] = ()


class GraphAnswers:
    """Asks the server where there is one, and the truth."""

    def __init__(self, storage: Storage, truth: Graph, copied: Copied | None) -> None:
        self._storage = storage
        self._truth = truth
        self._copied = copied

    async def ask(self, sight: Sight, question: Callable[[Graph], Awaitable[T]]) -> Answered[T]:
        """The answer to a question that is put to one of them. Raises what the truth raises."""
        copied = self._copied
        if copied is None:
            return Answered(await question(self._truth), TRUTH)
        lost: StoreUnavailable | None = None
        try:
            if await self._knows_all(copied, sight):
                return Answered(await question(copied.graph), SERVER)
        except StoreUnavailable as err:
            copied.wake()
            lost = err
        return Answered(await question(self._truth), TRUTH, (lost,) if lost else ())

    async def _knows_all(self, copied: Copied, sight: Sight) -> bool:
        """Whether the copy would answer as the truth does. Raises StoreUnavailable when it is not there at all."""
        if (trouble := copied.trouble) is not None:
            raise trouble if isinstance(trouble, StoreUnavailable) else StoreUnavailable(trouble.message)
        projection = copied.projection
        if projection is None or not copied.serves:
            raise StoreUnavailable(
                "The graph's copy on the server is being filled.", hint="'lmem status --wait' returns when it is."
            )

        def work(tx: UnitOfWork) -> bool:
            hidden = not sight.shared and tx.graph.any_private(sight.user_id)
            return not hidden and not tx.outbox.is_behind(projection.id)

        return await self._storage.read(work, brief=True)
