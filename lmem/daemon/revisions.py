"""The time of a commit that a question names, as git names commits (HEAD~3, a tag, a hash).

Not the commits that are stored (lmem.daemon.recorder). People wait for these answers, so git may not take long.
"""

from __future__ import annotations

import asyncio
import re
from datetime import datetime

from lmem.daemon.commits import committed
from lmem.errors import LmemError

PATIENCE_S = 2.0
"""Seconds for one question, the wait for its turn too."""

AT_ONCE = 2
"""Git processes."""

_NAME = re.compile(r"(?!.*\{/)[\w@][\w@./~^{}+-]{0,199}")
"""A name of one commit; ranges and what git searches for in messages are none."""


class Revisions:
    """Asks git, a few questions at a time. Call it from the event loop only."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def moment(self, directory: str, revision: str) -> datetime | None:
        """When a commit of the repository around `directory` was made; None for what names none there.

        Raises LmemError when git does not answer in time.
        """
        if not directory or not _NAME.fullmatch(revision):
            return None
        try:
            async with asyncio.timeout(PATIENCE_S), self._turns:
                return await committed(directory, revision)
        except TimeoutError:
            raise LmemError(
                f"git did not say within {PATIENCE_S:g} s whether {revision} is a commit of the repository around "
                f"{directory[:200]}.",
                hint="Give a date, or run 'git status' there to see whether git answers.",
            ) from None
