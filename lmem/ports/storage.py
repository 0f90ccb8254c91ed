"""What a service may ask of the truth: a snapshot to read, a unit of work to write.

Not the tables behind both (lmem.ports.tables). One unit of work is one transaction: the row, its version, its audit
entry and its outbox rows together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Protocol, TypeVar

from lmem.errors import LmemError
from lmem.ports.annotations import AnnotationTable
from lmem.ports.audit import AuditTable
from lmem.ports.consistency import ConsistencyTable
from lmem.ports.context import ContextTable
from lmem.ports.decay import DecayTable
from lmem.ports.graph import GraphTable
from lmem.ports.jobs import JobTable
from lmem.ports.layers import LayerTable
from lmem.ports.leftservers import ServerTable
from lmem.ports.past import PastTable
from lmem.ports.patterns import PatternTable
from lmem.ports.projects import ProjectTable
from lmem.ports.relations import RelationTable
from lmem.ports.scopes import ScopeTable
from lmem.ports.sessions import MemberTable, SessionTable
from lmem.ports.settings import SettingTable
from lmem.ports.tables import (
    Directory,
    FullText,
    MemoryTable,
    OutboxTable,
    VersionTable,
)  # fmt: skip
from lmem.ports.timeline import TimelineTable
from lmem.ports.users import UserTable

T = TypeVar("T")


class UnitOfWork(Protocol):
    """All tables inside one transaction or one read snapshot."""

    @property
    def memories(self) -> MemoryTable: ...
    @property
    def fulltext(self) -> FullText: ...
    @property
    def versions(self) -> VersionTable: ...
    @property
    def past(self) -> PastTable: ...
    @property
    def timeline(self) -> TimelineTable: ...
    @property
    def outbox(self) -> OutboxTable: ...
    @property
    def relations(self) -> RelationTable: ...
    @property
    def directory(self) -> Directory: ...
    @property
    def projects(self) -> ProjectTable: ...
    @property
    def patterns(self) -> PatternTable: ...
    @property
    def scopes(self) -> ScopeTable: ...
    @property
    def layers(self) -> LayerTable: ...
    @property
    def users(self) -> UserTable: ...
    @property
    def audit(self) -> AuditTable: ...
    @property
    def settings(self) -> SettingTable: ...
    @property
    def decay(self) -> DecayTable: ...
    @property
    def jobs(self) -> JobTable: ...
    @property
    def sessions(self) -> SessionTable: ...
    @property
    def members(self) -> MemberTable: ...
    @property
    def context(self) -> ContextTable: ...
    @property
    def annotations(self) -> AnnotationTable: ...
    @property
    def graph(self) -> GraphTable: ...
    @property
    def consistency(self) -> ConsistencyTable: ...
    @property
    def servers(self) -> ServerTable: ...


class Storage(Protocol):
    """The truth: one writer, several readers."""

    @property
    def trouble(self) -> LmemError | None:
        """Why nothing will be written until the daemon is started anew, or None."""
        ...

    async def write(self, work: Callable[[UnitOfWork], T], large: bool = False) -> T:
        """Run `work` in a transaction of its own fate; durable when this returns.

        `large` says that it may change thousands of rows one by one; it costs others some of the shared commits.
        Raises StorageFull, Damaged, or whatever `work` raises (then nothing of it is stored).
        """
        ...

    async def read(self, work: Callable[[UnitOfWork], T], brief: bool = False) -> T:
        """Run `work` on one snapshot; it lives at most 5 s.

        A `brief` read looks up some rows by key: it runs at once, where it is asked for, and again on a reader's thread
        when it takes longer than a few milliseconds after all. So its `work` must leave nothing behind when it fails.
        """
        ...

    async def quiet(self, seconds: float) -> None:
        """Wait until nobody waits for a write, for at most `seconds`: for writers whom nobody waits for."""
        ...

    def announced(self) -> AbstractContextManager[None]:
        """Somebody waits for a write that is being made ready inside."""
        ...

    async def checkpoint(self) -> bool:
        """Give the space of the write-ahead log back; False when a reader or a full disk is in the way. Raises
        StorageFull when the disk fills up meanwhile."""
        ...

    async def purge_residue(self) -> None:
        """Make deleted text leave the index segments, free pages and the write-ahead log."""
        ...

    async def check(self) -> list[str]:
        """What is wrong with the file, as sentences: pages, references, full-text indexes. A checked copy is made for
        it and removed again, so reads and writes go on. Raises StorageFull when there is no room for one."""
        ...

    def no_backup(self) -> AbstractAsyncContextManager[None]:
        """Nobody makes a backup inside: a purge finds in the backups whatever it has to delete there."""
        ...

    async def purge_copies(self, ids: Sequence[str]) -> Mapping[str, str]:
        """Delete memories from the backups too; by a backup's name what is left there, '' for nothing, else why."""
        ...

    async def compact(self) -> int:
        """Write the file anew when much of it is free; answers how many bytes that gave back. Writes wait meanwhile."""
        ...

    async def facts(self) -> dict[str, object]:
        """Sizes, schema version and library version, for status and doctor."""
        ...

    async def close(self) -> None: ...
