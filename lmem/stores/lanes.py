"""Which call of the index worker runs on which of its threads: whom it waits for, and for how long.

Not the threads themselves (lmem.stores.isolated_child).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lmem.stores.pipe import Lane

QUERY = Lane("query", threads=3, timeout=2, patience=3)
ENCODE = Lane("encode", threads=1, timeout=300)
WRITE = Lane("write", threads=1, timeout=60)
MAINTENANCE = Lane("maintenance", threads=1, timeout=None)

LANES: Mapping[tuple[str, str], Lane] = {  # the first lane's threads read the pipe themselves
    ("finder", "find"): QUERY,
    ("embedder", "load"): MAINTENANCE,
    ("embedder", "encode_documents"): ENCODE,
    ("embedder", "cosines"): ENCODE,
    ("vectors", "search"): QUERY,
    ("vectors", "count"): QUERY,
    ("vectors", "retrieve"): WRITE,
    ("vectors", "scroll"): WRITE,
    ("vectors", "digests"): WRITE,
    ("vectors", "write"): WRITE,
    ("vectors", "sizes"): WRITE,
    ("vectors", "engine"): WRITE,
    ("vectors", "open"): MAINTENANCE,
    ("vectors", "serve"): MAINTENANCE,
    ("vectors", "copy"): MAINTENANCE,
    ("vectors", "optimise"): MAINTENANCE,
    ("vectors", "drop"): MAINTENANCE,
}
"""Every call there is, and whom it may wait for: a question never waits for documents, a write, a load."""


def lanes(server_timeout: float | None) -> Mapping[tuple[str, str], Lane]:
    """LANES for vectors on a server that may take `server_timeout` seconds for an answer; None for those in process.

    The server's own limit has to end a call first: a late answer would count as a worker that hangs.
    """
    if server_timeout is None:
        return LANES
    slow = {
        QUERY: replace(QUERY, timeout=server_timeout + 1),
        WRITE: replace(WRITE, timeout=max(60, 4 * server_timeout)),
    }
    return {call: slow.get(lane, lane) for call, lane in LANES.items()}
