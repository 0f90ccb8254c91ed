"""What a new project is, found out after the answer: its files' language, git's default branch and first commit.

Not on the path of `add`: `later` only starts a task.
"""

from __future__ import annotations

import asyncio
import logging

from lmem.daemon import git, projectfiles
from lmem.daemon.lookups import Lookups
from lmem.domain.actors import Actor
from lmem.domain.scope import Place
from lmem.errors import LmemError
from lmem.service.projects import Projects

PATIENCE_S = 20.0
"""Seconds for the files of a project."""

log = logging.getLogger(__name__)


class Facts:
    """Looks at projects, one at a time. Call it from the event loop only."""

    def __init__(self, projects: Projects, lookups: Lookups) -> None:
        self._projects = projects
        self._lookups = lookups
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    async def learn(self, actor: Actor, project_id: str, place: Place, new: bool) -> None:
        """Look at a project's files and its git, and note what is known now.

        A `new` one whose first commit is another project's is merged into that. Raises LmemError when the disk does not
        answer.
        """
        top = place.top or place.cwd
        traits = await self._lookups.within(PATIENCE_S, top, lambda: projectfiles.traits(top))
        in_git = place.common_dir is not None
        branch = await git.default_branch(top) if in_git else None
        root = await git.first_commit(top) if in_git else None
        merged = await self._projects.learn(actor, project_id, traits, branch, root, new)
        if merged is not None:
            log.info("change set %s merged a clone's project into that of its first commit", merged.change_set)

    def later(self, actor: Actor, project_id: str, place: Place) -> None:
        """As `learn`, in the background."""
        task = asyncio.ensure_future(self._learn(actor, project_id, place))
        self._tasks.add(task)  # the loop keeps only weak references
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Return when nothing is being looked at any more: a project that was one with another has become it."""
        if self._tasks:
            await asyncio.wait(set(self._tasks))

    async def close(self) -> None:
        """Stop looking; what is not known yet is found by the next 'lmem project init'."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _learn(self, actor: Actor, project_id: str, place: Place) -> None:
        async with self._turn:
            try:
                await self.learn(actor, project_id, place, new=True)
            except LmemError as err:
                log.warning("what project %s is was not noted: %s", project_id, err.message)
