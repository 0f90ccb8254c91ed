"""What is well and what is not: the state of each store, and the doctor's findings with their next steps.

Not a repair; every finding names a command or a setting for that.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from pathlib import Path

from lmem.daemon import cachestatus, leaving, vectorserver, waiting
from lmem.daemon.findings import Finding
from lmem.daemon.services import Services
from lmem.domain import addresses
from lmem.domain.nouns import count
from lmem.errors import LmemError, StoreUnavailable
from lmem.ports.vectors import MEMORIES

FIXED_SQLITE = (3, 51, 3)
LOW_DISK = 512 * 1024 * 1024


def resident(pid: int) -> int | None:
    """Resident memory of a process in bytes, where /proc tells it."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except (OSError, IndexError):
        return None
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


async def stores(services: Services) -> dict[str, object]:
    """The state of each store as `lmem status` shows it."""
    model, indexes = services.indexes.loaded, services.indexes
    return {
        "sqlite": {**_writing(services.storage.trouble), **await services.storage.facts()},
        "vectors": await _vectors(services),
        "embedder": {
            "state": "ready" if model else _lacking(services, indexes.reason),
            "model": services.models.choice.name,
            "engine": services.models.choice.engine,
            "fingerprint": model.fingerprint if model else None,
        },
        "graph": await _graph(services),
        "cache": await cachestatus.state(services.caches),
    }


async def findings(services: Services) -> list[Finding]:
    """Every check of the daemon and its stores."""
    paths = services.host.paths
    parked = await services.storage.read(lambda tx: tx.outbox.parked(100))
    free = shutil.disk_usage(paths.data).free
    return [
        _sqlite(services.storage.trouble),
        _private(paths.data),
        _private(paths.socket.parent),
        Finding("disk", "ok", f"{free // 2**20:,} MB are free in {paths.data}.")
        if free > LOW_DISK
        else Finding("disk", "warn", f"Only {free // 2**20} MB are free in {paths.data}.", "Free some space."),
        _index(services),
        *await vectorserver.findings(services),
        _relay(services, (await waiting.look(services)).rows),
        *_graph_server(services),
        await cachestatus.finding(services.caches),
        *[leaving.finding(server) for server in await services.left_servers.left()],
        Finding("parked", "ok", "No row is parked.")
        if not parked
        else Finding(
            "parked", "warn", f"{count(len(parked), 'row is', 'rows are')} parked: {parked[0].error}",
            f"Edit the memory to try it again: lmem edit {parked[0].object_id[:8]}",
        ),
    ]  # fmt: skip


async def _vectors(services: Services) -> dict[str, object]:
    indexes = services.indexes
    about: dict[str, object] = {"engine": indexes.engine}
    if indexes.on_server:
        about["url"] = addresses.shown(services.host.config.text("qdrant.url"))
    try:
        generation = indexes.serving()
        points = await services.vectors.count(generation, MEMORIES)
        sizes = await services.generations.sizes()
        engine = await services.generations.engine()
    except StoreUnavailable as err:
        return {**about, "state": _lacking(services, err), "reason": err.message, "hint": err.hint}
    return {
        **about,
        "version": engine.version,
        "schema": engine.schema,
        "state": "optimising" if indexes.optimising else "ready",
        "generation": generation,
        "points": points,
        "bytes": sum(sizes.values()),
    }


async def _graph(services: Services) -> dict[str, object]:
    server = services.graph_server
    if server is None:
        return {"state": "ready", "engine": "sqlite"}
    waiting = await services.storage.read(lambda tx: tx.outbox.pending())
    projection = server.projector.projection
    return await server.status(waiting.get(projection.id, 0) if projection else 0)


def _graph_server(services: Services) -> list[Finding]:
    server = services.graph_server
    if server is None:
        return []
    if (trouble := server.trouble) is not None:
        return [Finding("graph", "warn", trouble.message, trouble.hint)]
    found = [Finding("graph", "ok", f"Neo4j at {server.url} keeps a copy of the graph.")]
    if server.server.in_the_clear:
        found.append(
            Finding("graph", "warn", f"The password of Neo4j at {server.url} crosses the network unencrypted.",
                    "Set neo4j.url to bolt+s:// or neo4j+s://.")
        )  # fmt: skip
    return found


def _lacking(services: Services, err: LmemError | None) -> str:
    """The state of what the index worker does not give us."""
    if err is not None and err.code == "model_missing":
        return "missing"
    return "starting" if services.indexes.starting else "down"


def _writing(trouble: LmemError | None) -> dict[str, object]:
    if trouble is None:
        return {"state": "ready"}
    return {"state": "down", "reason": trouble.message, "hint": trouble.hint}


def _sqlite(trouble: LmemError | None) -> Finding:
    if trouble is not None:
        return Finding("sqlite", "fail", trouble.message, trouble.hint)
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info >= FIXED_SQLITE:
        return Finding("sqlite", "ok", f"SQLite {version}.")
    return Finding("sqlite", "ok", f"SQLite {version}; its WAL bug needs two writers, and lmem has one.")


def _private(directory: Path) -> Finding:
    mode = stat.S_IMODE(directory.lstat().st_mode)
    if mode & 0o077:
        return Finding("permissions", "fail", f"{directory} is open to others.", f"chmod 700 {directory}")
    return Finding("permissions", "ok", f"{directory} is yours alone.")


def _index(services: Services) -> Finding:
    reason = services.indexes.reason
    if reason is None:
        return Finding("index", "ok", f"{services.models.choice.name} is loaded and the vector index serves.")
    return Finding("index", "warn", f"{reason.message} Full text answers.", reason.hint)


def _relay(services: Services, rows: int) -> Finding:
    trouble, waits = services.relay.trouble, count(rows, "row waits", "rows wait")
    if trouble is not None:
        return Finding("relay", "warn", f"{waits}: {trouble.message}", trouble.hint)
    return Finding("relay", "ok", f"{waits} for the vector index.")
