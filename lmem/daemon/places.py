"""Places: a caller's directory as git's own files describe it, remembered for two seconds.

Not git, and not the project of a place (lmem.service.scopes).
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from lmem.daemon import gitconfig, gitfiles, settingsfile
from lmem.daemon.lookups import Lookups, silent
from lmem.domain.remotes import local_path, remote_key
from lmem.domain.scope import Place

KEPT_S = 2.0
PATIENCE_S = 0.1
"""Seconds that a call waits for a repository's files, which may lie on a network."""
SURE_S = 2.0
"""Seconds for a call that stores something, and would store it in the wrong place."""
MOST = 256


class Places:
    """What was looked at lately. Call it from the event loop only."""

    def __init__(self, lookups: Lookups) -> None:
        self._lookups = lookups
        self._known: dict[str, tuple[float, Place]] = {}
        self._looking: dict[str, asyncio.Task[Place]] = {}

    async def of(self, cwd: str, fresh: bool = False) -> Place:
        """The place of a directory. When its disk does not answer at once: the repository that was seen there last,
        else one that is not known.

        No thread is asked for one that was looked at within two seconds, unless `fresh`.
        """
        return await self._of(cwd, fresh, PATIENCE_S)

    async def surely(self, cwd: str, fresh: bool = False) -> Place:
        """As `of`, for what is stored there: waits longer for a disk. Raises LmemError when that does not answer."""
        place = await self._of(cwd, fresh, PATIENCE_S)
        if not place.is_known:
            place = await self._of(cwd, True, SURE_S)
        if not place.is_known:
            raise silent(cwd)
        return place

    async def _of(self, cwd: str, fresh: bool, patience: float) -> Place:
        if not cwd:
            return Place(cwd)
        until, known = self._known.get(cwd, (0.0, None))
        if known is not None and not fresh and until > time.monotonic():
            return known
        task = self._looking.get(cwd)
        if task is None:
            task = asyncio.ensure_future(self._lookups.of(cwd, lambda: look(cwd)))
            self._looking[cwd] = task
            task.add_done_callback(lambda done: self._looked(cwd, done))
        done, _ = await asyncio.wait({task}, timeout=patience)
        if done and task.exception() is None:
            return task.result()
        if known is None or known.common_dir is None:
            known = Place(cwd, is_known=False)
        self._keep(cwd, known)
        return known

    def _looked(self, cwd: str, done: asyncio.Task[Place]) -> None:
        """A look ended, perhaps after everybody's patience."""
        del self._looking[cwd]
        if not done.cancelled() and done.exception() is None:
            self._keep(cwd, done.result())

    def _keep(self, cwd: str, place: Place) -> None:
        while len(self._known) >= MOST:
            del self._known[next(iter(self._known))]
        self._known[cwd] = time.monotonic() + KEPT_S, place


def look(cwd: str) -> Place:
    """The place of a directory, read now."""
    try:
        found = gitfiles.repository(Path(cwd))
        if found is None:
            wide = cwd in ("/", os.path.realpath(os.path.expanduser("~")))
            return Place(cwd, file=settingsfile.around(cwd), wide=wide)
        top, git, common = found
        common_dir = os.path.realpath(common)
        branch, commit = gitfiles.head(git, common) or (None, None)
        remote, root = _remote(Path(common_dir)), gitfiles.root_commit(common)
        return Place(cwd, os.path.realpath(top), common_dir, remote, branch, commit, root, settingsfile.at(str(top)))
    except (OSError, ValueError):  # files that are not git's, or that may not be read
        return Place(cwd)


def _remote(common_dir: Path) -> str | None:
    """The address of 'origin', else of the first other, normalised; a directory as the git directory in it."""
    addresses = gitconfig.remotes(common_dir)
    for name in sorted(addresses, key=lambda name: (name != "origin", name)):
        if key := remote_key(addresses[name]):
            return key
        path = local_path(addresses[name])
        if path is not None:
            bare = os.path.join(common_dir.parent, path)
            inside = os.path.join(bare, ".git")
            return os.path.realpath(inside if os.path.isdir(inside) else bare)
    return None
