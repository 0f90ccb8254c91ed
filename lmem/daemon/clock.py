"""The daemon's clock: the machine's, or one set by LMEM_NOW for tests.

Not for waits: those use the event loop's monotonic clock.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from lmem.domain.times import parse_moment


class SystemClock:
    """UTC now. With a `start` it begins there and runs on from it; it is then `shifted`, and status says so."""

    def __init__(self, start: str | None = None) -> None:
        real = datetime.now(UTC)
        self._began = time.monotonic()
        self._start = parse_moment(start, real) if start else None

    @property
    def shifted(self) -> bool:
        return self._start is not None

    def now(self) -> datetime:
        if self._start is None:
            return datetime.now(UTC)
        return self._start + timedelta(seconds=time.monotonic() - self._began)
