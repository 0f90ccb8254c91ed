"""What a service may ask about the layers: how many memories each holds.

Not the flags of one memory (lmem.ports.tables).
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from lmem.domain.filters import Filter


class Kept(NamedTuple):
    """So many memories of one type and one project (None for none) have exactly these layers."""

    layers: tuple[str, ...]
    memory_type: str
    project_id: str | None
    memories: int


class LayerTable(Protocol):
    """Counts over the layer flags of `memories`."""

    def kept(self, wanted: Filter) -> list[Kept]:
        """The memories of a filter by layers, type and project, the most first."""
        ...
