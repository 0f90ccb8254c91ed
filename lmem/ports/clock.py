"""What a service may ask of time.

Not for waits: those use the event loop's own monotonic clock.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The source of every stored time."""

    def now(self) -> datetime:
        """The current moment, timezone-aware, in UTC."""
        ...
