"""Whole processes: what a verb costs from its start to its end, beside `python -c pass` in the same run.

Not the daemon's own time (searches.py) and not its throughput (acks.py).
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence

from tests.bench.harness import Home, Row, installed, percentile
from tests.bench.texts import Texts

RUNS = 25
HOT_GOAL = "at most 5 times python"
OTHER_GOAL = "at most 10 times python"


def warm(home: Home, texts: Texts, runs: int = RUNS) -> list[Row]:
    """Medians of the verbs with the daemon running, interleaved with a bare interpreter."""
    some = home.json("add", texts.item())["id"]
    verbs: dict[str, tuple[list[str], str]] = {
        "search": ([], HOT_GOAL),
        "add": ([], HOT_GOAL),
        "show": ([str(some)], OTHER_GOAL),
        "list": ([], OTHER_GOAL),
        "tags": ([], OTHER_GOAL),
        "status": ([], OTHER_GOAL),
        "--version": ([], "at most 2.5 times python"),
    }
    bare: list[float] = []
    taken: dict[str, list[float]] = {verb: [] for verb in verbs}
    for _ in range(runs):
        bare.append(_run(home, [sys.executable, "-c", "pass"]))
        for verb, (arguments, _goal) in verbs.items():
            fresh = {"search": [texts.question()], "add": [texts.item()]}.get(verb, arguments)
            taken[verb].append(_run(home, [installed(), verb, *fresh]))
    base = percentile(bare, 0.5)
    rows = [Row("python -c pass", _figures(bare, base))]
    return rows + [Row(f"lmem {verb}", _figures(taken[verb], base), goal) for verb, (_, goal) in verbs.items()]


def cold(home: Home, texts: Texts, runs: int = 3) -> list[Row]:
    """The first add and the first search after a stop, the start of the daemon included."""
    home.lmem("add", texts.item())
    taken: dict[str, list[float]] = {"add": [], "search": []}
    for _ in range(runs):
        for verb, text in (("add", texts.item()), ("search", texts.question())):
            home.stop()
            taken[verb].append(_run(home, [installed(), verb, text]))
    goals = {"add": "at most 1000 ms", "search": "at most 2000 ms"}
    return [
        Row(f"lmem {verb}, daemon down", {"p50 ms": percentile(seconds, 0.5) * 1000, "max ms": max(seconds) * 1000,
                                          "n": runs}, goals[verb])
        for verb, seconds in taken.items()
    ]


def _figures(seconds: Sequence[float], base: float) -> dict[str, float]:
    middle = percentile(seconds, 0.5)
    return {"p50 ms": middle * 1000, "p95 ms": percentile(seconds, 0.95) * 1000, "ratio": middle / base,
            "n": len(seconds)}


def _run(home: Home, command: list[str]) -> float:
    started = time.perf_counter()
    done = subprocess.run(command, env=home.environ, cwd=home.path, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, check=False)
    seconds = time.perf_counter() - started
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command[:2])} exited {done.returncode}: {done.stderr.decode()}")
    return seconds
