"""The points of patterns, found beside those of memories: what each holds, and as little embedding as possible.

Not the relay (lmem.service.projection), which decides when and what.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from lmem.domain.outbox import Pending, Projection
from lmem.domain.patterns import Pattern
from lmem.errors import StoreUnavailable
from lmem.ports.embedder import Document, ModelInfo
from lmem.ports.storage import UnitOfWork
from lmem.ports.vectors import PATTERNS, AsyncVectors, Payload, Point
from lmem.service.generations import AVERAGE_LENGTH
from lmem.service.indexes import Indexes


@dataclass(frozen=True, slots=True)
class LoadedPatterns:
    """What rows of patterns stand for: patterns to index, and the ids that a projection must not hold."""

    patterns: tuple[Pattern, ...]
    gone: tuple[str, ...]


def load_patterns(tx: UnitOfWork, rows: Sequence[Pending]) -> LoadedPatterns:
    """The current state of the patterns that rows name."""
    found = {row.object_id: tx.patterns.find(row.object_id) if row.op == "upsert" else None for row in rows}
    present = tuple(item for item in found.values() if item is not None)
    return LoadedPatterns(present, tuple(id for id, item in found.items() if item is None))


async def pattern_points(
    indexes: Indexes, vectors: AsyncVectors, projection: Projection, patterns: Sequence[Pattern]
) -> list[Point]:
    """The points of patterns in a projection; one whose words did not change since gets a new payload alone.

    Raises StoreUnavailable without a model.
    """
    model = indexes.model
    if model is None:
        raise StoreUnavailable("There is no model to embed with.")
    payloads = {item.id: pattern_payload(item, model) for item in patterns}
    known = [item.id for item in patterns if item.rev > 1]
    stored = await vectors.retrieve(projection.generation, PATTERNS, known) if known else []
    made_of = ("content_hash", "model")
    kept = {item.id for item in stored if all(item.payload.get(key) == payloads[item.id][key] for key in made_of)}
    new = [item for item in patterns if item.id not in kept]
    average = float(projection.settings.get("average_length", AVERAGE_LENGTH))
    encoded = await indexes.embedder.encode_documents([Document(item.text) for item in new], average) if new else []
    encodings = {item.id: encoding for item, encoding in zip(new, encoded, strict=True)}
    return [Point(item.id, payloads[item.id], encodings.get(item.id)) for item in patterns]


def pattern_payload(pattern: Pattern, model: ModelInfo) -> Payload:
    """The payload of specification 2.2, with what a replay needs: revision, what the point was made of."""
    return {
        "pattern_id": pattern.id,
        "pattern_type": pattern.type,
        "pattern_name": pattern.name,
        "project_ids": list(pattern.project_ids),
        "success_rate": pattern.success_rate,
        "usage_count": pattern.usage_count,
        "created_at": pattern.created_at,
        "rev": pattern.rev,
        "content_hash": hashlib.blake2b(pattern.text.encode(), digest_size=16).hexdigest(),
        "model": model.fingerprint,
    }
