"""The state of a project's working tree, for who asks what the project is at: kept for some minutes.

Not the reading of git's files (lmem.daemon.gitfiles), nor the context of an `add`, which is never a kept one.
"""

from __future__ import annotations

import asyncio

from lmem.daemon import gitfiles
from lmem.daemon.places import Places
from lmem.domain import cachekeys
from lmem.service import cachejson
from lmem.service.caches import Caches

PATIENCE = 0.1
"""Seconds for the files of a working tree, which may lie on a network."""


class GitStatus:
    """Branch, commit and dirty flag by project."""

    def __init__(self, places: Places, caches: Caches) -> None:
        self._places = places
        self._caches = caches

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
        try:
            async with asyncio.timeout(PATIENCE):
                status = await asyncio.to_thread(gitfiles.context, cwd)
        except TimeoutError:
            return {}
        await self._caches.put(key, cachejson.packed(status), at)
        return status
