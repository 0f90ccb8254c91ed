"""What a service may ask of each table of the truth.

Not SQL, and not a transaction (lmem.ports.storage).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from lmem.domain.filters import Filter
from lmem.domain.history import ChangeSet, Version
from lmem.domain.memories import Memory
from lmem.domain.outbox import Parked, Pending, Projection
from lmem.domain.room import Room

Columns = Mapping[str, str | int | float | None]
Hit = tuple[str, float]
"""A memory's id and its full-text score (higher is better)."""


class Standing(NamedTuple):
    """What decides whether an older copy of a memory may be shown, and its counters, which no copy has right."""

    id: str
    user_id: str
    is_private: bool
    rev: int
    access_count: int
    last_accessed_at: str


class MemoryTable(Protocol):
    """The rows of `memories`."""

    def find(self, memory_id: str) -> Memory | None: ...

    def standing(self, memory_id: str) -> Standing | None:
        """Of a memory, archived or not."""
        ...

    def titles(self, ids: Sequence[str], shared: bool) -> dict[str, str]:
        """Id -> title of those of `ids` that exist, archived ones too; with `shared` without private ones."""
        ...

    def starting_with(self, user_id: str, prefix: str, limit: int, shared: bool) -> list[tuple[str, str]]:
        """(id, title) of memories whose id starts with `prefix`, archived ones too, `shared` without private ones."""
        ...

    def visible(self, ids: Sequence[str], wanted: Filter, room: Room | None = None) -> dict[str, Memory]:
        """Those of `ids` that exist and pass the filter: the last word on every index's hits. In their order; with a
        `room` only what fits into it of each, here and in the pages below, and never more than one whole text beside.
        """
        ...

    def each(self, ids: Sequence[str], wanted: Filter) -> Iterator[Memory]:
        """The same one at a time, for what looks at many texts and keeps none."""
        ...

    def beginnings(self, ids: Sequence[str], wanted: Filter) -> dict[str, Memory]:
        """The same with the beginnings of their texts, for what shows no more."""
        ...

    def page(
        self, wanted: Filter, order: str, limit: int, offset: int, room: Room | None = None
    ) -> list[Memory]:
        """Memories in the order of specification 6.2 ('rank') or by creation ('created')."""
        ...

    def after(self, wanted: Filter, key: int, limit: int) -> Iterator[Memory]:
        """Memories with a row number above `key`, in that order and one at a time: pages that no write can shift."""
        ...

    def count(self, wanted: Filter) -> int: ...

    def any_temporal(self, wanted: Filter) -> bool:
        """Whether the filter's user has memories that only the temporal layer holds, of whatever project."""
        ...

    def same_text(self, content_hash: str, wanted: Filter) -> Memory | None:
        """The oldest memory of the filter with this text."""
        ...

    def external(self, source_tool: str, external_id: str, project_id: str | None) -> Memory | None:
        """The memory that came from there under this id, in this project."""
        ...

    def tags(self, wanted: Filter) -> list[tuple[str, int]]:
        """Tags of unarchived memories with their counts, most used first."""
        ...

    def around(self, memory: Memory) -> list[Memory]:
        """The items before and after it in its session, by creation, then by row; private and archived ones are none.

        Empty without a session.
        """
        ...

    def any_in_session(self, user_id: str) -> bool:
        """Whether a memory of the user belongs to a session at all."""
        ...

    def insert(self, memory: Memory) -> int:
        """Store a new row; answers its key (`memory.key` is ignored)."""
        ...

    def update(self, memory_id: str, columns: Columns) -> None: ...

    def delete(self, ids: Sequence[str]) -> None:
        """Delete rows with their versions, the reasons of their changes and what sessions remember of them."""
        ...

    def unswept(self) -> list[str]:
        """Ids of what was deleted for ever and whose bytes may still be in the file: Storage.purge_residue is due."""
        ...

    def made_by_done(self, memory_id: str) -> list[str]:
        """The memories that were made because this task was closed: they have its title and tags."""
        ...

    def merged_into(self, memory_id: str) -> list[str]:
        """The memories that got the text of this one by a merge."""
        ...

    def touch(self, reads: Mapping[str, int], at: str) -> None:
        """Add to access counts; counters carry no revision."""
        ...


class FullText(Protocol):
    """FTS5 over memories. Expressions are built by lmem.domain.query, so they never fail on user input."""

    def match(self, expression: str, wanted: Filter, limit: int) -> list[Hit]: ...

    def pending(self, expression: str, wanted: Filter, limit: int) -> list[Hit]:
        """Hits among rows that no vector projection has confirmed; as many of the new ones, and of the others."""
        ...

    def all_pending(self) -> bool:
        """Whether every unarchived memory is among those rows."""
        ...

    def unspaced(self, parts: Sequence[str], wanted: Filter, limit: int) -> list[Hit]:
        """Hits of substrings of three or more characters in text without spaces, by trigrams."""
        ...

    def containing(self, text: str, wanted: Filter, limit: int) -> list[Hit]:
        """Memories that hold `text` as written, newest first; reads at most the newest 20,000 rows."""
        ...

    def known(self, terms: Sequence[str], wanted: Filter) -> set[str]:
        """Those of `terms` that at least one memory of the filter has, archived ones too."""
        ...

    def add_unindexed(self, key: int) -> None:
        """A new memory, which no vector projection has confirmed."""
        ...

    def add_pending(self, key: int, title: str, content: str, summary: str | None) -> None:
        """Another memory that waits, or stays out of the vectors."""
        ...

    def set_aside(self, memory_id: str) -> None:
        """A new memory that is going to wait long: the others are looked up from the oldest that waits."""
        ...

    def drop_pending(self, ids: Sequence[str]) -> None:
        """These wait no more."""
        ...

    def keep_waiting(self, projection_id: str, withheld: bool) -> None:
        """From now on those wait that this projection has not confirmed (parked ones too) and, if private memories are
        `withheld` from it, these; no others."""
        ...


