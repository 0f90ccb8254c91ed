"""Versions with their texts, as many as one answer holds: of one memory, or of a page of an export.

Not what a version is (lmem.domain.history), nor going back to one (lmem.service.history).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from lmem.domain.actors import Actor
from lmem.domain.filters import Filter
from lmem.domain.history import LINKS, Version
from lmem.domain.memories import Memory
from lmem.domain.replay import own_summaries
from lmem.domain.room import ALL, FIELDS, Room, encoded, size
from lmem.ports.storage import UnitOfWork

_Bare = tuple[Version, tuple[str | None, ...]]
"""A version without its text, and its summary where that does not go with the text."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A memory with its versions, oldest first; with `rest` those after the number `rest` did not fit."""

    memory: Memory
    versions: tuple[Version, ...]
    rest: int | None = None


@dataclass(frozen=True, slots=True)
class ExportPage:
    """Memories in the order of their row numbers, and the number to go on after, None at the end."""

    records: tuple[Exported, ...]
    next: int | None


def of(tx: UnitOfWork, actor: Actor, memory: Memory, after: int) -> tuple[list[Version], int | None]:
    """The versions of a memory with a number above `after`, at least one of them; and the number to go on after."""
    found: list[Version] = []
    left = ALL
    versions = _shown_of(tx, actor, [memory.id])[memory.id]
    for version in _texts(tx, [item for item in versions if item[0].number > after]):
        left -= _size(version)
        if found and left < 0:
            return found, found[-1].number
        found.append(version)
    return found, None


def exported(tx: UnitOfWork, actor: Actor, wanted: Filter, after: int, limit: int) -> ExportPage:
    """At least one memory, if there is one: whole, with its versions as far as they fit."""
    memories, ended = _first(tx, wanted, after, limit)
    shown = _shown_of(tx, actor, [memory.id for memory in memories])
    texts = _texts(tx, [item for memory in memories for item in shown.get(memory.id, ())])
    left = ALL - size(*memories)
    records: list[Exported] = []
    for memory in memories:
        versions: list[Version] = []
        for version, _ in shown.get(memory.id, ()):
            whole = next(texts)
            left -= _size(whole)
            if left < 0:
                rest = versions[-1].number if versions else version.number - 1
                records += [] if records else [Exported(memory, tuple(versions), rest)]
                return ExportPage(tuple(records), records[-1].memory.key)
            versions.append(whole)
        records.append(Exported(memory, tuple(versions)))
    return ExportPage(tuple(records), None if ended else records[-1].memory.key)


def _first(tx: UnitOfWork, wanted: Filter, after: int, limit: int) -> tuple[list[Memory], bool]:
    """The next memories whose texts fit, and whether there are no others."""
    room, found = Room(), list[Memory]()
    for memory in tx.memories.after(wanted, after, limit):
        if not room.takes(memory) and found:
            return found, False
        found.append(memory)
    return found, len(found) < limit


def _shown_of(tx: UnitOfWork, actor: Actor, ids: Sequence[str]) -> dict[str, list[_Bare]]:
    """By memory the versions that this caller may read."""
    found: dict[str, list[_Bare]] = {}
    for memory, versions in tx.past.histories(ids):
        own = own_summaries(versions)
        found[memory.id] = [
            (version, (own[version.number],) if version.number in own else ()) for version in shown(tx, actor, versions)
        ]
    return found


def _texts(tx: UnitOfWork, versions: Sequence[_Bare]) -> Iterator[Version]:
    """The same with their texts, read one at a time."""
    rows = tx.past.texts([(version.memory_id, version.number) for version, _ in versions])
    for (version, own), (_, _, title, content, summary) in zip(versions, rows, strict=True):
        yield replace(version, title=title, content=content, summary=own[0] if own else summary)


def _size(version: Version) -> int:
    """Bytes of a record of it as JSON, at most."""
    texts = (version.title, version.content, version.summary, version.reason, dict(version.diff))
    return FIELDS + encoded(texts)


def shown(tx: UnitOfWork, actor: Actor, versions: list[Version]) -> list[Version]:
    """Those of a memory's versions that this caller may read: nothing of a time when the memory was private, and to
    others than the user no private memory as the other end of a relation."""
    if not actor.shared:
        return versions
    switched = [at for at, version in enumerate(versions) if "is_private" in version.diff]
    if switched:
        versions = [replace(versions[switched[-1]], diff={}), *versions[switched[-1] + 1 :]]
    return [_without_private(tx, version) for version in versions]


def _without_private(tx: UnitOfWork, version: Version) -> Version:
    def names_private(name: str, pair: tuple[object, object]) -> bool:
        others = [str(end) for end in pair if end is not None] if LINKS.get(name) else []
        found = [tx.memories.find(other) for other in others]
        return any(other is None or other.is_private for other in found)

    diff = {name: pair for name, pair in version.diff.items() if not names_private(name, pair)}
    return version if len(diff) == len(version.diff) else replace(version, diff=diff)
