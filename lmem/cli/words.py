"""Values that completion offers: fixed words, and what has to be asked for.

Not what is accepted; the daemon decides that. A house test holds these equal to the domain's own lists.
"""

from __future__ import annotations

TYPES = (
    "decision", "task", "progress", "insight", "pattern", "error", "solution", "preference", "note", "commit",
)  # fmt: skip
LAYERS = ("session", "project", "global", "temporal")
RELATIONS = (
    "relates_to", "contradicts", "builds_on", "resolves", "supersedes", "temporal_before", "same_context",
)  # fmt: skip
SHELLS = ("bash", "zsh", "fish")

FIXED: dict[str, tuple[str, ...]] = {
    "type": TYPES,
    "kind": ("architecture", "testing", "deployment", "code_style"),
    "order": ("usage", "success"),
    "relation": RELATIONS,
    "format": ("dot", "graphml", "json"),
    "layer": LAYERS,
    "layers": LAYERS,
    "only": ("fts", "sparse", "dense"),
    "engine": ("light", "sentence-transformers"),
    "shell": SHELLS,
    "level": ("user", "project", "project-file", "preferences", "system"),
}
"""By parameter name: words that complete it."""

ASKED: dict[str, str] = {
    "id": "ids",
    "ids": "ids",
    "by": "ids",
    "other": "ids",
    "node": "ids",
    "start": "ids",
    "end": "ids",
    "tag": "tags",
    "add_tag": "tags",
    "remove_tag": "tags",
    "project": "projects",
    "source": "projects",
    "into": "projects",
    "pattern": "patterns",
    "demonstrates": "ids",
    "validates": "ids",
    "contradicts": "ids",
    "memory": "ids",
    "key": "settings",
    "session": "sessions",
    "parent": "sessions",
    "wanted": "backups",
    "backups": "backups",
}
"""By parameter name: what `lmem _complete` is asked for."""

FILES = ("file", "jsonl", "to", "directory")
"""Parameters that are paths."""
