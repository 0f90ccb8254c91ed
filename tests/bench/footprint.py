"""What lmem takes while it rests: memory, processor and disk, as the operating system counts them.

Not a profile of its parts.
"""

from __future__ import annotations

import time
from pathlib import Path

import psutil

from tests.bench.harness import Home, Row, nested

WATCHED_SECONDS = 20.0
MB = 1_000_000


def allocated(path: Path) -> int:
    """Bytes of blocks under `path`; files with holes count what they really take."""
    return sum(file.lstat().st_blocks * 512 for file in (path, *path.rglob("*")) if not file.is_dir())


def disk(home: Home, what: str, goal: str = "") -> list[Row]:
    where = home.paths
    parts = {"vectors": where.vectors, "whole data directory": where.data}
    found = {f"{name} MB": allocated(path) / MB for name, path in parts.items()}
    database = sum(allocated(file) for file in where.data.glob(f"{where.database.name}*"))
    return [Row(what, {"database MB": database / MB} | found, goal)]


def at_rest(home: Home, after: float = 60.0) -> list[Row]:
    """Resident memory and share of one processor of the daemon and its worker, `after` seconds from now."""
    time.sleep(after)
    with home.wire() as wire:
        status = wire.call("status/get", {})
    pids = {"daemon": nested(status, "daemon")["pid"], "index worker": nested(status, "worker")["pid"]}
    watched = {name: psutil.Process(int(str(pid))) for name, pid in pids.items()}
    before = {name: _cpu(process) for name, process in watched.items()}
    time.sleep(WATCHED_SECONDS)
    goals = {"daemon": "under 80 MB, 0.5 %", "index worker": "under 250 MB, 0.5 %"}
    return [
        Row(name, {"resident MB": process.memory_info().rss / MB,
                   "cpu %": (_cpu(process) - before[name]) / WATCHED_SECONDS * 100}, goals[name])
        for name, process in watched.items()
    ]


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
