"""Points for the contract of the vector store: seeded, small, and with every kind of payload.

Not a test.
"""

from __future__ import annotations

import math
import random
from array import array

from lmem.domain.encodings import packed
from lmem.ports.embedder import Encoding
from lmem.ports.vectors import Point

DIMENSIONS = 8
GENERATION = "gen-0001"


def an_id(number: int) -> str:
    """32 hex digits that sort as the numbers do not."""
    return f"{(number * 0x9E3779B97F4A7C15) % (1 << 64):016x}{number:016x}"


def encoding(dense: list[float], terms: dict[int, float] | None = None) -> Encoding:
    """`dense` scaled to norm 1."""
    norm = math.hypot(*dense)
    words = terms or {}
    weights = array("f", words.values()).tobytes()
    return Encoding(packed([value / norm for value in dense]), array("I", words).tobytes(), weights, len(words))


def random_encoding(seed: int, terms: int = 6) -> Encoding:
    """Any direction, and terms of a small vocabulary."""
    chance = random.Random(seed)
    words = {term * 7919: chance.uniform(0.3, 2.0) for term in chance.sample(range(40), terms)}
    return encoding([chance.gauss(0, 1) for _ in range(DIMENSIONS)], words)


def point(number: int, given: Encoding | None = None, **payload: object) -> Point:
    """A memory's point; `payload` replaces keys of the usual one."""
    id = an_id(number)
    usual: dict[str, object] = {
        "memory_id": id,
        "user_id": "a" * 32,
        "project_id": f"{number % 3:032x}",
        "session_id": None,
        "memory_type": ("note", "decision", "task")[number % 3],
        "category": "architecture",
        "tags": ["red", "blue"] if number % 2 else ["green"],
        "importance_score": round(number % 10 / 10, 1),
        "layer_assignments": ["project", "temporal"] if number % 4 else ["global"],
        "title": "A title that no index keeps",
        "summary": "A summary that no index keeps",
        "created_at": f"2026-01-{number % 28 + 1:02d}T10:00:00.000Z",
        "updated_at": "2026-02-01T10:00:00.000Z",
        "rev": 1,
        "content_hash": "c" * 32,
        "model": "m" * 16,
    }
    return Point(id, {**usual, **payload}, given or random_encoding(number))  # type: ignore[dict-item]
