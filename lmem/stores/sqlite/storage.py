"""The storage port on SQLite: tables bound to a connection, transactions through the database's one writer.

Not the writer itself (database.py).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar

from lmem.errors import LmemError
from lmem.ports.storage import UnitOfWork
from lmem.stores.sqlite.annotations import AnnotationRows
from lmem.stores.sqlite.audit import AuditRows
from lmem.stores.sqlite.consistency import ConsistencyRows
from lmem.stores.sqlite.context import ContextRows
from lmem.stores.sqlite.database import Database
from lmem.stores.sqlite.decay import DecayRows
from lmem.stores.sqlite.directory import DirectoryRows
from lmem.stores.sqlite.fulltext import FullTextRows
from lmem.stores.sqlite.graph import GraphRows
from lmem.stores.sqlite.jobs import JobRows
from lmem.stores.sqlite.layers import LayerRows
from lmem.stores.sqlite.leftservers import ServerRows
from lmem.stores.sqlite.memories import MemoryRows
from lmem.stores.sqlite.outbox import OutboxRows
from lmem.stores.sqlite.past import PastRows
from lmem.stores.sqlite.patterns import PatternRows
from lmem.stores.sqlite.projects import ProjectRows
from lmem.stores.sqlite.relations import RelationRows
from lmem.stores.sqlite.scopes import ScopeRows
from lmem.stores.sqlite.sessions import MemberRows, SessionRows
from lmem.stores.sqlite.settings import SettingRows
from lmem.stores.sqlite.timeline import TimelineRows
from lmem.stores.sqlite.users import UserRows
from lmem.stores.sqlite.versions import VersionRows
from lmem.stores.sqlite.watch import Change, changes

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Tables:
    """Every table on one connection: the unit of work of specification 5.4's coordinator."""

    memories: MemoryRows
    fulltext: FullTextRows
    versions: VersionRows
    past: PastRows
    timeline: TimelineRows
    outbox: OutboxRows
    relations: RelationRows
    graph: GraphRows
    directory: DirectoryRows
    layers: LayerRows
    audit: AuditRows
    projects: ProjectRows
    patterns: PatternRows
    users: UserRows
    scopes: ScopeRows
    sessions: SessionRows
    members: MemberRows
    context: ContextRows
    annotations: AnnotationRows
    settings: SettingRows
    decay: DecayRows
    jobs: JobRows
    consistency: ConsistencyRows
    servers: ServerRows


def tables(connection: sqlite3.Connection) -> Tables:
    """The tables of a connection."""
    return Tables(
        MemoryRows(connection),
        FullTextRows(connection),
        VersionRows(connection),
        PastRows(connection),
        TimelineRows(connection),
        OutboxRows(connection),
        RelationRows(connection),
        GraphRows(connection),
        DirectoryRows(connection),
        LayerRows(connection),
        AuditRows(connection),
        ProjectRows(connection),
        PatternRows(connection),
        UserRows(connection),
        ScopeRows(connection),
        SessionRows(connection),
        MemberRows(connection),
        ContextRows(connection),
        AnnotationRows(connection),
        SettingRows(connection),
        DecayRows(connection),
        JobRows(connection),
        ConsistencyRows(connection),
        ServerRows(connection),
    )


class SqliteStorage:
    """Storage over one Database.

    `on_change` hears on the event loop what each commit changed, before anybody is answered.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.on_change: Callable[[Sequence[Change]], None] = lambda changed: None

    @property
    def trouble(self) -> LmemError | None:
        return self._database.trouble

    async def write(self, work: Callable[[UnitOfWork], T], large: bool = False) -> T:
        changed: list[Change] = []

        def watched(connection: sqlite3.Connection) -> T:
            value = work(tables(connection))
            changed.extend(changes(connection))
            return value

        return await self._database.write(watched, large, lambda: self.on_change(changed) if changed else None)

    async def read(self, work: Callable[[UnitOfWork], T], brief: bool = False) -> T:
        return await self._database.read(lambda connection: work(tables(connection)), brief=brief)

    async def query(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` of this package on one snapshot, with a connection that cannot write."""
        return await self._database.read(work)

    async def quiet(self, seconds: float) -> None:
        await self._database.quiet(seconds)

    def announced(self) -> AbstractContextManager[None]:
        return self._database.announced()

    async def checkpoint(self) -> bool:
        return await self._database.checkpoint()

    async def purge_residue(self) -> None:
        await self._database.purge_residue()

    async def check(self) -> list[str]:
        return await self._database.check()

    def no_backup(self) -> AbstractAsyncContextManager[None]:
        return self._database.copying

    async def purge_copies(self, ids: Sequence[str]) -> Mapping[str, str]:
        return await self._database.purge_copies(ids)

    async def compact(self) -> int:
        return await self._database.compact()

    async def facts(self) -> dict[str, object]:
        return await self._database.read(_facts)

    async def close(self) -> None:
        await self._database.close()


def _facts(connection: sqlite3.Connection) -> dict[str, object]:
    def pragma(name: str) -> int:
        value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
        return value

    return {
        "version": sqlite3.sqlite_version,
        "schema": pragma("user_version"),
        "bytes": pragma("page_count") * pragma("page_size"),
        "free_bytes": pragma("freelist_count") * pragma("page_size"),
    }
