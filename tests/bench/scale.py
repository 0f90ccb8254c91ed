"""Many memories on real servers: `python tests/bench/scale.py [--items N] [--words N] [--alone FILE] [--json]`.

Not a test: it prints search times, rebuild rates and resident memory. Redis and Neo4j are started for it where they can
be had, Qdrant is LMEM_TEST_QDRANT_URL or a qdrant on the PATH; a store without a server stays in process, and the first
line says so. 300 000 memories of the default length take hours to embed; --words 12 makes them short. With --alone the
answers are timed under an exclusive lock of that file (`flock FILE` keeps others from it), however busy the rest was.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

sys.path.append(str(Path(__file__).resolve().parents[2]))  # last: the installed lmem is measured

from tests.bench import searches
from tests.bench.footprint import MB, allocated
from tests.bench.harness import Home, Row, home, nested, spread_ms, table
from tests.bench.speed import _say, _share_model
from tests.bench.texts import WORDS_PER_ITEM, Texts
from tests.servers.process import Unavailable

BATCH = 20_000
READINGS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure lmem with many memories on real servers.")
    parser.add_argument("--items", type=int, default=300_000, metavar="N", help="how many memories")
    parser.add_argument("--words", type=int, default=WORDS_PER_ITEM, metavar="N", help="words of each")
    parser.add_argument("--dir", type=Path, default=None, help="where the home is made")
    parser.add_argument("--alone", type=Path, default=None, metavar="FILE", help="locked while answers are timed")
    parser.add_argument("--json", action="store_true", help="print one object instead of tables")
    options = parser.parse_args()
    with ExitStack() as stack:
        _share_model(stack.enter_context(home(options.dir)))
        settings, absent = _servers(stack)
        _say(f"on servers: {', '.join(sorted({key.split('_')[1].lower() for key in settings})) or 'none'}; "
             f"in process: {', '.join(absent) or 'none'}", options.json)  # fmt: skip
        where = stack.enter_context(home(options.dir, **settings))
        rows = []
        for row in _rows(where, options.items, options.words, options.alone):
            _say(table("scale", [row]).splitlines()[-1], options.json)
            rows.append(row)
        _say("\n" + table(f"{options.items} memories of {options.words} words", rows), options.json)
        if options.json:
            print(json.dumps([{"what": row.what, "goal": row.goal, **row.figures} for row in rows]))


def _servers(stack: ExitStack) -> tuple[dict[str, str], list[str]]:
    """The settings that name the servers which could be had, as variables, and the others."""
    from tests.servers.neo4j import Neo4jServer
    from tests.servers.qdrant import QdrantServer, running_qdrant
    from tests.servers.redis import RedisServer

    settings, absent = dict[str, str](), list[str]()
    base = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lmem-servers-")))
    for name, kind in (("redis", RedisServer), ("neo4j", Neo4jServer), ("qdrant", QdrantServer)):
        directory = base / name
        directory.mkdir()
        running = running_qdrant() if name == "qdrant" else None
        try:
            server = running or stack.enter_context(kind(directory))
        except Unavailable:
            absent.append(name)
            continue
        settings[f"LMEM_{name.upper()}_URL"] = str(getattr(server, "url"))  # noqa: B009 - of three unlike classes
        if secret := getattr(server, "password", None) or getattr(server, "api_key", None):
            settings[f"LMEM_{name.upper()}_{'API_KEY' if name == 'qdrant' else 'PASSWORD'}"] = str(secret)
    return settings, absent


def _rows(where: Home, count: int, words: int, alone: Path | None) -> Iterator[Row]:
    texts = Texts(21)
    where.start()
    started = time.perf_counter()
    sample: list[str] = []
    for at in range(0, count, BATCH):
        items = list(texts.items(min(BATCH, count - at), words))
        sample += items[:3]
        lines = "".join(json.dumps({"content": item, "source_id": f"{at}-{n}"}) + "\n" for n, item in enumerate(items))
        where.lmem("add", "--jsonl", "-", stdin=lines)
    stored = time.perf_counter() - started
    yield Row("stored", {"seconds": stored, "per s": count / stored})
    with where.wire() as wire:
        wire.settle(24 * 3600)
    indexed = time.perf_counter() - started
    yield Row("in every store", {"seconds": indexed, "per s": count / indexed})
    with _locked(alone):
        timed = [*searches.answers(where, texts, sample, ""), *_readings(where)]
    yield from timed
    yield from _footprint(where)
    for store in ("vectors", "graph"):
        with where.wire() as wire:
            wire.settle(24 * 3600)  # the index may be optimised again meanwhile
        began = time.perf_counter()
        done = where.lmem("rebuild", store, "--json", check=False)
        if done.returncode == 0:
            seconds = time.perf_counter() - began
            yield Row(f"rebuild {store}", {"seconds": seconds, "per s": json.loads(done.stdout)["objects"] / seconds})
    yield from _footprint(where)
    began = time.perf_counter()
    verified = where.lmem("verify", "--json", check=False)
    yield Row("lmem verify", {"seconds": time.perf_counter() - began, "exit": verified.returncode})
    for store, report in json.loads(verified.stdout).items():
        wrong = report["missing"] + report["stale"] + report["orphaned"]
        yield Row(f"  {store}", {"checked": report["checked"], "wrong": wrong}, report["unavailable"] or "")


@contextmanager
def _locked(file: Path | None) -> Iterator[None]:
    """Nobody else who asks for the lock of this file runs meanwhile."""
    if file is None:
        yield
        return
    with open(file, "ab") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield


def _readings(where: Home) -> Iterator[Row]:
    """The answers that look at all memories, the first time apart: the others may come from the cache."""
    with where.wire() as wire:
        for method in ("status/get", "stats/get", "memory/list", "memory/tags", "layer/list", "context/get"):
            took = list[float]()
            for _ in range(1 + READINGS):
                began = time.perf_counter()
                wire.call(method, {})
                took.append(time.perf_counter() - began)
            yield Row(method, {"first ms": took[0] * 1000, **spread_ms(took[1:])})


def _footprint(where: Home) -> Iterator[Row]:
    with where.wire() as wire:
        status = wire.call("status/get", {})
    for name, key in (("daemon", "daemon"), ("index worker", "worker")):
        process = psutil.Process(int(str(nested(status, key)["pid"])))
        yield Row(f"{name}, resident", {"MB": process.memory_info().rss / MB})
    yield Row("data directory", {"MB": allocated(where.paths.data) / MB})


if __name__ == "__main__":
    main()
