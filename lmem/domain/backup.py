"""A backup as its user sees it, and what restoring one would change.

Not the file (lmem.backupfiles) and not the copying (lmem.stores.sqlite.backup).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database holds: the number of its schema, its memories, archived ones too, and when the newest version of
    one was recorded, where that was asked for."""

    schema: int
    memories: int
    changed_at: str | None = None


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup. `reason` is why it was made, '' when its name does not say; `bytes` are on the disk.

    `holds` is None, and `problem` says why, when it cannot be read.
    """

    name: str
    path: str
    at: str
    reason: str
    bytes: int
    holds: Contents | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a restore would change: `backup` takes the place of what there is `now` (None when that cannot be read).

    `left_out` memories of it were purged since and do not come back. `purges_known_since` is a moment before which the
    audit log has let go of what was purged, None when it tells of all.
    """

    backup: Backup
    now: Contents | None
    left_out: int
    purges_known_since: str | None
