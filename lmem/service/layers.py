"""The layers as people ask about them: what each holds, and moving a memory from one to another.

Not the router (lmem.domain.routing says which layers a memory joins and a question reads).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.domain.filters import Filter
from lmem.domain.history import Version
from lmem.domain.layers import LAYERS, Layers
from lmem.domain.memories import Memory
from lmem.domain.scope import Scope
from lmem.errors import InvalidInput
from lmem.ports.clock import Clock
from lmem.ports.layers import Kept
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import names, recording
from lmem.service.memories import Edited


@dataclass(frozen=True, slots=True)
class Holding:
    """What a layer holds: memories with its flag, those of them that are seen from here, those whose first layer it
    is, and those that it alone holds; by type and by project id."""

    layer: str
    memories: int
    here: int
    primary: int
    alone: int
    types: tuple[tuple[str, int], ...]
    projects: tuple[tuple[str | None, int], ...]


class LayerMoves:
    """Counts and moves. `wake` tells the relay that there is work."""

    def __init__(self, storage: Storage, clock: Clock, wake: Callable[[], None]) -> None:
        self._storage = storage
        self._clock = clock
        self._wake = wake

    async def holdings(self, everything: Filter, here: Filter) -> list[Holding]:
        """What each layer holds, in the order of precedence."""
        counted, seen = await self._storage.read(lambda tx: (tx.layers.kept(everything), tx.layers.kept(here)))
        return [_holding(layer, counted, seen) for layer in LAYERS]

    async def move(
        self, actor: Actor, memory_id: str, wanted: Layers, scope: Scope, reason: str | None
    ) -> Edited:  # fmt: skip
        """Give a memory exactly these layers, as one change set; it stays the same row.

        A memory without a project that moves to the project layer joins the scope's project. Raises InvalidInput when
        no layer is named, or when there is no project or session to move into; NotFound, AmbiguousId.
        """
        if not wanted.names:
            raise InvalidInput("No layer was named.", hint=f"Layers are: {', '.join(LAYERS)}.")

        def work(tx: UnitOfWork) -> Edited:
            before = names.memory(tx, actor, memory_id)
            after = _moved(before, wanted, scope)
            if after == before:
                return Edited(before, (), None)
            at, why = times.to_text(self._clock.now()), reason or f"moved to {' and '.join(wanted.names)}"
            change_set = tx.versions.open_change_set("move", why, actor.user_id, at)
            changed = recording.change(tx, actor, before, after, "updated", why, change_set, at)
            return Edited(tx.memories.find(before.id) or after, changed, change_set)

        moved = await self._storage.write(work)
        self._wake()
        return moved


def moves(versions: Sequence[Version]) -> list[Version]:
    """The versions that changed a memory's layers."""
    return [version for version in versions if "layers" in version.diff]


def _moved(before: Memory, wanted: Layers, scope: Scope) -> Memory:
    project_id = before.project_id or (scope.project_id if "project" in wanted else None)
    if "project" in wanted and project_id is None:
        raise InvalidInput(
            f"Memory {before.id[:8]} belongs to no project, and there is none here.",
            hint="Say which with --project NAME, or go to the project's directory.",
        )
    if "session" in wanted and before.session_id is None:
        raise InvalidInput(
            f"Memory {before.id[:8]} belongs to no session.", hint="'lmem add --session ID' adds one to a session."
        )
    return replace(before, layers=wanted, project_id=project_id)


def _holding(layer: str, counted: Sequence[Kept], seen: Sequence[Kept]) -> Holding:
    mine = [kept for kept in counted if layer in kept.layers]
    types, projects = Counter[str](), Counter[str | None]()
    for kept in mine:
        types[kept.memory_type] += kept.memories
        projects[kept.project_id] += kept.memories
    return Holding(
        layer,
        sum(kept.memories for kept in mine),
        sum(kept.memories for kept in seen if layer in kept.layers),
        sum(kept.memories for kept in mine if Layers(kept.layers).primary == layer),
        sum(kept.memories for kept in mine if kept.layers == (layer,)),
        tuple(types.most_common()),
        tuple(projects.most_common()),
    )
