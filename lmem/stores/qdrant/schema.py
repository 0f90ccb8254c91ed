"""The collections as data: vectors, payload indexes and the number of their schema (specification 2.1, 2.2).

Not tied to Edge or a server: both build theirs from these tables.
"""

from __future__ import annotations

from lmem.errors import InvalidInput
from lmem.ports.vectors import MEMORIES, PATTERNS

SCHEMA = 2
"""Grows when a collection's vectors or payload indexes change; a generation of another schema is built anew."""

DENSE = ""
"""The default vector: cosine, of the model's dimensions."""

SPARSE = "text"
"""BM25 weights; inverse document frequency is Qdrant's part."""

PAYLOAD_INDEXES: dict[str, dict[str, str]] = {
    MEMORIES: {
        "user_id": "keyword",
        "project_id": "keyword",
        "session_id": "keyword",
        "memory_type": "keyword",
        "category": "keyword",
        "tags": "keyword",
        "importance_score": "float",
        "layer_assignments": "keyword",
        "created_at": "datetime",
        "updated_at": "datetime",
    },
    PATTERNS: {
        "pattern_type": "keyword",
        "pattern_name": "keyword",
        "project_ids": "keyword",
        "success_rate": "float",
        "usage_count": "integer",
        "created_at": "datetime",
    },
}
"""Key to kind, by collection. Only these keys can be conditions: a filter on another one would read every payload.

`memory_id` and `pattern_id` are in the payload and have no index: they are the point's own id, which is one. A keyword
index costs 0.7 MB of disk at 10,000 points and 4 MB of resident memory from the first.
"""


def check_collection(name: str) -> None:
    """Raises InvalidInput for a collection that does not exist."""
    if name not in PAYLOAD_INDEXES:
        raise InvalidInput(f"There is no collection '{name}'; there are {', '.join(PAYLOAD_INDEXES)}.")
