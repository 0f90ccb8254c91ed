"""The id of a new memory: 32 hex digits, of which the first two follow the clock.

Not a timestamp: they come round every 26 s, so that a short prefix still names one memory, as git's do. Standard
library only: a client makes ids too, so that it may ask again when an answer was lost.
"""

from __future__ import annotations

import os
import time

_SLOT_NS = 100_000_000


def new_id() -> str:
    """Rows written together lie together in every index by id: a shared commit writes one page of it, not one a row
    (of random ids 78 pages of 16 kB a commit of eight adds, of these 52; tests/bench/speed.py --only acks)."""
    return f"{time.monotonic_ns() // _SLOT_NS % 256:02x}{os.urandom(15).hex()}"
