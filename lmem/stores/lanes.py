"""Which call of the index worker runs on which of its threads: whom it waits for, and for how long.

Not the threads themselves (lmem.stores.isolated_child).
"""

from __future__ import annotations

from collections.abc import Mapping

from lmem.stores.pipe import Lane

QUERY = Lane("query", threads=3, timeout=2, patience=3)
ENCODE = Lane("encode", threads=1, timeout=300)
WRITE = Lane("write", threads=1, timeout=60)
MAINTENANCE = Lane("maintenance", threads=1, timeout=None)

LANES: Mapping[tuple[str, str], Lane] = {  # the first lane's threads read the pipe themselves
    ("finder", "find"): QUERY,
    ("embedder", "load"): MAINTENANCE,
    ("embedder", "encode_documents"): ENCODE,
    ("vectors", "search"): QUERY,
    ("vectors", "count"): QUERY,
    ("vectors", "retrieve"): WRITE,
    ("vectors", "scroll"): WRITE,
    ("vectors", "digests"): WRITE,
    ("vectors", "write"): WRITE,
    ("vectors", "sizes"): WRITE,
    ("vectors", "open"): MAINTENANCE,
    ("vectors", "copy"): MAINTENANCE,
    ("vectors", "optimise"): MAINTENANCE,
    ("vectors", "drop"): MAINTENANCE,
}
"""Every call there is, and whom it may wait for: a question never waits for documents, a write, a load."""
