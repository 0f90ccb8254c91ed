"""Moving a memory from one layer to another, by hand.

Not the router (lmem.domain.routing says which layers a memory joins and a question reads), nor what a layer holds
(lmem.service.holdings).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.domain.history import Version
from lmem.domain.layers import LAYERS, Layers
from lmem.domain.memories import Memory
from lmem.domain.scope import Scope
from lmem.errors import InvalidInput
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import names, recording
from lmem.service.edits import Edited


class LayerMoves:
    """Moves. `wake` tells the relay that there is work."""

    def __init__(self, storage: Storage, clock: Clock, wake: Callable[[], None]) -> None:
        self._storage = storage
        self._clock = clock
        self._wake = wake

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
