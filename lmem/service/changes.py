"""What happened to the truth and when, by a number that grows with each change: it tells right values from void ones.

Not kept: a daemon begins anew, and then no older value counts.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from lmem.domain.cachekeys import CacheKey

MOST = 4096
"""Objects whose last change is remembered one by one."""


class Changes:
    """Numbers of the last changes. Call it from the event loop only.

    `life` differs from one daemon to the next: a number means nothing to another one, whose truth may have been
    restored from a backup meanwhile.
    """

    def __init__(self, number: int = 0) -> None:
        self.number = number
        self.life = secrets.token_hex(4)
        self._floor = number
        self._named: dict[tuple[str, str], int] = {}
        self._unnamed: dict[str, int] = {}
        self._any: dict[str, int] = {}

    def happened(self, changed: Iterable[tuple[str, str]]) -> None:
        """These events (lmem.domain.cachekeys) happened, each to an object, or to '' for any number of them."""
        self.number += 1
        if len(self._named) > MOST:
            self._named.clear()
            self._floor = self.number
        for event, object_id in changed:
            self._any[event] = self.number
            if object_id:
                self._named[event, object_id] = self.number
            else:
                self._unnamed[event] = self.number

    def last(self, row: CacheKey, object_id: str = "") -> int:
        """The number of the last change that makes values of a key void: what was made at a lower one is."""
        found = max(self._floor, self._any.get("purge", 0))
        for event in row.any:
            found = max(found, self._any.get(event, 0))
        for event in row.own:
            found = max(found, self._unnamed.get(event, 0), self._named.get((event, object_id), 0))
        return found
