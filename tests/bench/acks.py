"""Durable acknowledgements a second: eight connections with one add a request, against a bare table on the same disk.

Not ingest: nothing here waits for an embedding, though the index worker works beside it as it does in life.
"""

from __future__ import annotations

import multiprocessing
import sqlite3
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path

from lmem.protocol.framing import encode
from lmem.protocol.messages import request
from tests.bench.harness import Home, Row, percentile, spread
from tests.bench.texts import Texts

CONNECTIONS = 8
SECONDS = 3.0
ROUNDS = 3


def durable(home: Home, texts: Texts) -> list[Row]:
    """Rounds of the bare table and of lmem in turn; the medians of both and their ratio."""
    bare, ours, waits = [], [], list[float]()
    for number in range(ROUNDS):
        bare.append(_bare_commits(home.path / f"bare-{number}.db", texts.item()))
        rate, taken = _adds(home, [texts.item() for _ in range(500)])
        ours.append(rate)
        waits += taken
    ratio = percentile(ours, 0.5) / percentile(bare, 0.5)
    shown = {f"{name} ms": value for name, value in spread(waits).items() if name != "n"}
    return [
        Row("bare one-row table, FULL, one connection", {"per s": percentile(bare, 0.5)}),
        Row(f"lmem, {CONNECTIONS} connections, one add a request",
            {"per s": percentile(ours, 0.5), "ratio": ratio} | shown, "at least 0.5 of the bare table"),
    ]


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


def _adds(home: Home, texts: list[str]) -> tuple[float, list[float]]:
    """Acknowledgements a second over all connections, and the seconds each one took."""
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(CONNECTIONS), context.SimpleQueue()
    clients = [
        context.Process(target=_client, args=(home, number, texts, barrier, results)) for number in range(CONNECTIONS)
    ]
    for client in clients:
        client.start()
    answers = [results.get() for _ in clients]
    for client in clients:
        client.join()
    if wrong := [answer for answer in answers if isinstance(answer, str)]:
        raise SystemExit(f"An add was refused: {wrong[0]}")
    taken = [seconds for answer in answers for seconds in answer]
    return len(taken) / SECONDS, taken


def _client(home: Home, number: int, texts: list[str], barrier: Barrier,
            results: multiprocessing.SimpleQueue[list[float] | str]) -> None:
    """One connection in a process of its own; its lines are finished before the clock runs."""
    lines = [
        encode(request(at, "memory/add", {"content": f"{text} ({number}.{at})", "source_tool": "cli.add"}))
        for at, text in enumerate(texts, 1)
    ]
    taken, wrong = list[float](), ""
    with home.wire() as wire:
        barrier.wait()
        before, until, at = time.perf_counter(), time.perf_counter() + SECONDS, 0
        while before < until and not wrong:
            answer = wire.exchange(lines[at % len(lines)])
            now = time.perf_counter()
            taken.append(now - before)
            before, at = now, at + 1
            if b'"result"' not in answer:
                wrong = answer.decode()
    results.put(wrong or taken)
