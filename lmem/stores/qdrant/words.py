"""The user's own words among the payload's keywords, kept in Edge as digests.

Not a secret: it serves the purge. After a delete an old payload's bytes stay in Edge's pages, for good; a digest finds
the same points, since keywords are only ever compared for equality, and is no word.
"""

from __future__ import annotations

from lmem.domain.payloads import FREE_TEXT, WORDS, stored_word
from lmem.ports.vectors import Payload


def stored_payload(payload: Payload) -> dict[str, object]:
    """A payload as Edge keeps it: without empty keys and free text."""
    kept = {key: value for key, value in payload.items() if value is not None and key not in FREE_TEXT}
    return {key: _stored(key, value) if key in WORDS else value for key, value in kept.items()}


def _stored(key: str, value: object) -> object:
    if isinstance(value, str):
        return stored_word(key, value)
    return [stored_word(key, str(word)) for word in value] if isinstance(value, list | tuple) else value
