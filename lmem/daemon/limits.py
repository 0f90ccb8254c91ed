"""What one client of the daemon may use, so that the others are served meanwhile.

Not who keeps to it: lmem.daemon.conversation, lmem.daemon.requests and lmem.daemon.server do.
"""

from __future__ import annotations

from dataclasses import dataclass

from lmem.protocol.framing import MAX_FRAME


@dataclass(frozen=True, slots=True)
class Limits:
    """Counts, bytes and seconds a client may use. `frame` is one line with its newline, `hello_frame` the first one.

    Answers that a client does not read: over `write_pause` bytes its requests wait, over `write_cut` bytes or after
    `stall_seconds` without room it is cut off.
    """

    connections: int = 256
    in_flight: int = 64
    frame: int = MAX_FRAME
    hello_frame: int = 64 * 1024
    hello_seconds: float = 5.0
    write_pause: int = 1024 * 1024
    write_cut: int = 2 * MAX_FRAME
    stall_seconds: float = 30.0
