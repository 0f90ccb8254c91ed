"""Ids for rows that nobody names: each is the one after the last, so that their index is written in one place.

Not the ids of memories, which are random: those are what people abbreviate.
"""

from __future__ import annotations

import itertools
import secrets

_numbers = itertools.count(secrets.randbits(128 - 32) << 32)  # of this process


def consecutive_ids(count: int) -> list[str]:
    """So many new ids of 32 hex digits in a row. Random ones cost a page of the index each."""
    return [f"{number:032x}" for number in itertools.islice(_numbers, count)]
