"""Adding, reading and editing memories.

Not the end of their life (lmem.service.lifecycle) and not search.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from lmem.config import Config, InForce
from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.domain.automatic import after_edit, is_automatic
from lmem.domain.filters import Filter
from lmem.domain.layers import Layers
from lmem.domain.memories import Draft, Memory, content_hash, title_of
from lmem.domain.routing import route
from lmem.domain.scope import NOWHERE, Scope
from lmem.errors import Conflict, LmemError
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import members, names, recording, scopes
from lmem.service.caches import NO_CACHE, Caches
from lmem.service.changesets import Together
from lmem.service.rates import rate_for
from lmem.service.reads import Detail, Page, Reads

GROUP = 16
"""Drafts of a bulk add that are queued at once: about 10 ms of the writer's time."""


@dataclass(frozen=True, slots=True)
class Added:
    """What `add` did. `created` is False when the same memory was there already; `new_version` when it was edited."""

    memory: Memory
    created: bool
    because: str
    new_project: str | None = None
    new_session: str | None = None


@dataclass(frozen=True, slots=True)
class Edited:
    """What `edit` did; `changed` names the fields, and is empty when everything was so already."""

    memory: Memory
    changed: tuple[str, ...]
    change_set: int | None


class Memories:
    """Add, read and edit. `wake` is called after each commit that gave the relay work."""

    def __init__(
        self, storage: Storage, clock: Clock, wake: Callable[[], None], config: InForce, caches: Caches = NO_CACHE
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._wake = wake
        self._config = config
        self._bulk = asyncio.Lock()
        self._reads = Reads(storage, caches)

    async def add(
        self,
        actor: Actor,
        draft: Draft,
        scope: Scope = NOWHERE,
        create_names: bool = False,
        config: InForce | None = None,
    ) -> Added:
        """Store a draft; durable when this returns, before any embedding.

        A draft with the id or the (source_tool, external_id) of a stored memory is that memory: the same text changes
        nothing, other text under the same external id is a new version. It belongs to the project and the session of
        `scope` where it names none; `create_names` makes those that it names. Raises NotFound for an unknown project
        or session, Conflict for an id taken by another text. `config` are the settings where the caller is.
        """
        settings = config or self._config
        added = await self._storage.write(lambda tx: self.put(tx, actor, draft, scope, create_names, settings))
        self._wake()
        return added

    async def add_many(
        self, actor: Actor, drafts: Sequence[Draft], scope: Scope = NOWHERE, config: InForce | None = None
    ) -> list[Added | LmemError]:
        """Store drafts, each on its own terms; they share commits. The projects and sessions they name are made."""
        answers: list[Added | LmemError] = []
        for at in range(0, len(drafts), GROUP):
            works = [
                partial(
                    self.put, actor=actor, draft=draft, scope=scope, create_names=True, config=config or self._config
                )
                for draft in drafts[at : at + GROUP]
            ]
            async with self._bulk:  # one group in the queue at once: what a terminal adds meanwhile waits for few
                results = await asyncio.gather(*map(self._storage.write, works), return_exceptions=True)
            self._wake()
            for result in results:
                if isinstance(result, BaseException) and not isinstance(result, LmemError):
                    raise result
                answers.append(result)
        return answers

    async def get(self, actor: Actor, memory_id: str) -> Detail:
        """A memory by id or unique prefix. Raises NotFound, AmbiguousId, InvalidInput."""
        return await self._reads.get(actor, memory_id)

    async def page(self, wanted: Filter, order: str, limit: int, offset: int, may_join: bool = False) -> Page:
        """Memories in the order of the layered query ('rank') or of creation, and how many there are in all.

        With `may_join` those of the temporal layer alone come too when the filter leaves them out and the others fill
        no page of `limit`: on every page of a list alike.
        """
        return await self._reads.page(wanted, order, limit, offset, may_join)

    async def export(self, wanted: Filter, after: int, limit: int) -> list[Memory]:
        """Memories with a row number above `after`, archived ones too, oldest first."""
        return await self._storage.read(lambda tx: tx.memories.after(wanted, after, limit))

    async def tags(self, wanted: Filter) -> list[tuple[str, int]]:
        """Tags with their counts, most used first."""
        return await self._reads.tags(wanted)

    async def edit(
        self,
        actor: Actor,
        memory_id: str,
        changes: Mapping[str, object],
        reason: str | None,
        rev: int | None = None,
        kept_secrets: Sequence[str] = (),
    ) -> Edited:
        """Change fields of a memory (names of Memory's fields, and add_tags / remove_tags).

        A title that was taken from the text is taken from the new one, unless a title is given. `kept_secrets` are
        kinds of credentials in the changes that the caller allowed to be stored.
        Raises Conflict when `rev` is given and is not the current one.
        """

        edited = await self._storage.write(
            lambda tx: self.alter(tx, actor, memory_id, changes, reason, rev, kept_secrets)
        )
        self._wake()
        return edited

    def alter(
        self,
        tx: UnitOfWork,
        actor: Actor,
        memory_id: str,
        changes: Mapping[str, object],
        reason: str | None,
        rev: int | None,
        kept_secrets: Sequence[str],
        together: Together | None = None,
    ) -> Edited:
        """As `edit`, inside a unit of work; of the change set of others that it is done `together` with."""
        before = names.memory(tx, actor, memory_id)
        if rev is not None and rev != before.rev and not tx.annotations.only_since(before.id, rev):
            raise Conflict(f"Memory {before.id[:8]} is at revision {before.rev}, not {rev}.")
        fields = dict(changes)
        add, remove = _tags(fields.pop("add_tags", ())), _tags(fields.pop("remove_tags", ()))
        if add or remove:
            tags = _tags(fields.get("tags", before.tags))
            fields["tags"] = tuple(tag for tag in dict.fromkeys((*tags, *add)) if tag not in remove)
        after = replace(before, **fields)  # type: ignore[arg-type]  # handlers parsed every value
        if "title" not in fields and before.title == title_of(before.content):
            after = replace(after, title=title_of(after.content))  # it was taken from the text, so it follows it
        after = after_edit(before, after, fields.keys())
        if after != before:
            recording.keep_secrets(tx, actor, before.id, kept_secrets, times.to_text(self._clock.now()))
        return self._edit(tx, actor, before, after, reason, together)

    def _edit(
        self,
        tx: UnitOfWork,
        actor: Actor,
        before: Memory,
        after: Memory,
        reason: str | None,
        together: Together | None,
    ) -> Edited:
        if after == before:
            return Edited(before, (), None)
        at = times.to_text(self._clock.now())
        number = (together or Together(tx, actor, "edit", reason, at)).open()
        changed = recording.change(tx, actor, before, after, "updated", reason, number, at)
        current = tx.memories.find(before.id) or after
        return Edited(current, changed, number)

    def put(
        self,
        tx: UnitOfWork,
        actor: Actor,
        draft: Draft,
        scope: Scope,
        create_names: bool,
        config: InForce,
        together: Together | None = None,
    ) -> Added:
        """As `add`, inside a unit of work; of the change set of others that it is done `together` with."""
        now = times.to_text(self._clock.now())
        project_id, new_project = scopes.project_of(tx, actor, draft.project, scope, create_names, now)
        session_id, new_session = self._session(tx, actor, draft, scope, project_id, create_names, now)
        actor = replace(actor, session_id=session_id)
        digest = content_hash(draft.title, draft.content)
        known = self._known(tx, actor, draft, digest, project_id, together)
        if known is not None:
            return known
        chosen = route(draft.memory_type, draft.tags, draft.layers, project_id is not None, session_id is not None)
        settings = config(project_id)
        memory = _memory(settings, actor, draft, digest, chosen.layers, project_id, session_id, now)
        recording.create(tx, actor, memory, now, together.open() if together else None)
        recording.keep_secrets(tx, actor, memory.id, draft.kept_secrets, now)
        if session_id is not None:
            most = settings.number("max_memories_per_session")
            members.join(tx, session_id, memory.id, now, most, late=create_names)
        return Added(memory, True, chosen.because, new_project, new_session)

    def _known(
        self,
        tx: UnitOfWork,
        actor: Actor,
        draft: Draft,
        digest: str,
        project_id: str | None,
        together: Together | None,
    ) -> Added | None:
        found = tx.memories.find(draft.id) if draft.id is not None else None
        if found is not None:
            if found.content_hash != digest or _hidden(actor, found):
                raise Conflict(f"The id {found.id[:8]} belongs to another memory.")
            return Added(found, False, "it was stored already")
        if draft.external_id is None:
            return None
        found = tx.memories.external(draft.source_tool, draft.external_id, project_id)
        if found is None:
            return None
        if _hidden(actor, found):
            raise Conflict(f"The source id '{draft.external_id[:60]}' belongs to another memory.")
        if found.title != draft.title or found.content != draft.content:
            recording.keep_secrets(tx, actor, found.id, draft.kept_secrets, times.to_text(self._clock.now()))
            own = found.summary if is_automatic(found.context, "summary") else None
            after = replace(
                found, title=draft.title, content=draft.content, summary=draft.summary or own, tags=draft.tags
            )
            after = after_edit(found, after, {"summary"} if draft.summary else set())
            edited = self._edit(tx, actor, found, after, f"{draft.source_tool} gave it again, changed", together)
            return Added(edited.memory, False, "it is a new version of what its source gave before")
        return Added(found, False, "its source gave it before")

    def _session(
        self, tx: UnitOfWork, actor: Actor, draft: Draft, scope: Scope, project_id: str | None, create: bool, now: str
    ) -> tuple[str | None, str | None]:
        if draft.session is None:
            return (scope.session_id if project_id == scope.project_id else None), None
        if create:
            return members.session_of(tx, actor, draft.session, project_id, now)
        return names.session(tx, actor, draft.session, project_id), None


def _memory(
    settings: Config,
    actor: Actor,
    draft: Draft,
    digest: str,
    layers: Layers,
    project_id: str | None,
    session_id: str | None,
    now: str,
) -> Memory:
    created = times.to_text(draft.created_at) if draft.created_at else now
    decay_rate = draft.decay_rate
    if decay_rate is None:
        decay_rate = rate_for(settings, draft.memory_type)
    return Memory(
        key=0,
        id=draft.id or secrets.token_hex(16),
        user_id=actor.user_id,
        project_id=project_id,
        session_id=session_id,
        title=draft.title,
        content=draft.content,
        summary=draft.summary,
        memory_type=draft.memory_type,
        category=draft.category,
        tags=draft.tags,
        importance_score=draft.importance,
        decay_rate=decay_rate,
        access_count=0,
        last_accessed_at=now,
        context=draft.context,
        git_context=draft.git_context,
        layers=layers,
        source_tool=draft.source_tool,
        external_id=draft.external_id,
        is_private=draft.is_private,
        is_archived=False,
        created_at=created,
        updated_at=now,
        valid_until=None,
        rev=1,
        content_hash=digest,
    )


def _hidden(actor: Actor, memory: Memory) -> bool:
    return actor.shared and memory.is_private


def _tags(value: object) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, list | tuple) else ()
