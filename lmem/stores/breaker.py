"""A circuit breaker: after some failures in a row a server is left alone for a while, and callers are told at once.

Not a retry, and no thread: whoever calls the server asks `check` before, and tells `worked` or `failed` after.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from lmem.errors import StoreUnavailable

FAILURES = 2
"""In a row, after which the circuit opens. One may be chance: a connection that the server closed meanwhile."""
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 15.0
REFUSED_PAUSE = 60.0
"""Seconds after a server refused the credentials: trying again at once may lock the account."""


class Breaker:
    """The state of the way to one server. Safe from several threads: a lost update costs one more try."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._pause = 0.0
        self._closed_until = 0.0
        self.trouble: StoreUnavailable | None = None

    @property
    def pause(self) -> float:
        """Seconds for which the server is left alone still."""
        return max(0.0, self._closed_until - self._clock())

    def check(self) -> None:
        """Raise the last StoreUnavailable while the server is left alone."""
        trouble = self.trouble
        if trouble is not None and self._clock() < self._closed_until:
            raise trouble.with_traceback(None)  # raised again and again, it would keep every caller's frames

    def worked(self) -> None:
        """The server answered."""
        if self.trouble is not None:
            self.reset()
        self._failures = 0

    def failed(self, err: StoreUnavailable, refused: bool = False) -> StoreUnavailable:
        """The server did not answer, or `refused` the credentials; answers `err`, to be raised."""
        self._failures += 1
        if refused:
            self.trouble, self._closed_until = err, self._clock() + REFUSED_PAUSE
        elif self._failures >= FAILURES:
            self._pause = min(LONGEST_PAUSE, self._pause * 2 or FIRST_PAUSE)
            self.trouble, self._closed_until = err, self._clock() + self._pause
        return err

    def reset(self) -> None:
        """Try the server again at once, as after its settings changed."""
        self._failures, self._pause, self._closed_until, self.trouble = 0, 0.0, 0.0, None
