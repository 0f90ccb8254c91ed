"""What a service may ask of the record of the servers that hold, or held, a copy of the memories.

Not the settings that name them (lmem.settings) and not the projections on them (OutboxTable).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lmem.domain.leftservers import KnownServer


class ServerTable(Protocol):
    """The servers that the truth remembers."""

    def all(self) -> list[KnownServer]:
        """Those in use and those left, in the order in which they became known."""
        ...

    def keep(self, servers: Sequence[KnownServer]) -> None:
        """Remember these, and no others."""
        ...
