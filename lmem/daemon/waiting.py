"""What the indexes still have to be told, and what keeps it from them.

Not the relays, which tell them; this looks.
"""

from __future__ import annotations

from dataclasses import dataclass

from lmem.daemon.services import Services
from lmem.domain.nouns import count
from lmem.errors import LmemError, StoreUnavailable
from lmem.ports.storage import UnitOfWork
from lmem.service.cacheprojector import PROJECTION
from lmem.service.generations import PORT


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many rows wait, and what they wait for that may not come by itself; None while the work goes on."""

    rows: int
    trouble: LmemError | None

    def sentence(self, end: str = ".") -> str:
        return f"{count(self.rows, 'row still waits', 'rows still wait')} for the index{end}"

    def error(self) -> StoreUnavailable:
        """For whoever waits no longer."""
        if self.trouble is None:
            return StoreUnavailable(self.sentence(), hint="Look at 'lmem status' again later.")
        return StoreUnavailable(self.sentence(f": {self.trouble.message}"), hint=self.trouble.hint)


async def look(services: Services) -> Waiting:
    """What waits now. A cache that is away is not waited for: it changes no answer."""
    by_projection, unmade = await services.storage.read(lambda tx: (tx.outbox.pending(), _unmade(tx, services)))
    late = by_projection.get(PROJECTION, 0) if services.caches.trouble else 0
    return Waiting(sum(by_projection.values()) - late + unmade, _trouble(services, by_projection))


def _unmade(tx: UnitOfWork, services: Services) -> int:
    """The rows of a first vector index that could not be made yet: it will be told of every memory."""
    return 0 if tx.outbox.projections(PORT) else int(tx.directory.counts(services.user_id)["memories"])


def _trouble(services: Services, by_projection: dict[str, int]) -> LmemError | None:
    indexes, graph = services.indexes, services.graph_server
    if services.relay.trouble is not None:
        return services.relay.trouble
    if indexes.reason is not None and not indexes.starting and not services.models.pulling:
        return indexes.reason
    if graph is not None and (graph.projection is None or by_projection.get(graph.projection)):
        return graph.trouble
    return None
