"""What a service may ask of the audit log's table.

Not when something is logged (lmem.service.recording and lmem.service.activity), nor how the chain is checked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from lmem.domain.actors import Actor
from lmem.domain.audit import Entry, Link, Mark, Wanted


class AuditTable(Protocol):
    """The hash chain of `audit_log`, its head and the anchors that retention leaves."""

    def append(
        self, actor: Actor, action: str, kind: str, object_id: str, details: Mapping[str, object], at: str
    ) -> None:
        """Add an entry. `details` hold ids, field names and counts, never text."""
        ...

    def append_many(
        self, actor: Actor, action: str, kind: str, ids: Sequence[str], details: Mapping[str, object], at: str
    ) -> None:
        """Add an entry for each of these objects, with the same details."""
        ...

    def page(self, wanted: Wanted, limit: int, offset: int) -> list[Entry]:
        """Entries, the newest first."""
        ...

    def head(self) -> Mark | None:
        """The last entry as its writer left it; None when that record is gone."""
        ...

    def anchor(self) -> Mark:
        """Where the chain starts: the newest anchor, else the place before the first entry."""
        ...

    def links(self, after: int, limit: int) -> list[Link]:
        """Entries above a place, in their order."""
        ...

    def last_before(self, at: str) -> int | None:
        """The highest place among entries that are older than a time."""
        ...

    def add_anchor(self, seq: int, reason: str, at: str) -> None:
        """Let entries up to `seq` go: the chain starts there from now on."""
        ...

    def cut(self, up_to: int, limit: int) -> int:
        """Delete the oldest `limit` entries up to an anchor; answers how many there were."""
        ...
