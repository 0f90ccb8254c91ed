"""A session as it is shown: its relatives and its memories, from the cache where it has them.

Not a session's life (lmem.service.sessions). Whether its memories may be shown, the truth says each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lmem.domain import cachekeys
from lmem.domain.actors import Actor
from lmem.domain.filters import Filter
from lmem.domain.memories import Memory
from lmem.domain.sessions import Member, Session
from lmem.errors import NotFound
from lmem.ports.cache import Value
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import cachejson
from lmem.service.caches import Caches


@dataclass(frozen=True, slots=True)
class Shown:
    """A session with its parents (nearest first), its children, and the memories in it that the caller may see."""

    session: Session
    parents: tuple[Session, ...]
    children: tuple[Session, ...]
    items: tuple[tuple[Member, Memory], ...]


@dataclass(frozen=True, slots=True)
class _State:
    """What is cached of a session: its relatives, and the places of its memories."""

    session: Session
    parents: tuple[Session, ...]
    children: tuple[Session, ...]
    members: tuple[Member, ...]


class ShownSessions:
    """Sessions by id, read through the cache."""

    def __init__(self, storage: Storage, caches: Caches) -> None:
        self._storage = storage
        self._caches = caches

    async def show(self, actor: Actor, session_id: str) -> Shown:
        """A session of the actor's user. Raises NotFound for one that has gone meanwhile."""
        caches, at = self._caches, self._caches.number
        keys = (cachekeys.session_context(session_id), cachekeys.working_memory(session_id))
        state = _state(*await caches.get_all(keys))
        if state is None or state.session.user_id != actor.user_id:
            fresh, shown = await self._storage.read(lambda tx: _read(tx, actor, session_id))
            focus = frozenset(member.memory_id for member in fresh.members if member.working_memory)
            await caches.put_all({keys[0]: cachejson.packed(_to_json(fresh)), keys[1]: focus}, at)
            return shown
        known = state
        return await self._storage.read(lambda tx: _with_items(tx, actor, known))


def _read(tx: UnitOfWork, actor: Actor, session_id: str) -> tuple[_State, Shown]:
    session = tx.sessions.find(session_id)
    if session is None or session.user_id != actor.user_id:
        raise NotFound(f"There is no session '{session_id[:80]}'.", hint="'lmem session list' shows them.")
    line = tx.scopes.lineage(session.id)[1:]
    parents = tuple(found for parent in line if (found := tx.sessions.find(parent)) is not None)
    children = tuple(tx.sessions.children(session.id))
    state = _State(session, parents, children, tuple(tx.members.of(session.id)))
    return state, _with_items(tx, actor, state)


def _with_items(tx: UnitOfWork, actor: Actor, state: _State) -> Shown:
    ids = [member.memory_id for member in state.members]
    seen = tx.memories.beginnings(ids, Filter(actor.user_id, shared=actor.shared))
    items = tuple((member, seen[member.memory_id]) for member in state.members if member.memory_id in seen)
    return Shown(state.session, state.parents, state.children, items)


def _to_json(state: _State) -> dict[str, object]:
    return {
        "session": cachejson.session_to_json(state.session),
        "parents": [cachejson.session_to_json(item) for item in state.parents],
        "children": [cachejson.session_to_json(item) for item in state.children],
        "members": [(item.memory_id, item.position, item.context_window_position) for item in state.members],
    }


def _state(context: Value | None, focus: Value | None) -> _State | None:
    """The state in cached values; None unless both are there."""
    if not isinstance(focus, frozenset):
        return None

    def parse(found: object) -> _State:
        if not isinstance(found, dict):
            raise TypeError
        return _State(
            cachejson.session_from_json(found["session"]), _sessions(found["parents"]), _sessions(found["children"]),
            tuple(Member(of, place, of in focus, window) for of, place, window in found["members"]),
        )  # fmt: skip

    return cachejson.unpacked(context, parse)


def _sessions(rows: Sequence[object]) -> tuple[Session, ...]:
    return tuple(cachejson.session_from_json(row) for row in rows)
