"""The state of a working tree: what it is at now, for an `add`; what it was at lately, for who asks about a project.

Not the reading of git's files (lmem.daemon.gitfiles).
"""

from __future__ import annotations

import asyncio
import time

from lmem.daemon import gitfiles
from lmem.daemon.lookups import Lookups
from lmem.daemon.places import Places
from lmem.domain import cachekeys
from lmem.errors import LmemError
from lmem.service import cachejson
from lmem.service.caches import Caches

PATIENCE_S = 0.1
"""Seconds for the files of a working tree, which may lie on a network."""

SHARED_S = 0.02
"""Seconds after its begin in which a reading serves who asks then too: less than a command takes to start, so that
nobody gets a state from before their last step. A thousand files are 3 ms of reading."""

_Reading = asyncio.Task[dict[str, object]]


class GitStatus:
    """Branch, commit and dirty flag, by directory or by project. Call it from the event loop only."""

    def __init__(self, places: Places, lookups: Lookups, caches: Caches) -> None:
        self._places = places
        self._lookups = lookups
        self._caches = caches
        self._readings: dict[str, tuple[float, _Reading]] = {}

    async def now(self, cwd: str) -> dict[str, object]:
        """'branch', 'commit' and 'dirty' of the repository around a directory, as gitfiles.context tells them.

        Empty outside of a repository, or when its disk does not say so at once.
        """
        if (await self._places.of(cwd)).common_dir is None:
            return {}
        try:
            async with asyncio.timeout(PATIENCE_S):
                while (reading := self._reading(cwd)) is None:  # one at a time, however long a disk takes
                    await asyncio.wait({self._readings[cwd][1]})
                return await asyncio.shield(reading)
        except TimeoutError:
            return {}

    async def of(self, project_id: str, cwd: str) -> dict[str, object]:
        """'branch', 'commit' and 'dirty' of a directory of a project; empty outside of a repository.

        A kept one counts while the same working tree has the same branch and commit; 'dirty' may be 5 minutes old.
        """
        place, at = await self._places.of(cwd), self._caches.number
        if place.top is None:
            return {}
        key = cachekeys.git_status(project_id).answering(place.top, place.branch, place.commit)
        known = cachejson.unpacked(await self._caches.get(key), cachejson.mapping)
        if known is not None:
            return known
        status = await self.now(cwd)
        if status:
            await self._caches.put(key, cachejson.packed(status), at)
        return status

    def _reading(self, cwd: str) -> _Reading | None:
        """A reading that says what is now; None while an earlier one is not finished."""
        now = time.monotonic()
        for directory, (begun, reading) in list(self._readings.items()):
            if now - begun > SHARED_S and reading.done():
                del self._readings[directory]
        if cwd not in self._readings:
            self._readings[cwd] = now, asyncio.ensure_future(self._read(cwd))
        begun, reading = self._readings[cwd]
        return reading if now - begun <= SHARED_S else None

    async def _read(self, cwd: str) -> dict[str, object]:
        try:
            return await self._lookups.of(cwd, lambda: gitfiles.context(cwd))
        except LmemError:  # too many looks hang
            return {}
