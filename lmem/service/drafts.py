"""A draft that becomes a memory inside a unit of work: where it belongs, and whether it is there already.

Not its parsing (lmem.daemon.handlers.drafts), and not the wait for the unit of work (lmem.service.memories,
lmem.service.transactions).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lmem.config import Config, InForce
from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.domain.automatic import after_edit
from lmem.domain.layers import Layers
from lmem.domain.memories import Draft, Memory, content_hash, title_of
from lmem.domain.routing import route
from lmem.domain.scope import Scope
from lmem.errors import Conflict
from lmem.ids import new_id
from lmem.ports.storage import UnitOfWork
from lmem.service import members, names, recording, scopes
from lmem.service.changesets import Together, was_undone
from lmem.service.edits import replace_with
from lmem.service.rates import rate_for


@dataclass(frozen=True, slots=True)
class Added:
    """What `add` did. `created` is False when the same memory was there already, `because` says how it was known.

    `changed` names the fields that its source gave anew, as a new version.
    """

    memory: Memory
    created: bool
    because: str
    new_project: str | None = None
    new_session: str | None = None
    changed: tuple[str, ...] = ()


def store(
    tx: UnitOfWork,
    actor: Actor,
    draft: Draft,
    scope: Scope,
    create_names: bool,
    config: InForce,
    at: str,
    together: Together | None = None,
) -> Added:
    """As Memories.add, at the moment `at`; of the change set of others that it is done `together` with."""
    project_id, new_project = scopes.project_of(tx, actor, draft.project, scope, create_names, at)
    session_id, new_session = _session(tx, actor, draft, scope, project_id, create_names, at)
    actor = replace(actor, session_id=session_id)
    digest = content_hash(draft.title, draft.content)
    known = _known(tx, actor, draft, digest, project_id, at, together)
    if known is not None:
        return replace(known, new_project=new_project, new_session=new_session)
    chosen = route(draft.memory_type, draft.tags, draft.layers, project_id is not None, session_id is not None)
    settings = config(project_id)
    memory = _memory(settings, actor, draft, digest, chosen.layers, project_id, session_id, at)
    recording.create(tx, actor, memory, at, together.open() if together else None)
    recording.keep_secrets(tx, actor, memory.id, draft.kept_secrets, at)
    if session_id is not None:
        most = settings.number("max_memories_per_session")
        members.join(tx, session_id, memory.id, at, most, late=create_names)
    return Added(memory, True, chosen.because, new_project, new_session)


def _known(
    tx: UnitOfWork,
    actor: Actor,
    draft: Draft,
    digest: str,
    project_id: str | None,
    at: str,
    together: Together | None,
) -> Added | None:
    found = tx.memories.find(draft.id) if draft.id is not None else None
    if found is not None:
        if found.content_hash != digest or _hidden(actor, found):
            raise Conflict(f"The id {found.id[:8]} belongs to another memory.")
        back = _brought_back(tx, found)
        if back == found:
            return Added(found, False, "it was stored already")
        edited = replace_with(tx, actor, found, back, "added again after an undo", at, together)
        return Added(edited.memory, True, "an undo had taken it back")
    if draft.external_id is None:
        return None
    found = tx.memories.external(draft.source_tool, draft.external_id, project_id)
    if found is None:
        return None
    if _hidden(actor, found):
        raise Conflict(f"The source id '{draft.external_id[:60]}' belongs to another memory.")
    after = _brought_back(tx, _given_again(found, draft))
    if after != found:
        recording.keep_secrets(tx, actor, found.id, draft.kept_secrets, at)
        edited = replace_with(tx, actor, found, after, f"{draft.source_tool} gave it again, changed", at, together)
        if found.is_archived and not after.is_archived:
            return Added(edited.memory, True, "an undo had taken it back")
        return Added(edited.memory, False, "it is a new version of what its source gave before", changed=edited.changed)
    return Added(found, False, "its source gave it before")


def _brought_back(tx: UnitOfWork, memory: Memory) -> Memory:
    """The memory as it is when it is added again: what an undo took back is live, what was forgotten stays so."""
    return replace(memory, is_archived=False) if was_undone(tx, memory) else memory


def _given_again(found: Memory, draft: Draft) -> Memory:
    """A known memory with what its source gives anew: the text, and of the rest only what was given.

    A title that was taken from the text follows it, as in an edit; what is private stays so.
    """
    follows = "title" in draft.given or found.title == title_of(found.content)
    values = {
        "content": draft.content, "title": draft.title if follows else found.title, "summary": draft.summary,
        "memory_type": draft.memory_type, "category": draft.category, "tags": draft.tags,
        "importance_score": draft.importance, "decay_rate": draft.decay_rate,
    }  # fmt: skip
    chosen = {name: value for name, value in values.items() if name in ("content", "title") or name in draft.given}
    after = replace(
        found,
        **chosen,  # type: ignore[arg-type]  # values of its fields
        context={**found.context, **draft.context},
        is_private=found.is_private or draft.is_private,
    )
    return after_edit(found, after, draft.given)


def _session(
    tx: UnitOfWork, actor: Actor, draft: Draft, scope: Scope, project_id: str | None, create: bool, at: str
) -> tuple[str | None, str | None]:
    if draft.session is None:
        return (scope.session_id if project_id == scope.project_id else None), None
    if create:
        return members.session_of(tx, actor, draft.session, project_id, at)
    return names.session(tx, actor, draft.session, project_id), None


def _memory(
    settings: Config,
    actor: Actor,
    draft: Draft,
    digest: str,
    layers: Layers,
    project_id: str | None,
    session_id: str | None,
    at: str,
) -> Memory:
    created = times.to_text(draft.created_at) if draft.created_at else at
    decay_rate = draft.decay_rate
    if decay_rate is None:
        decay_rate = rate_for(settings, draft.memory_type)
    return Memory(
        key=0,
        id=draft.id or new_id(),
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
        last_accessed_at=at,
        context=draft.context,
        git_context=draft.git_context,
        layers=layers,
        source_tool=draft.source_tool,
        external_id=draft.external_id,
        is_private=draft.is_private,
        is_archived=False,
        created_at=created,
        updated_at=at,
        valid_until=None,
        rev=1,
        content_hash=digest,
    )


def _hidden(actor: Actor, memory: Memory) -> bool:
    return actor.shared and memory.is_private
