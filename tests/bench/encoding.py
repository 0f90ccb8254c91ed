"""Ingest with embedding beside what the light engine does alone, in batches, in the same run.

Not a comparison of engines: encoder.py does that.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.bench.harness import Home, Row, spread_ms

SAMPLE = 400
AVERAGE_TERMS = 40.0


def against(home: Home, items: Sequence[str], seconds: float) -> list[Row]:
    """Items a second from the first `add` to the last vector (`seconds` in all), and the engine's own rate."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as child:
        own = child.submit(_measure, home.paths.cache, list(items[:SAMPLE])).result()
    rate = len(items) / seconds
    return [
        Row("the light engine alone, in batches", {"per s": own}),
        Row("stored, embedded and indexed", {"seconds": seconds, "per s": rate, "ratio": rate / own},
            "at least 0.6 of the engine"),
    ]


def questions(home: Home, texts: Sequence[str]) -> Row:
    """What the engine alone takes for the same kind of questions, one by one, with no pipe and no daemon."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as child:
        taken = child.submit(_one_by_one, home.paths.cache, list(texts)).result()
    return Row("  (the engine alone, in its own process)", spread_ms(taken))


def _one_by_one(cache: Path, texts: list[str]) -> list[float]:
    from lmem.stores.embedding.light import LightEmbedder

    engine = LightEmbedder(os.environ["LMEM_MODEL_DIR"], str(cache))
    engine.load()
    taken = list[float]()
    for text in texts:
        started = time.perf_counter()
        engine.encode_query(text)
        taken.append(time.perf_counter() - started)
    return taken[len(taken) // 10 :]


def _measure(cache: Path, texts: list[str]) -> float:
    """Texts a second. In a process of its own: onnxruntime is not for the one that measures sockets."""
    from lmem.ports.embedder import Document
    from lmem.stores.embedding.light import LightEmbedder

    engine = LightEmbedder(os.environ["LMEM_MODEL_DIR"], str(cache))
    engine.load()
    engine.encode_documents([Document(text) for text in texts[:32]], AVERAGE_TERMS)
    started = time.perf_counter()
    engine.encode_documents([Document(text) for text in texts], AVERAGE_TERMS)
    return len(texts) / (time.perf_counter() - started)
