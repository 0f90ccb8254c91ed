"""The engines beside each other: `python tests/bench/encoder.py [--texts FILE...] [--json]`.

Not a test: it prints figures beside goals and never fails on a time. Each engine runs in a process of its own and they
take turns, so that a busy moment of the machine meets both. sentence-transformers takes part where it is installed.
A text of 400 tokens is cut to the model's 256 by both engines. LMEM_MODEL_DIR is respected, else the model is pulled.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))  # last: the installed lmem is measured

from lmem.paths import paths
from lmem.ports.embedder import Document, Embedder
from lmem.stores.embedding import models
from tests.bench.harness import Row, spread_ms, table
from tests.bench.texts import Texts

LENGTHS = (20, 100, 400)
BATCHED = 64
ROUNDS = 5
SECONDS = 0.8
AVERAGE = 40.0
AGREEING = 500
DOCUMENTS = 1000
ENGINES = {
    "light": "lmem.stores.embedding.light:LightEmbedder",
    "sentence-transformers": "lmem.stores.embedding.sentence:SentenceTransformerEmbedder",
}


@dataclass
class Child:
    """What an engine's process keeps between calls."""

    engine: list[Embedder] = field(default_factory=list)


CHILD = Child()


def main() -> None:
    options = _options()
    model = str(models.pull("all-MiniLM-L6-v2", paths().models, lambda what, done, total: None).path)
    given = [doc["text"] for file in options.texts for doc in json.loads(file.read_text())["docs"]]
    texts = Texts(more=given)
    agreeing = given[:AGREEING] or list(texts.items(AGREEING, 40))
    engines = [name for name in ENGINES if name == "light" or find_spec("sentence_transformers")]
    with ExitStack() as stack:
        cache = stack.enter_context(tempfile.TemporaryDirectory(prefix="lmem-encoder-"))
        spawn = multiprocessing.get_context("spawn")
        pools = {name: stack.enter_context(ProcessPoolExecutor(1, spawn)) for name in engines}
        shown = {"engines": _start(pools, model, cache)}
        shown["texts a second"] = _speeds(pools, model, texts)
        if len(engines) > 1:
            shown["agreement"] = _agreement(pools, agreeing)
        shown["beside each other"] = _beside(pools["light"], texts)
        shown["1000 documents of 100 tokens"] = _memory(pools, texts)
    for title, rows in shown.items():
        print("\n" + table(title, rows), file=sys.stderr if options.json else sys.stdout)
    if options.json:
        print(json.dumps({title: [{"what": r.what, "goal": r.goal, **r.figures} for r in rows]
                          for title, rows in shown.items()}))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the embedding engines on this machine.")
    parser.add_argument("--texts", type=Path, nargs="+", default=[], metavar="FILE",
                        help="data files ({'docs': [{'text'}]}) on which the engines have to agree")
    parser.add_argument("--json", action="store_true", help="print one object after the tables")
    return parser.parse_args()


# In this process: what is asked, and in which order

Pools = dict[str, ProcessPoolExecutor]


def _start(pools: Pools, model: str, cache: str) -> list[Row]:
    rows = []
    for name, pool in pools.items():
        first = pool.submit(load, ENGINES[name], model, cache).result()
        again = pool.submit(load, ENGINES[name], model, cache).result()
        rows.append(Row(name, {"import s": first[0], "first load s": first[1], "load s": again[1], "MB": first[2]},
                        "load under 0.6 s once exported" if name == "light" else ""))
    return rows


def _speeds(pools: Pools, model: str, texts: Texts) -> list[Row]:
    rows: list[Row] = []
    for length in LENGTHS:
        given = list(cut_to(model, length, texts.items(BATCHED, length)))
        for batch, label in ((False, "one by one"), (True, f"{BATCHED} at once")):
            rates: dict[str, list[float]] = {name: [] for name in pools}
            for _ in range(ROUNDS):
                for name, pool in pools.items():
                    rates[name].append(pool.submit(rate, given, batch).result())
            medians = {name: statistics.median(found) for name, found in rates.items()}
            figures: dict[str, float | str] = dict(medians)
            if len(medians) > 1:
                figures["ratio"] = medians["light"] / medians["sentence-transformers"]
            goal = "ratio at least 4" if length == 20 and not batch else ""
            rows.append(Row(f"{length} tokens, {label}", figures, goal))
    return rows


