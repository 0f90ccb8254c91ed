"""Ids for rows that are written together: alike in the beginning, so that their index is written in one place.

Not the ids of memories, which are random: those are what people abbreviate.
"""

from __future__ import annotations

import secrets


def consecutive_ids(count: int) -> list[str]:
    """So many new ids of 32 hex digits in a row. Random ones cost a page of the index each."""
    first = secrets.randbits(128 - 32) << 32
    return [f"{first + number:032x}" for number in range(count)]
