"""What waits for the projections, and the projections themselves.

Not the relay (lmem.service.projection).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

TOLD = "told"
"""The setting of a projection that says how far its outbox was given what the truth holds: the key of a memory."""


@dataclass(frozen=True, slots=True)
class Pending:
    """One outbox row: an object of some kind that a projection has not confirmed at this revision."""

    projection: str
    kind: str
    object_id: str
    op: str
    seq: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Parked:
    """A row that failed by itself and blocks nothing."""

    projection: str
    kind: str
    object_id: str
    attempts: int
    error: str


@dataclass(frozen=True, slots=True)
class Projection:
    """One generation of one index. `settings` are fixed for its life (average length, version of the recipe), but for
    TOLD, which is there only until its outbox has had everything that the truth holds."""

    id: str
    port: str
    engine: str
    generation: str
    instance_id: str | None
    state: str
    fingerprint: str | None
    settings: Mapping[str, float]

    @property
    def is_copy(self) -> bool:
        """Whether it began as a copy of another one, of which so many points were optimised, not from the truth."""
        return self.settings.get("optimised", 0) > 0

    @property
    def is_untold(self) -> bool:
        """Whether its outbox has still to be given what the truth holds, or the rest of it."""
        return TOLD in self.settings

    def told(self) -> Projection:
        """The same, once its outbox has had everything."""
        return replace(self, settings={name: value for name, value in self.settings.items() if name != TOLD})
