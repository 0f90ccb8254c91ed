"""Decay on 100,000 memories: the time of a run, its cap, other writes meanwhile, and thirty daily runs against one.

Straight on the services: the daemon adds nothing to this but its socket.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lmem.config import layered
from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.service.decay import Decay
from lmem.stores.sqlite.database import Database
from lmem.stores.sqlite.storage import SqliteStorage
from tests.bench.texts import Texts

pytestmark = pytest.mark.soak

ITEMS = 100_000
SECONDS = 5.0
"""What one run may take."""
START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MEMORY = """INSERT INTO memories (id, user_id, title, content, content_hash, memory_type, importance_score, decay_rate,
    access_count, last_accessed_at, layer_global, source_tool, created_at, updated_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 'cli.bulk', ?, ?)"""
VERSION = """INSERT INTO memory_versions (memory_id, version_number, change_type, valid_from, created_at, created_by)
    VALUES (?, 1, 'created', ?, ?, ?)"""
PROJECTION = """INSERT INTO projections (id, port, engine, generation, state)
    VALUES ('v', 'vectors', 'edge', '1', 'active')"""
MOVED = "SELECT id FROM memories WHERE layer_temporal = 1 AND layer_global = 0"


class SetClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        return self.moment


class Store:
    """A copy of the filled store, its clock and its decay."""

    def __init__(self, path: Path) -> None:
        self.database = Database.open(path)
        self.storage = SqliteStorage(self.database)
        self.clock = SetClock()
        settings = layered(())
        self.decay = Decay(self.storage, self.clock, lambda: None, lambda project_id: settings)

    async def actor(self) -> Actor:
        user = await self.storage.write(lambda tx: tx.directory.user("ada", None, None, times.to_text(START)))
        return Actor(user, "unix:1000:1", "test/1")

    async def moved(self) -> set[str]:
        return await self.database.read(lambda connection: {row[0] for row in connection.execute(MOVED)})


def drive(path: Path, scenario: Callable[[Store, Actor], Awaitable[None]]) -> None:
    async def run() -> None:
        store = Store(path)
        try:
            await scenario(store, await store.actor())
        finally:
            await store.storage.close()

    asyncio.run(run())


def fill(connection: sqlite3.Connection, user: str) -> None:
    """Memories of the last two years; a decision, a task, a note or an error, a quarter of them pinned."""
    chance, texts, rows = random.Random(5), Texts(5), []
    for number in range(ITEMS):
        created = START - timedelta(days=chance.uniform(0, 700))
        accessed = created + (START - created) * chance.random()
        text = texts.item(40)
        rows.append((
            f"{chance.getrandbits(128):032x}", user, text[:40], text, f"{number:032x}",
            chance.choice(["note", "decision", "task", "error"]), round(chance.random(), 2),
            chance.choice([0.0, 0.05, 0.1, 0.3]), chance.randrange(5), times.to_text(accessed),
            times.to_text(created), times.to_text(created),
        ))  # fmt: skip
    connection.executemany(MEMORY, rows)
    connection.executemany(VERSION, [(row[0], row[10], row[10], user) for row in rows])
    connection.execute(PROJECTION)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("decay") / "layered_memory.db"

    async def scenario(store: Store, actor: Actor) -> None:
        await store.database.write(lambda connection: fill(connection, actor.user_id))

    drive(path, scenario)
    return path


@pytest.fixture
def copied(filled: Path, tmp_path: Path) -> Callable[[str], Path]:
    def copy(name: str) -> Path:
        (tmp_path / name).mkdir()
        return Path(shutil.copy(filled, tmp_path / name))

    return copy


def test_a_run_is_quick_keeps_its_cap_lets_others_write_and_is_done_once_a_day(
    copied: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    async def scenario(store: Store, actor: Actor) -> None:
        await store.decay.begin(actor.user_id)
        waits: list[float] = []

        async def others() -> None:
            while True:
                began = time.perf_counter()
                await store.storage.write(lambda tx: tx.directory.seen(actor.user_id, times.to_text(START)))
                waits.append(time.perf_counter() - began)
                await asyncio.sleep(0.02)

        probe, began = asyncio.create_task(others()), time.perf_counter()
        done = await store.decay.run(actor)
        took = time.perf_counter() - began
        probe.cancel()
        assert done.active == ITEMS and done.moved == 5000 == done.cap
        assert (await store.decay.run(actor)).moved == 0
        assert len(await store.moved()) == done.moved
        waits.sort()
        with capsys.disabled():
            print(
                f"\n{done.moved} of {ITEMS} moved in {took:.2f} s; another write waited "
                f"{waits[len(waits) // 2] * 1000:.0f} ms (median), {waits[-1] * 1000:.0f} ms (most)"
            )
        assert took < SECONDS

    drive(copied("once"), scenario)


def test_thirty_daily_runs_end_like_one_after_thirty_days(
    copied: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    ends: dict[str, set[str]] = {}

    def month(name: str, steps: Sequence[int]) -> None:
        async def scenario(store: Store, actor: Actor) -> None:
            await store.decay.begin(actor.user_id)
            slowest = 0.0
            for step in steps:
                store.clock.moment += timedelta(days=step)
                began = time.perf_counter()
                done = await store.decay.run(actor)
                slowest = max(slowest, time.perf_counter() - began)
                assert done.moved <= done.cap
            ends[name] = await store.moved()
            with capsys.disabled():
                print(f"\n{name}: {len(ends[name])} moved, the slowest of {len(steps)} runs took {slowest:.2f} s")

        drive(copied(name), scenario)

    month("daily", [1] * 30)
    month("once", [30])
    assert ends["daily"] == ends["once"]
    assert len(ends["once"]) > 20_000
