"""What a service may ask of the truth about an earlier time: rows that stand as they did, rows that changed since.

Not the replay of those that changed (lmem.domain.replay).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from lmem.domain.filters import Filter
from lmem.domain.history import AsOf, Version
from lmem.domain.memories import Memory
from lmem.ports.tables import Hit


class PastTable(Protocol):
    """Memories at another time."""

    def unchanged(self, wanted: Filter, moment: AsOf, order: str, limit: int) -> tuple[list[Memory], int]:
        """The first memories that pass the filter, were there then and did not change since, and how many there are.

        Long texts are cut, so that there may be thousands.
        """
        ...

    def changed(self, wanted: Filter, moment: AsOf) -> list[str]:
        """Ids of the user's memories that changed since, archived ones too; with `shared` without private ones."""
        ...

    def histories(self, ids: Sequence[str]) -> list[tuple[Memory, list[Version]]]:
        """Each memory as it is now, its text cut, with its versions, oldest first, whose texts are left empty."""
        ...

    def texts(self, wanted: Sequence[tuple[str, int]]) -> Iterator[tuple[str, int, str, str, str | None]]:
        """Memory id, number, title, content and summary of versions, one at a time and in the order of `wanted`."""
        ...

    def passing(self, states: Sequence[Memory], wanted: Filter) -> set[str]:
        """The ids of those states of memories that pass the filter."""
        ...

    def match(self, expression: str, wanted: Filter, moment: AsOf, limit: int) -> list[Hit]:
        """Full-text hits among memories that did not change since and pass the filter."""
        ...

    def match_changed(self, expression: str, wanted: Filter, moment: AsOf, limit: int) -> list[Hit]:
        """Full-text hits in what memories that changed since say now; nothing of the filter but its reader holds."""
        ...

    def match_old(self, expression: str, wanted: Filter, limit: int) -> list[tuple[str, int, float]]:
        """Hits in texts that were replaced: memory id, the last version with that text, score."""
        ...
