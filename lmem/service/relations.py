"""Links that people make and take away: between memories, and from a memory to a project that it matters to.

Not those that a change of a memory makes (lmem.service.links), nor reading them (lmem.service.related).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from lmem.domain.actors import Actor
from lmem.domain.memories import Memory
from lmem.domain.related import APPLIES_TO, Applied, Related
from lmem.domain.relations import RelationType
from lmem.errors import Conflict, InvalidInput, LmemError, NotFound
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import enrolment, linkrules, names, recording, relinking
from lmem.service.linkrules import LinkDraft
from lmem.service.relinking import Place

T = TypeVar("T")

LINK, UNLINK = "link", "unlink"
"""Kinds of change sets."""


@dataclass(frozen=True, slots=True)
class Linked:
    """A link as it is now; without a change set it was so already."""

    related: Related
    created: bool
    change_set: int | None


@dataclass(frozen=True, slots=True)
class AppliedTo:
    """A memory and a project that it applies to; without a change set it was so already."""

    memory: Memory
    applied: Applied
    created: bool
    change_set: int | None


@dataclass(frozen=True, slots=True)
class Unlinked:
    """What was taken away: links with what they held, or a project."""

    removed: tuple[Related, ...]
    project: AppliedTo | None
    change_set: int


class Relations:
    """Makes and removes links. `wake` tells the relays that there is work."""

    def __init__(self, storage: Storage, clock: Clock, wake: Callable[[], None]) -> None:
        self._storage = storage
        self._clock = clock
        self._wake = wake

    async def link(self, actor: Actor, draft: LinkDraft, reason: str | None) -> Linked:
        """Link two memories, or change what their link holds, as one change set (specification 1.5).

        SUPERSEDES ends the validity of its second memory. Raises NotFound and AmbiguousId for an end, InvalidInput for
        a memory with itself, Conflict for one that is archived and for superseding by what cannot, Forbidden.
        """

        def work(tx: UnitOfWork, at: str) -> Linked:
            one, other = _end(tx, actor, draft.from_id), _end(tx, actor, draft.to_id)
            if one.id == other.id:
                raise InvalidInput(f"Memory {one.id[:8]} cannot be linked to itself.", hint="Give two ids.")
            place = Place(one.id, other.id, draft.type.name)
            before = relinking.held(tx, place)
            after = linkrules.settled(tx, draft, reason, one, before, at)
            if before == after:
                return Linked(_told(tx, place, one, other), False, None)
            if before is None:
                linkrules.check_supersedes(tx, draft.type, one, other)
            number = tx.versions.open_change_set(LINK, reason, actor.user_id, at)
            relinking.settle(tx, actor, place, after, number, at)
            if draft.type.name == "supersedes" and other.valid_until is None:
                ended = replace(other, valid_until=at)
                recording.change(tx, actor, other, ended, "updated", reason or "superseded", number, at)
            return Linked(_told(tx, place, one, other), before is None, number)

        return await self._write(actor, work)

    async def apply(
        self, actor: Actor, memory_id: str, project_id: str, relevance: float | None, reason: str | None
    ) -> AppliedTo:
        """Let a memory apply to a project that it does not belong to, so much (1.0 for None and a new one).

        Raises NotFound, Conflict for an archived memory or its own project, Forbidden.
        """

        def work(tx: UnitOfWork, at: str) -> AppliedTo:
            memory, project = _end(tx, actor, memory_id), enrolment.existing(tx, project_id)
            if memory.project_id == project.id:
                raise Conflict(
                    f"Memory {memory.id[:8]} belongs to {project.name}, so it applies there anyway.",
                    hint="Name another project.",
                )
            place = Place(memory.id, project.id, APPLIES_TO)
            before = relinking.held(tx, place)
            kept = float(str(before["relevance"])) if before else 1.0
            applied = Applied(project.id, project.name, kept if relevance is None else relevance)
            if before == {"relevance": applied.relevance}:
                return AppliedTo(memory, applied, False, None)
            number = tx.versions.open_change_set(LINK, reason, actor.user_id, at)
            relinking.settle(tx, actor, place, {"relevance": applied.relevance}, number, at)
            return AppliedTo(memory, applied, before is None, number)

        return await self._write(actor, work)

    async def unlink(
        self, actor: Actor, from_id: str, to_id: str, kind: RelationType | None, reason: str | None
    ) -> Unlinked:
        """Take away the link of a type between two memories, or without one all links between them in both directions.

        What superseded a memory no longer ends its validity. Raises NotFound when there is no such link, InvalidInput
        for one that has no row and so cannot be taken away, Forbidden.
        """

        def work(tx: UnitOfWork, at: str) -> Unlinked:
            one, other = names.memory(tx, actor, from_id), names.memory(tx, actor, to_id)
            wanted = {kind.name} if kind else None
            found = [item for item in tx.relations.between(one.id, other.id)
                     if wanted is None or (item.type in wanted and item.from_id == one.id)]  # fmt: skip
            if not found:
                raise _no_link(one, other, kind)
            number = tx.versions.open_change_set(UNLINK, reason, actor.user_id, at)
            titles = {memory.id: memory.title for memory in (one, other)}
            for item in found:
                relinking.settle(tx, actor, Place(item.from_id, item.to_id, item.type), None, number, at)
                if item.type == "supersedes":
                    linkrules.revive(tx, actor, item.to_id, reason, number, at)
            told = tuple(Related(item, titles[item.from_id], titles[item.to_id]) for item in found)
            return Unlinked(told, None, number)

        return await self._write(actor, work)

    async def unapply(self, actor: Actor, memory_id: str, project_id: str, reason: str | None) -> Unlinked:
        """Let a memory no longer apply to a project. Raises NotFound, Forbidden."""

        def work(tx: UnitOfWork, at: str) -> Unlinked:
            memory, project = names.memory(tx, actor, memory_id), enrolment.existing(tx, project_id)
            place = Place(memory.id, project.id, APPLIES_TO)
            before = relinking.held(tx, place)
            if before is None:
                raise NotFound(
                    f"Memory {memory.id[:8]} is not linked to {project.name}.",
                    hint=f"'lmem related {memory.id[:8]}' shows what it is linked to.",
                )
            number = tx.versions.open_change_set(UNLINK, reason, actor.user_id, at)
            relinking.settle(tx, actor, place, None, number, at)
            applied = Applied(project.id, project.name, float(str(before["relevance"])))
            return Unlinked((), AppliedTo(memory, applied, False, number), number)

        return await self._write(actor, work)

    async def _write(self, actor: Actor, work: Callable[[UnitOfWork, str], T]) -> T:
        answer = await self._storage.write(recording.by_active(actor, self._clock, work))
        self._wake()
        return answer


def _end(tx: UnitOfWork, actor: Actor, name: str) -> Memory:
    """A memory that may be linked. Raises NotFound, AmbiguousId, Conflict for one that is archived."""
    memory = names.memory(tx, actor, name)
    if memory.is_archived:
        raise Conflict(
            f"Memory {memory.id[:8]} is archived.", hint=f"Bring it back with 'lmem restore {memory.id[:8]}'."
        )
    return memory


def _told(tx: UnitOfWork, place: Place, one: Memory, other: Memory) -> Related:
    relation = tx.relations.find(place.from_id, place.to_id, place.type)
    assert relation is not None  # it was written in this transaction, or found in it
    return Related(relation, one.title, other.title)


def _no_link(one: Memory, other: Memory, kind: RelationType | None) -> LmemError:
    between = f"between {one.id[:8]} and {other.id[:8]}"
    if kind is not None and kind.derived:
        return InvalidInput(
            f"There is no link {kind.name} {between} that could be taken away.",
            hint="Those that lmem tells by itself follow from the order in which memories were added.",
        )
    what = f"no link {kind.name} from {one.id[:8]} to {other.id[:8]}" if kind else f"no link {between}"
    return NotFound(f"There is {what}.", hint=f"'lmem related {one.id[:8]}' shows what it is linked to.")
