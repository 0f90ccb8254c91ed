"""Search in the daemon, answer over the socket: the whole, the encoding of the query in it, and the rest.

Not a process's start (processes.py) and not the quality of what is found (retrieval.py).
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Sequence

from tests.bench import encoding
from tests.bench.harness import Home, Row, Wire, installed, nested, spread_ms
from tests.bench.texts import Texts

WARM_UP = 20
QUESTIONS = 300
OTHERS = 60
SEARCH_PAUSE, ADD_PAUSE = 0.05, 0.25
"""Seconds between two searches and two adds during ingest: a busy terminal, not a load test of its own."""


def fill(home: Home, items: Sequence[str]) -> tuple[float, float]:
    """Take items in through `lmem add --jsonl`; seconds until the last acknowledgement and until all are indexed."""
    lines = "".join(json.dumps({"content": item, "source_id": str(at)}) + "\n" for at, item in enumerate(items))
    started = time.perf_counter()
    home.lmem("add", "--jsonl", "-", stdin=lines)
    stored = time.perf_counter() - started
    with home.wire() as wire:
        wire.settle()
    return stored, time.perf_counter() - started


def answers(home: Home, texts: Texts, items: Sequence[str], goal: str) -> list[Row]:
    """p50 and p95 by kind of query, one connection, one query after the other."""
    words = items[:: max(1, len(items) // OTHERS)][:OTHERS]
    kinds = {
        "phrase": [texts.phrase(item) for item in words],
        "prefix": [texts.prefix() for _ in range(OTHERS)],
        "identifier": [item.split()[-1].strip(".") for item in words],
    }
    rows = []
    with home.wire() as wire:
        for _ in range(WARM_UP):
            _ask(wire, texts.question())
        whole, encoded, rest = zip(*(_ask(wire, texts.question()) for _ in range(QUESTIONS)), strict=True)
        rows.append(Row("question, whole answer", spread_ms(whole)))
        rows.append(Row("  its own encoding", spread_ms(encoded)))
        rows.append(Row("  the rest", spread_ms(rest), goal))
        rows.append(encoding.questions(home, [texts.question() for _ in range(QUESTIONS)]))
        for kind, queries in kinds.items():
            rows.append(Row(kind, spread_ms([_ask(wire, query)[0] for query in queries])))
    return rows


def _ask(wire: Wire, query: str) -> tuple[float, float, float]:
    """Seconds of one query: the whole as seen here, the daemon's own figure for encoding it, and the difference."""
    started = time.perf_counter()
    answer = wire.call("memory/search", {"query": query, "limit": 10, "explain": True})
    whole = time.perf_counter() - started
    encoded = float(str(nested(answer, "timings_ms").get("encode", 0.0))) / 1000
    return whole, encoded, whole - encoded


def during_ingest(home: Home, texts: Texts, items: Sequence[str]) -> list[Row]:
    """Searches and single adds while `items` are taken in, embedded and optimised, from an empty store."""
    file = home.path / "items.jsonl"
    file.write_text("".join(json.dumps({"content": item}) + "\n" for item in items))
    searches, adds, degraded = list[float](), list[float](), list[int]()
    over = threading.Event()
    threads = [
        threading.Thread(target=_search_until, args=(home, texts, over, searches, degraded)),
        threading.Thread(target=_add_until, args=(home, Texts(99), over, adds)),
    ]
    started = time.perf_counter()
    feeder = subprocess.Popen([installed(), "add", "--jsonl", str(file)], env=home.environ, cwd=home.path,
                              stdout=subprocess.DEVNULL)
    for thread in threads:
        thread.start()
    try:
        if feeder.wait() != 0:
            raise SystemExit(f"lmem add --jsonl exited {feeder.returncode}")
        with home.wire() as wire:
            wire.settle()
            wire.wait_for_vectors()  # an optimised generation is switched to before this is true
    finally:
        over.set()
        for thread in threads:
            thread.join()
    seconds = time.perf_counter() - started
    slow = {"over 500 ms": float(sum(1 for one in searches if one > 0.5)), "degraded": float(sum(degraded))}
    return [
        Row(f"ingest of {len(items)} items", {"seconds": seconds, "items per s": len(items) / seconds}),
        Row("search meanwhile", spread_ms(searches) | slow, "p95 at most 60 ms, none over 500 ms"),
        Row("add acknowledged meanwhile", spread_ms(adds), "max at most 100 ms"),
    ]


def _search_until(home: Home, texts: Texts, over: threading.Event, taken: list[float], degraded: list[int]) -> None:
    with home.wire() as wire:
        while not over.wait(SEARCH_PAUSE):
            started = time.perf_counter()
            answer = wire.call("memory/search", {"query": texts.question(), "limit": 10})
            taken.append(time.perf_counter() - started)
            degraded.append(1 if answer["degraded"] else 0)


def _add_until(home: Home, texts: Texts, over: threading.Event, taken: list[float]) -> None:
    with home.wire() as wire:
        while not over.wait(ADD_PAUSE):
            item = texts.item()
            started = time.perf_counter()
            wire.call("memory/add", {"content": item, "source_tool": "cli.add"})
            taken.append(time.perf_counter() - started)

