"""What a vector store keeps of a payload, and a digest of it that is the same for every engine.

Not the payload's making (lmem.service.points). Engines may keep a user's own words as digests, and leave free text out:
the digest here is of what all of them keep.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2b

WORDS = frozenset({"memory_type", "category", "tags", "pattern_type", "pattern_name"})
"""Payload keys whose values users make up. Ids, layers and numbers are kept as they are."""

FREE_TEXT = frozenset({"title", "summary"})
"""Payload keys that an engine in process never stores: after a delete their bytes would stay in its pages."""


def stored_word(key: str, word: str) -> str:
    """A keyword as a digest: 16 hex digits for a key of WORDS, the word itself for another."""
    return blake2b(word.encode(), digest_size=8).hexdigest() if key in WORDS else word


def digest(payload: Mapping[str, object], digested: bool = False) -> str:
    """16 hex digits of a payload without its free text; `digested` says that its words are digests already."""
    kept = {
        key: _plain(key, value, digested)
        for key, value in payload.items()
        if value is not None and key not in FREE_TEXT
    }
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _plain(key: str, value: object, digested: bool) -> object:
    if isinstance(value, str):
        return value if digested else stored_word(key, value)
    if isinstance(value, Sequence):
        return [_plain(key, item, digested) for item in value]
    return round(float(value), 6) if isinstance(value, int | float) else str(value)
