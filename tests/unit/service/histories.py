"""A model of histories: what each change should do, and what was known at each time, kept as whole rows.

Not the code under test: the model never looks at versions or differences; it remembers the rows it saw.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from lmem.domain import times
from lmem.domain.history import AsOf
from lmem.domain.layers import Layers
from lmem.domain.memories import Memory
from lmem.service.recording import KEPT_FIELDS
from tests.unit.service.service_kit import Kit

KEPT = ("title", "content", "summary", *KEPT_FIELDS)
"""What a version is answerable for."""


@dataclass
class Entry:
    """A change set, or an add (`number` None): the rows that it changed, as they were before."""

    number: int | None
    kind: str
    before: dict[str, Memory]
    undone_by: Entry | None = None


@dataclass
class Seen:
    """A state that a memory had: since when it held, and since when it was known."""

    valid: str
    recorded: str
    row: Memory


@dataclass
class Model:
    """What should be there, and what was."""

    kit: Kit
    rows: dict[str, Memory] = field(default_factory=dict)
    past: dict[str, list[Seen]] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    moments: list[str] = field(default_factory=list)

    @property
    def now(self) -> str:
        return times.to_text(self.kit.clock.moment)

    def ids(self, archived: bool | None = None, kind: str | None = None) -> list[str]:
        """Of memories that fit, in the order of being added."""
        return [
            memory.id for memory in self.rows.values()
            if archived in (None, memory.is_archived) and kind in (None, memory.memory_type)
        ]  # fmt: skip

    async def stored(self) -> dict[str, Memory]:
        """All rows as they are in the store, in the order of being added."""
        everything = self.kit.everything
        found = await self.kit.rows(everything, 0, 10_000)
        return {memory.id: memory for memory in found}

    async def settle(self, expected: dict[str, Memory], entry: Entry | None) -> None:
        """The store holds what is expected, and remembers it: revisions and times of update are its own."""
        stored = await self.stored()
        assert {id_: _own(row) for id_, row in stored.items()} == {id_: _own(row) for id_, row in expected.items()}
        for id_, row in stored.items():
            known = self.rows.get(id_)
            assert known is None or (row.key, row.created_at) == (known.key, known.created_at), "one row for life"
            if known is None or row.rev != known.rev:
                assert known is None or row.rev == known.rev + 1, "one version for one change"
                valid = row.created_at if known is None else self.now
                self.past.setdefault(id_, []).append(Seen(valid, self.now, row))
        for id_ in set(self.rows) - set(stored):
            del self.past[id_]
        if entry is not None:
            self.entries.append(entry)
        self.rows = stored
        self.moments.append(self.now)

    def at(self, moment: AsOf) -> dict[str, Memory]:
        """What was known then: of each memory the last state in order that held, or was known, by then."""
        found = {}
        for id_, states in self.past.items():
            known = [seen.row for seen in states if (seen.recorded if moment.recorded else seen.valid) <= moment.at]
            if known:
                found[id_] = known[-1]
        return found

    def last(self) -> Entry | None:
        """What a plain undo should take back: the newest change that stands and whose memories are there."""
        for entry in reversed(self.entries):
            there = [self.rows[id_] for id_ in entry.before if id_ in self.rows]
            stands = entry.number is not None or (bool(there) and not there[0].is_archived)
            if entry.kind != "undo" and entry.undone_by is None and there and stands:
                return entry
        return None

    def standing(self, entry: Entry) -> Entry | None:
        """The entry, or the redo that stands for it; None when it is undone."""
        while entry.undone_by is not None:
            if entry.undone_by.undone_by is None:
                return None
            entry = entry.undone_by.undone_by
        return entry

    def is_free(self, entry: Entry) -> bool:
        """Whether all that came after it to its memories cancels out, and one of these is there."""
        later = self.entries[self.entries.index(entry) + 1 :]
        there = {id_ for id_ in entry.before if id_ in self.rows}
        touching = [other for other in later if other.number is not None and there & set(other.before)]
        effects = [other for other in touching if not any(one.undone_by is other for one in touching)]
        return bool(there) and all(self._length(other) % 2 == 0 for other in effects)

    def _length(self, entry: Entry | None) -> int:
        """Of a chain: a change, its undo, the redo of that."""
        return 0 if entry is None else 1 + self._length(entry.undone_by)

    def undone(self, entry: Entry) -> dict[str, Memory]:
        """The rows once an entry is undone: each is what it was before, exactly; what was added is archived."""
        rows = dict(self.rows)
        for id_, before in entry.before.items():
            if id_ in rows:
                rows[id_] = replace(before, access_count=rows[id_].access_count)
        return rows


def added(memory: Memory) -> Memory:
    """What the undo of an add leaves."""
    return replace(memory, is_archived=True)


def with_layers(memory: Memory, *names: str) -> Memory:
    """The memory in these layers."""
    return replace(memory, layers=Layers(names))


def kept(memory: Memory) -> dict[str, object]:
    """What a version is answerable for, by name."""
    return {name: getattr(memory, name) for name in KEPT}


def _own(row: Memory) -> Memory:
    return replace(row, rev=0, updated_at="", content_hash="")