class VersionTable(Protocol):
    """The rows of `memory_versions` and `change_sets`."""

    def of(self, memory_id: str) -> list[Version]:
        """All versions, oldest first, each with its text."""
        ...

    def append(self, version: Version) -> None:
        """Add the newest version, without its text (that is read from `memories`)."""
        ...

    def keep_text(self, memory_id: str, title: str, content: str, summary: str | None) -> None:
        """Store the text of the version that has been newest until now, before it is replaced."""
        ...

    def newest_number(self, memory_id: str) -> int: ...

    def open_change_set(self, kind: str, reason: str | None, user_id: str, at: str) -> int: ...

    def change_set(self, number: int) -> ChangeSet | None: ...

    def is_last(self, number: int, kind: str, user_id: str, at: str) -> bool:
        """Whether the change set is of this kind, user and moment, stands, and is the last that the user has made."""
        ...

    def last_change(self, user_id: str, shared: bool) -> tuple[int | None, str | None] | None:
        """The newest version that no undo reversed or wrote: its change set (None for one `add`) and memory id.

        With `shared` those of private memories are passed over. When the user did something of no memory since (BY_HAND
        of lmem.domain.history), that change set and None; an `add` of the same moment counts as the later.
        """
        ...

    def in_change_set(self, number: int) -> list[Version]: ...

    def mark_undone(self, number: int, by: int) -> None: ...


class OutboxTable(Protocol):
    """Rows that wait for projections, and the projections."""

    def sequence(self) -> int:
        """The number of the last change that projections were told of; it only grows."""
        ...

    def enqueue(self, kind: str, object_id: str, rev: int, op: str, only: str | None = None) -> None:
        """One row for each projection that is building or active (or for `only` one), replacing an older one."""
        ...

    def enqueue_many(self, kind: str, objects: Sequence[tuple[str, int]], op: str) -> None:
        """As `enqueue` for each (id, rev), in that order."""
        ...

    def due(self, projection: str, now: str, limit: int) -> list[Pending]: ...

    def confirm(self, rows: Sequence[Pending]) -> list[str]:
        """Forget rows that the target has confirmed; answers the ids that no newer row has replaced meanwhile."""
        ...

    def fail(self, row: Pending, error: str, retry_at: str | None) -> None:
        """Note a failure; park the row when `retry_at` is None."""
        ...

    def pending(self) -> dict[str, int]:
        """Rows that wait, by projection, parked ones not counted."""
        ...

    def is_behind(self, projection: str) -> bool:
        """Whether a row waits for this projection, parked ones not counted."""
        ...

    def parked_count(self) -> int:
        """How many rows are parked, over all projections."""
        ...

    def parked(self, limit: int) -> list[Parked]: ...

    def projections(self, port: str) -> list[Projection]: ...

    def add_projection(self, projection: Projection, at: str, source: str | None) -> None:
        """Add one; its outbox starts empty, for `copy_from`, or for `tell` when `source` is None."""
        ...

    def copy_from(self, source: str, projection_id: str, after: int, limit: int) -> int | None:
        """Give a projection about `limit` rows of another's outbox that come after a sequence number.

        What it was told since it was added stays. Answers the last number, or None when there was nothing more.
        """
        ...

    def tell(self, projection_id: str, limit: int) -> bool:
        """Give an untold projection rows for what the truth holds: about `limit` memories, after those that it had.

        The first call brings everything that is no memory along. A row that waits already is replaced, so that it is
        applied after now. Answers whether there may be more; then the projection has the setting TOLD still.
        """
        ...

    def set_projection(self, projection_id: str, columns: Columns) -> None:
        """Change one, unless it was retired meanwhile."""
        ...

    def retire(self, projection_id: str) -> None:
        """A projection is none any more: nobody tells it anything or counts what waits for it, and it does not come
        back. Its rows stay until `clear_retired` has removed them."""
        ...

    def clear_retired(self, limit: int) -> bool:
        """Remove about `limit` rows of a retired projection, at last itself; answers whether there may be more."""
        ...


class Directory(Protocol):
    """Users and projects by name."""

    def user(self, username: str, display_name: str | None, email: str | None, at: str) -> str:
        """The id of a user, created on first use with this name and address."""
        ...

    def is_active(self, user_id: str) -> bool:
        """Whether the user may write."""
        ...

    def seen(self, user_id: str, at: str) -> None:
        """The user did something; a counter, which carries no revision."""
        ...

    def project_names(self, user_id: str) -> dict[str, str]:
        """Id -> name."""
        ...

    def any_memory(self) -> bool:
        """Whether anything is stored at all."""
        ...

    def secret(self, name: str) -> str:
        """A random value made with the store, such as the key of the audit's query hashes, or its instance id."""
        ...

    def leave_out_commits(self, digests: Sequence[str]) -> None:
        """Keep keyed hashes of commits that were purged."""
        ...

    def left_out_commits(self) -> frozenset[str]:
        """All of these hashes."""
        ...

    def counts(self, user_id: str) -> dict[str, int]:
        """Memories, archived, projects, sessions."""
        ...
