"""The watch over commits: lines of the spool, and the reflogs of every repository that a hook was installed in.

Not the reading and storing of a commit (lmem.daemon.recorder). A hook is a hint: what git's own log tells is the truth,
so that merges, and commits of a daemon's or a hook's bad hour, are there all the same.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

from lmem.daemon import gitlogs
from lmem.daemon.gitlogs import News
from lmem.daemon.lookups import Lookups
from lmem.daemon.recorder import Recorder
from lmem.daemon.spooled import Spooled
from lmem.daemon.watched import Repository, Watched
from lmem.domain.nouns import count
from lmem.errors import LmemError
from lmem.githooks.spool import Hint

TURN_S = 0.5
"""Seconds between two looks at the spool; each is one stat."""
LOGS_S = 5.0
"""Seconds between two looks at the logs, which show what no hook tells."""
PATIENCE_S = 30.0
"""Seconds for the files of one repository, whose disk may not answer: the others wait as long, once."""
NEVER = 1 << 62
"""A second that no log has: a repository whose watch began with a commit is read from that on."""
FIRST_RETRY_S = 1.0
RETRY_S = 30.0
"""Seconds until a repository that could not be read, or a store that did not store, is tried again: soon after the
first time, as git may just have moved a file, then each time twice as long up to the most."""

_T = TypeVar("_T")

log = logging.getLogger(__name__)


class Watch:
    """Runs until it is cancelled. Call it from the event loop only."""

    def __init__(self, spool: Path, file: Path, recorder: Recorder) -> None:
        self._spooled = Spooled(spool)
        self._watched = Watched(file)
        self._recorder = recorder
        self._lookups = Lookups()  # its own: what it looks at again and again takes no turn from who asks
        self._sizes: dict[str, object] = {}
        self._failed: dict[str, tuple[float, float]] = {}  # (when it is tried again, the seconds it waits till then)

    async def run(self) -> None:
        """Look, store, wait; what goes wrong is logged and tried again."""
        try:
            await asyncio.to_thread(self._watched.read)
        except OSError as err:
            log.warning("which repositories are watched is not known: %s", err)
        started, looked = True, 0.0
        while True:
            await asyncio.sleep(TURN_S)
            look = time.monotonic() - looked >= LOGS_S
            if not (started or look or self._spooled.has_news()):
                continue
            started, looked = False, time.monotonic() if look else looked
            try:
                await self.turn(look)
            except OSError as err:
                log.warning("the spool of commits is not read: %s", err)

    async def turn(self, logs: bool = True) -> None:
        """Take what the spool has, and with `logs` what the logs show. Raises OSError for the spool alone."""
        told = await self._heard(await asyncio.to_thread(self._spooled.take))
        if logs:
            for path in await self._changed():
                told.setdefault(path, [])
        for path, lines in told.items():
            if self._waits(path):
                continue
            try:
                await self._take(path, lines)
                self._failed.pop(path, None)
            except (LmemError, OSError, ValueError) as err:
                self._postpone(path, err)
            else:
                await asyncio.to_thread(self._spooled.done, lines)

    async def _heard(self, hints: list[Hint]) -> dict[str, list[Hint]]:
        """What hooks told, by repository."""
        told: dict[str, list[Hint]] = {}
        for name in dict.fromkeys(os.fspath(hint.repository) for hint in hints):
            if self._waits(name):
                continue
            try:
                path = await self._look(name, partial(os.path.realpath, name))
            except (LmemError, OSError, ValueError) as err:
                self._postpone(name, err)
                continue
            told.setdefault(path, []).extend(hint for hint in hints if os.fspath(hint.repository) == name)
        return told

    async def _changed(self) -> list[str]:
        """Repositories whose logs are not as they were at the last look, or where a rebase was under way."""
        changed = []
        for path in list(self._watched.repositories):
            if self._waits(path):
                continue
            try:
                sizes = await self._look(path, partial(gitlogs.sizes, Path(path)))
            except (LmemError, OSError) as err:
                self._postpone(path, err)
                continue
            if sizes and sizes != self._sizes.get(path):
                changed.append(path)
        return changed

    def _waits(self, path: str) -> bool:
        return self._failed.get(path, (0.0, 0.0))[0] > time.monotonic()

    def _postpone(self, path: str, err: Exception) -> None:
        wait = min(2 * self._failed.get(path, (0.0, 0.0))[1] or FIRST_RETRY_S, RETRY_S)
        self._failed[path] = time.monotonic() + wait, wait
        log.warning("commits of %s are not stored yet: %s", path, err)

    async def _look(self, path: str, look: Callable[[], _T]) -> _T:
        """What a repository's files say. Raises LmemError when its disk does not, and what `look` raises."""
        return await self._lookups.within(PATIENCE_S, path, look)

    async def _take(self, path: str, hints: list[Hint]) -> None:
        """Store what hooks and logs tell of one repository. Raises LmemError, OSError, ValueError."""
        common = Path(path)
        named = {hint.commit for hint in hints if hint.commit and not hint.is_removal}
        said = next((hint for hint in reversed(hints) if hint.is_installation or hint.is_removal), None)
        left = self._watched.left.get(path) if said is None else said.seconds if said.is_removal else None
        if not await self._look(path, (common / "HEAD").is_file):
            if named:
                lost = count(len(named), "commit of it is", "commits of it are")
                log.warning("the repository %s is not there, so %s not stored", path, lost)
            if said is not None:
                await self._keep(path, left, None)
            return
        if said is None and left is not None:  # of a hook that was running when it was taken away
            named = await self._look(path, partial(gitlogs.by, common, named, left))
            if not named:
                return
        repository = self._watched.repositories.get(path)
        if repository is None:
            if not hints:
                return
            repository = Repository(min((hint.seconds for hint in hints if hint.seconds), default=NEVER))
        sizes = await self._look(path, partial(gitlogs.sizes, common))
        found = await self._look(path, partial(gitlogs.news, common, repository.marks, repository.since, named))
        bare = named - await self._look(path, partial(gitlogs.mentions, common, named)) if named else named
        late = named - bare - {sha for item in found for sha, _ in item.told.made}
        missed = await self._look(path, partial(gitlogs.passed, common, found, late)) if late else []
        await self._store(path, [*missed, *found], {sha: None for sha in bare}, None if left is None else named)
        repository.marks = {item.name: item.mark for item in found}
        await self._keep(path, left, repository)
        if any(item.told.open for item in found):
            self._sizes.pop(path, None)  # look again: the rebase may end without a line in the log
        else:
            self._sizes[path] = sizes

    async def _keep(self, path: str, left: int | None, repository: Repository | None) -> None:
        """Remember that a repository was `left` in that second, or else that it is watched."""
        watched = self._watched
        if left is not None:
            watched.left[path] = left
            watched.repositories.pop(path, None)
        else:
            watched.left.pop(path, None)
            if repository is not None:
                watched.repositories[path] = repository
        await asyncio.to_thread(watched.write)

    async def _store(self, path: str, found: list[News], bare: Mapping[str, str | None], only: set[str] | None) -> None:
        """`bare` are commits that only a hook told of: of a repository without logs, or of a tree that is gone.

        `only` these are wanted of a repository whose hook was taken away: the rest came after that.
        """
        made: dict[str, str | None] = dict(bare)
        for item in found:
            made |= {sha: branch for sha, branch in item.told.made if only is None or sha in only}
        stored = await self._recorder.record(path, made)
        for item in found:
            await self._recorder.amended(path, item.told.amended)
            for rebase in item.told.rebases if only is None else ():
                await self._recorder.rebased(path, rebase)
        if stored:
            log.info("stored %s of %s", count(stored, "commit"), path)
