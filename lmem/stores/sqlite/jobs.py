"""The `jobs` and `job_runs` tables.

Not the jobs (lmem.daemon.jobs).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from lmem.domain.jobs import Run

KEPT_RUNS = 100
"""Runs of each job that are kept."""

_RUN = "job, cause, state, changed, change_set, message, started_at, ended_at"
_SEEN = f"""SELECT j.name, j.since, r.{_RUN.replace(", ", ", r.")} FROM jobs AS j
    LEFT JOIN job_runs AS r ON r.id = (SELECT max(id) FROM job_runs WHERE job = j.name)"""
_ADD = f"INSERT INTO job_runs ({_RUN}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_CUT = """DELETE FROM job_runs WHERE job = ?1
    AND id <= (SELECT id FROM job_runs WHERE job = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)"""


class JobRows:
    """JobTable on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def register(self, names: Sequence[str], at: str) -> None:
        self._db.executemany("INSERT OR IGNORE INTO jobs (name, since) VALUES (?, ?)", [(name, at) for name in names])

    def seen(self) -> dict[str, tuple[str, Run | None]]:
        return {row[0]: (row[1], Run(*row[2:]) if row[2] else None) for row in self._db.execute(_SEEN)}

    def add(self, run: Run) -> None:
        values = (run.job, run.cause, run.state, run.changed, run.change_set, run.message, run.started_at, run.ended_at)
        self._db.execute(_ADD, values)
        self._db.execute(_CUT, (run.job, KEPT_RUNS))

    def runs(self, name: str | None, limit: int) -> list[Run]:
        where = "" if name is None else "WHERE job = ?"
        sql = f"SELECT {_RUN} FROM job_runs {where} ORDER BY id DESC LIMIT ?"
        return [Run(*row) for row in self._db.execute(sql, (limit,) if name is None else (name, limit))]
