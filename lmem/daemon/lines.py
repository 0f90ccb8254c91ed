"""Bytes in, lines out, below a limit: a longer line is forgotten as it comes and reported once.

Not a decoder: what a line holds is not looked at.
"""

from __future__ import annotations

from lmem.errors import FrameError


class Lines:
    """A buffer of at most about `limit` bytes of one line, and whatever whole lines were fed but not taken yet."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._buffer = bytearray()
        self._scanned = 0  # bytes at the front known to hold no newline
        self._discarding = False  # inside a line that was reported as too long

    def __len__(self) -> int:
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Add what was read."""
        self._buffer += data

    def clear(self) -> None:
        """Forget everything."""
        self._buffer.clear()
        self._scanned = 0

    def take(self) -> bytes | None:
        """The next whole line; None when there is none yet. Raises FrameError, once, for a line over the limit."""
        while True:
            end = self._buffer.find(b"\n", self._scanned)
            if end < 0:
                self._scanned = len(self._buffer)
                if self._scanned < self.limit:
                    return None
                self.clear()
                if self._discarding:
                    return None
                self._discarding = True
                raise self._too_long()
            line = bytes(memoryview(self._buffer)[: end + 1]) if end < self.limit and not self._discarding else None
            del self._buffer[: end + 1]
            self._scanned = 0
            if line is not None:
                return line
            if not self._discarding:
                raise self._too_long()
            self._discarding = False

    def _too_long(self) -> FrameError:
        return FrameError(f"A frame may have {self.limit} bytes; this one has more.")
