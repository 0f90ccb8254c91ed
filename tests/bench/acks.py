"""Durable acknowledgements a second: eight connections with one add a request, against a bare table on the same disk.

Not ingest: nothing here waits for an embedding, though the index worker works beside it as it does in life.
"""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import subprocess
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing.synchronize import Barrier
from pathlib import Path

from lmem.protocol.framing import encode
from lmem.protocol.messages import request
from tests.bench.harness import Home, Row, percentile, spread_ms
from tests.bench.texts import Texts

CONNECTIONS = 8
SECONDS = 3.0
ROUNDS = 3
FILES = 1_000


def durable(home: Home, texts: Texts) -> list[Row]:
    """Rounds of the bare table and of lmem in turn, outside and inside of a repository; medians, and their ratios."""
    places = {"": home.path, f", in a repository of {FILES} files": _repository(home.path / "repository")}
    bare = list[float]()
    ours = {label: (list[float](), list[float]()) for label in places}
    for number in range(ROUNDS):
        bare.append(_bare_commits(home.path / f"bare-{number}.db", texts.item()))
        for label, place in places.items():
            rate, taken = _adds(home, place, [texts.item() for _ in range(2_000)])
            ours[label][0].append(rate)
            ours[label][1].extend(taken)
    base = percentile(bare, 0.5)
    rows = [Row("bare one-row table, FULL, one connection", {"per s": base})]
    for label, (rates, waits) in ours.items():
        rate = percentile(rates, 0.5)
        rows.append(
            Row(f"lmem, {CONNECTIONS} connections, one add a request{label}",
                {"per s": rate, "ratio": rate / base} | spread_ms(waits), "at least 0.5 of the bare table")
        )
    return rows


def _repository(directory: Path) -> Path:
    """A repository of many committed files: each `add` from there stores what it is at."""
    for number in range(FILES):
        file = directory / f"part{number % 20}" / f"{number}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"NUMBER = {number}\n")
    me = ("-c", "user.name=bench", "-c", "user.email=bench@localhost")
    for command in (("init", "-q"), ("add", "."), (*me, "commit", "-q", "-m", "begin")):
        subprocess.run(["git", *command], cwd=directory, check=True)
    return directory


def _bare_commits(file: Path, text: str) -> float:
    with sqlite3.connect(file, isolation_level=None) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE rows(id INTEGER PRIMARY KEY, body TEXT)")
        count, until = 0, time.perf_counter() + SECONDS
        while time.perf_counter() < until:
            connection.execute("INSERT INTO rows(body) VALUES (?)", (text,))
            count += 1
    connection.close()
    return count / SECONDS


def _adds(home: Home, place: Path, texts: list[str]) -> tuple[float, list[float]]:
    """Acknowledgements a second over all connections, and the seconds each one took."""
    context = multiprocessing.get_context("spawn")
    together = (context.Barrier(CONNECTIONS),)
    with ProcessPoolExecutor(CONNECTIONS, context, _meet_at, together) as clients:
        answers = list(clients.map(_client, repeat(home), repeat(place), range(CONNECTIONS), repeat(texts)))
    taken = [seconds for answer in answers for seconds in answer]
    return len(taken) / SECONDS, taken


_barriers: list[Barrier] = []


def _meet_at(barrier: Barrier) -> None:
    _barriers.append(barrier)


def _client(home: Home, place: Path, number: int, texts: list[str]) -> list[float]:
    """Seconds of each add of one connection, in a process of its own; its lines are finished before the clock runs."""
    os.chdir(place)
    lines = [
        encode(request(at, "memory/add", {"content": f"{text} ({number}.{at})", "source_tool": "cli.add"}))
        for at, text in enumerate(texts, 1)
    ]
    taken, at = list[float](), 0
    with home.wire() as wire:
        _barriers[0].wait(timeout=60)
        before = time.perf_counter()
        until = before + SECONDS
        while before < until:
            answer = wire.exchange(lines[at % len(lines)])
            now = time.perf_counter()
            taken.append(now - before)
            before, at = now, at + 1
            if b'"result"' not in answer:
                raise SystemExit(f"An add was refused: {answer.decode()}")
    return taken
