"""What a service may ask of the record of the daemon's jobs.

Not the jobs (lmem.daemon.jobs).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lmem.domain.jobs import Run


class JobTable(Protocol):
    """The rows of `jobs` and `job_runs`."""

    def register(self, names: Sequence[str], at: str) -> None:
        """These jobs are due from now on, those that are known since earlier."""
        ...

    def seen(self) -> dict[str, tuple[str, Run | None]]:
        """By name: since when a job is due, and its last run."""
        ...

    def add(self, run: Run) -> None:
        """Record a run; only the newest of each job are kept."""
        ...

    def runs(self, name: str | None, limit: int) -> list[Run]:
        """Runs of a job or of all, the newest first."""
        ...
