"""What differs between two states of a memory: fields, and lines of its text.

Not the difference that a version stores (lmem.service.recording).
"""

from __future__ import annotations

import difflib

from lmem.domain.memories import Memory

FIELDS = (
    "title", "summary", "memory_type", "category", "tags", "importance_score", "decay_rate", "project_id", "session_id",
    "layers", "context", "is_private", "is_archived", "valid_until",
)  # fmt: skip


def fields(before: Memory, after: Memory) -> dict[str, tuple[object, object]]:
    """Name -> (before, after) of the fields that differ, but for the text; lists for layers and tags."""
    pairs = {name: (_plain(getattr(before, name)), _plain(getattr(after, name))) for name in FIELDS}
    pairs["layers"] = (list(before.layers.names), list(after.layers.names))
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def lines(before: Memory, after: Memory) -> list[str]:
    """The texts' unified difference without a head, as `diff -u` writes it; empty when they are equal."""
    if before.content == after.content:
        return []
    return list(difflib.unified_diff(before.content.split("\n"), after.content.split("\n"), lineterm=""))[2:]


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else dict(value) if isinstance(value, dict) else value