def _agreement(pools: Pools, texts: list[str]) -> list[Row]:
    light, other = (pool.submit(vectors, texts).result() for pool in pools.values())
    cosines = sorted(sum(a * b for a, b in zip(_floats(one), _floats(two), strict=True))
                     for one, two in zip(light, other, strict=True))
    figures: dict[str, float | str] = {
        "mean": statistics.fmean(cosines), "5 %": cosines[len(cosines) // 20], "least": cosines[0], "n": len(cosines)
    }
    return [Row("cosine", figures, "mean at least .98")]


def _beside(pool: ProcessPoolExecutor, texts: Texts) -> list[Row]:
    questions, documents = [texts.question() for _ in range(60)], list(texts.items(200))
    return [
        Row("light: a query alone", spread_ms(pool.submit(latencies, questions, []).result())),
        Row("light: a query beside documents", spread_ms(pool.submit(latencies, questions, documents).result())),
    ]


def _memory(pools: Pools, texts: Texts) -> list[Row]:
    documents = list(texts.items(DOCUMENTS))
    speed, after = pools["light"].submit(ingest, documents).result()
    return [Row("light", {"per s": speed, "MB after": after}, "the whole index worker under 250 MB")]


def cut_to(model: str, length: int, items: Iterator[str]) -> Iterator[str]:
    """Each item cut where the model's tokenizer has seen `length` tokens, its two special ones included."""
    tokenizer = import_module("tokenizers").Tokenizer.from_file(str(Path(model) / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    for item in items:
        found = tokenizer.encode(f"{item} {item}", add_special_tokens=False)
        yield f"{item} {item}"[: found.offsets[length - 3][1]]


def _floats(data: bytes) -> tuple[float, ...]:
    return struct.unpack(f"<{len(data) // 4}f", data)


# In an engine's process


def load(name: str, model: str, cache: str) -> tuple[float, float, float]:
    """Seconds to import, seconds to load, resident MB after it."""
    module, _, attribute = name.partition(":")
    started = time.perf_counter()
    factory = getattr(import_module(module), attribute)
    imported = time.perf_counter()
    engine: Embedder = factory(model_dir=model, cache_dir=cache)
    engine.load()
    loaded = time.perf_counter()
    CHILD.engine[:] = [engine]
    engine.encode_query("warm up")
    return imported - started, loaded - imported, resident()


def rate(texts: Sequence[str], batch: bool) -> float:
    """Texts a second for about SECONDS, one by one or all in one call."""
    engine, done, started = CHILD.engine[0], 0, time.perf_counter()
    while (took := time.perf_counter() - started) < SECONDS:
        if batch:
            done += len(engine.encode_documents([Document(text) for text in texts], AVERAGE))
        else:
            engine.encode_query(texts[done % len(texts)])
            done += 1
    return done / took


def vectors(texts: Sequence[str]) -> list[bytes]:
    return [found.dense for found in CHILD.engine[0].encode_documents([Document(text) for text in texts], AVERAGE)]


def latencies(questions: Sequence[str], documents: Sequence[str]) -> list[float]:
    """Seconds of each query, 20 ms apart, while `documents` (if any) are encoded again and again."""
    engine, stop = CHILD.engine[0], threading.Event()

    def busy() -> None:
        while not stop.is_set():
            engine.encode_documents([Document(text) for text in documents], AVERAGE)

    thread = threading.Thread(target=busy if documents else stop.wait)
    thread.start()
    found = []
    for question in questions:
        time.sleep(0.02)
        started = time.perf_counter()
        engine.encode_query(question)
        found.append(time.perf_counter() - started)
    stop.set()
    thread.join()
    return found


def ingest(documents: Sequence[str]) -> tuple[float, float]:
    """Documents a second in calls of 50, as the relay makes them, and resident MB afterwards."""
    engine, started = CHILD.engine[0], time.perf_counter()
    for at in range(0, len(documents), 50):
        engine.encode_documents([Document(text) for text in documents[at : at + 50]], AVERAGE)
    return len(documents) / (time.perf_counter() - started), resident()


def resident() -> float:
    """Resident MB of this process; the peak where the system has no /proc."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    main()
