"""What a service may ask of the backups of the truth.

Not the truth itself (lmem.ports.storage): nothing here changes it, and a restore is carried out by the next start.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lmem.domain.backup import Backup, Plan


class BackupStore(Protocol):
    """The checked copies of the truth, in their directory and elsewhere."""

    async def create(self, target: str | None) -> tuple[Backup, Sequence[str]]:
        """A new one, in the directory or as the file `target`; and the names of those that were let go for it.

        Raises StorageFull before anything is written, Conflict when there is such a file, InvalidInput for a place
        beside the database, NotFound without a directory for it, Damaged when the copy does not pass its check.
        """
        ...

    async def listed(self) -> list[Backup]:
        """Those in the directory, the newest first."""
        ...

    async def check(self, wanted: str) -> str:
        """What is wrong with one, found in a copy that is removed again; '' for nothing.

        Raises NotFound, StorageFull.
        """
        ...

    async def plan(self, wanted: str) -> Plan:
        """What restoring one would change. `wanted` is a name, its first characters, or a path with a '/'.

        Raises NotFound, Damaged when it does not pass its check, ForeignFile, NewerFile, StorageFull.
        """
        ...

    async def ask(self, wanted: str, address: str, agent: str) -> str:
        """Have the next start of the daemon restore one; the id of that. Raises NotFound, StorageFull."""
        ...
