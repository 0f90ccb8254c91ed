"""Versions and change sets: what is kept of every change.

Not the code that writes them (lmem.service.recording).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Diff = Mapping[str, tuple[object, object]]
"""Column -> (before, after), for every column that changed."""


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
    """One action that `lmem undo` can reverse as a whole."""

    id: int
    kind: str
    reason: str | None
    created_at: str
    undone_by: int | None
