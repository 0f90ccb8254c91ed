"""Commits from a repository into the store: read, screened for credentials, stored once, ended when rewritten.

Not the watch over spool and logs (lmem.daemon.capture), and no rule of what is stored (lmem.service.capture).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from lmem._version import __version__
from lmem.daemon import commits, gitconfig
from lmem.daemon.facts import Facts
from lmem.daemon.lookups import Lookups
from lmem.daemon.screening import screen_params
from lmem.domain.actors import Actor
from lmem.domain.commits import SOURCE, Commit, content, git_context, rewritten
from lmem.domain.memories import Draft, clean_context, clean_text, title_of
from lmem.domain.reflogs import Rebase
from lmem.domain.scope import Scope
from lmem.domain.secrets import screen
from lmem.ports.clock import Clock
from lmem.service.capture import Capture
from lmem.service.changesets import Series
from lmem.service.scopes import Scopes
from lmem.service.settings import Settings

PATIENCE_S = 5.0
"""Seconds for the files of a repository."""
SLICE = 20
"""Commits made into drafts at a stretch."""
MOST_WALKED = 10_000
MOST_CONTEXT = 1_000_000
PLAIN = frozenset(("author", "branch", "committer"))
"""What a commit's git context has that people chose, beside the names of files."""

Seen = Callable[[int, int], None]
"""Told how many commits of how many are done."""


class Recorder:
    """Reads and stores the commits of repositories, each named by its common git directory."""

    def __init__(
        self, capture: Capture, scopes: Scopes, facts: Facts, settings: Settings, clock: Clock, user_id: str,
        lookups: Lookups,
    ) -> None:  # fmt: skip
        self._capture = capture
        self._scopes = scopes
        self._facts = facts
        self._settings = settings
        self._clock = clock
        self._lookups = lookups
        self._actor = Actor(user_id, f"unix:{os.getuid()}:{os.getpid()}", f"git/{__version__}")

    async def scope(self, common: str) -> Scope:
        """The project of a repository, made when it is not known. Its commits belong to no session.

        Raises LmemError when the disk does not answer.
        """
        place = await self._lookups.within(PATIENCE_S, common, lambda: home(Path(common)))
        found = await self._scopes.of(self._actor, place, None, None, create=True)
        if found.created:  # a clone's is merged with that of its first commit, once that is known
            await self._facts.settled()
            found = await self._scopes.of(self._actor, place, None, None, create=True)
        return replace(found, session_id=None, lineage=())

    async def record(
        self,
        common: str,
        branches: Mapping[str, str | None],
        actor: Actor | None = None,
        seen: Seen | None = None,
        backfill: Series | None = None,
    ) -> int:
        """Store the commits that are not known yet, each with its branch; answers how many those were.

        A `backfill` is one change set, and stores again what an undo took back.
        Raises LmemError when git or the store does not answer; what was stored by then stays.
        """
        if not branches:
            return 0
        scope = await self.scope(common)
        wanted = await self._capture.unknown(scope.project_id, list(branches), backfill is not None)
        stored, done, total = 0, len(branches) - len(wanted), len(branches)
        for at in range(0, len(wanted), commits.CHUNK):
            scope = await self.scope(common)  # it may have been merged meanwhile
            chunk = wanted[at : at + commits.CHUNK]
            drafts = await self._drafts(await commits.read(common, chunk), branches)
            stored += await self._capture.store(actor or self._actor, scope, drafts, backfill)
            done += len(chunk)
            if seen is not None:
                seen(done, total)
        return stored

    async def amended(self, common: str, pairs: Sequence[tuple[str, str]]) -> None:
        """End the memories of commits that were amended."""
        if pairs:
            scope = await self.scope(common)
            await self._capture.supersede(self._actor, scope.project_id, dict(pairs), "amended")

    async def rebased(self, common: str, rebase: Rebase) -> None:
        """Store the commits that a rebase left there, and end the memories of those that they were made from."""
        walked = await commits.history(common, rebase.after, but=rebase.onto)
        there = set(walked[-MOST_WALKED:])
        kept = [sha for sha in rebase.made if sha in there]
        await self.record(common, {sha: rebase.branch for sha in kept})
        if rebase.before is None or rebase.before == rebase.after:
            return
        scope = await self.scope(common)
        gone = await commits.history(common, rebase.before, but=rebase.after)
        unknown = set(await self._capture.unknown(scope.project_id, gone))
        known = [sha for sha in gone if sha not in unknown]
        old, new = await commits.read(common, known, files=False), await commits.read(common, kept, files=False)
        became: dict[str, str | None] = dict(rewritten(old, new))
        for commit in old:  # dropped, or melted into another
            if commit.sha not in became and not await commits.is_reachable(common, commit.sha):
                became[commit.sha] = None
        await self._capture.supersede(self._actor, scope.project_id, became, "rebased")

    async def _drafts(self, found: Sequence[Commit], branches: Mapping[str, str | None]) -> list[Draft]:
        most, drafts = self._settings.of(None).number("memory.max_bytes"), list[Draft]()
        for at in range(0, len(found), SLICE):  # in a thread, so that clients are answered meanwhile
            drafts += await asyncio.to_thread(_drafts, found[at : at + SLICE], branches, most, self._clock.now())
        return drafts


def _drafts(found: Sequence[Commit], branches: Mapping[str, str | None], most: int, now: datetime) -> list[Draft]:
    return [draft(commit, branches[commit.sha], most, now) for commit in found]


def draft(commit: Commit, branch: str | None, most: int, now: datetime) -> Draft:
    """A commit's memory of at most `most` bytes, without the credentials that it may hold."""
    text = content(commit).encode("utf-8", "replace")[:most].decode("utf-8", "ignore")
    screened = screen(text)
    known = git_context(commit, branch)
    for name in PLAIN & known.keys():
        known[name] = _clean(str(known[name]))
    if screened.findings or len(text) < len(content(commit)):
        # else every name of a file stands in the text, so it is as clean as that
        known = screen_params({"git": known}).mapping("git")
    author = _clean(commit.author.name)
    moment = commit.committer.moment or commit.author.moment or now
    return Draft(
        clean_text(screened.text, most, remembered=True),
        title_of(clean_text(screened.text, most, remembered=True)),
        memory_type="commit",
        context={"author": author} if author else {},
        git_context=clean_context(known, MOST_CONTEXT),
        created_at=min(moment, now),
        source_tool=SOURCE,
        external_id=commit.sha,
    )


@lru_cache(maxsize=1024)
def _clean(text: str) -> str:
    """A name without credentials; the same few come again and again."""
    return screen(text).text


def home(common: Path) -> str:
    """The directory that a repository is known by: its main working tree, else its git directory itself."""
    if common.name == ".git":
        return str(common.parent)
    tree = gitconfig.worktree(common)
    return os.path.normpath(common / tree) if tree and (common / tree).is_dir() else str(common)
