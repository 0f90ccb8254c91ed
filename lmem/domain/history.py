"""Versions and change sets: what is kept of every change.

Not the code that writes them (lmem.service.recording).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

TEXT_FIELDS = ("title", "content", "summary")
"""Fields that a version keeps whole; its difference holds their lengths alone. A summary that was made
of the text's own sentences is in the difference instead, so that it does not cost a copy of the text."""

LINKS = {"resolved_by": "resolves", "superseded_by": "supersedes", "outcome": ""}
"""What a difference may hold beside columns: the other memory of a relation, which undo and redo unmake and make
again; `outcome` is a property of the first."""

Diff = Mapping[str, tuple[object, object]]
"""Column -> (before, after), for every column that changed, and LINKS."""

BY_HAND = {
    "session-start": "'lmem session end' ends it.",
    "session-switch": "'lmem session switch' goes to another one.",
    "session-focus": "'lmem session focus' and 'lmem session unfocus' change it again.",
    "project-init": "'lmem project archive' takes it out of the lists.",
    "project-set": "'lmem project set' changes it again; 'lmem config' does for its settings.",
    "project-rename": "'lmem project rename' gives it its old name back.",
    "project-archive": "'lmem project archive --restore' brings it back.",
    "project-restore": "'lmem project archive' takes it out of the lists again.",
    "setting": "'lmem config set' and 'lmem config unset' change it again.",
    "user": "'lmem user set' changes it again.",
    "pattern": "'lmem patterns forget' removes a pattern with its uses.",
    "pattern-forget": "'lmem patterns add' records it anew.",
    "purge": "What was purged does not come back.",
}
"""Kinds of change sets that touch no memory that `undo` could turn back, and what takes each back. They are kept so
that a plain `undo` does not reach past the last thing that a user did. Their reason says what that was, as a clause."""


def keeps_text(diff: Diff) -> bool:
    """Whether the version before the one of this difference keeps its text: some text is in it by its length."""
    return any(isinstance(diff[name][0], int) for name in TEXT_FIELDS if name in diff)


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a memory. `recorded_at` is when lmem learned it, `valid_from` when it began to hold."""

    memory_id: str
    number: int
    title: str
    content: str
    summary: str | None
    change_type: str
    reason: str | None
    diff: Diff
    change_set: int | None
    valid_from: str
    recorded_at: str
    created_by: str


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """One action that `lmem undo` can reverse as a whole.

    An undo is a change set of kind 'undo'; what undoes that is one of kind 'redo', which stands for the first again.
    """

    id: int
    kind: str
    reason: str | None
    created_at: str
    created_by: str
    undone_by: int | None


@dataclass(frozen=True, slots=True)
class Change:
    """A change set as its reader may see it: how many memories it changed, and the id and title of some.

    A single `add` is one without an id: it has no change set.
    """

    id: int | None
    kind: str
    reason: str | None
    created_at: str
    undone_by: int | None
    count: int
    memories: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AsOf:
    """A moment to look back to, as stored text: by when things held, or with `recorded` by when lmem learned them."""

    at: str
    recorded: bool = False

    def of(self, version: Version) -> str:
        """The time of a version that counts."""
        return version.recorded_at if self.recorded else version.valid_from
