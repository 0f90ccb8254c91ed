"""The light engine's own matters: batches, sessions that do not wait for each other, files that are made anew."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.errors import InvalidInput
from lmem.ports.embedder import Document
from lmem.stores.embedding import light, onnx_file
from lmem.stores.embedding.light import BATCH_TEXTS, BATCH_TOKENS, LightEmbedder, batches
from tests.unit.stores.embedding import tiny


@given(st.lists(st.integers(2, 256), max_size=60))
def test_batches_hold_every_row_once_within_the_limits(lengths: list[int]) -> None:
    plan = batches(lengths)
    assert sorted(row for rows in plan for row in rows) == list(range(len(lengths)))
    for rows in plan:
        padded = len(rows) * max(lengths[row] for row in rows)
        assert len(rows) <= BATCH_TEXTS
        assert padded <= BATCH_TOKENS


def test_long_texts_come_first_and_alone() -> None:
    assert batches([5, 256, 6, 200]) == [[1], [3], [2, 0]]


def test_a_query_does_not_wait_for_documents(model_dir: Path, tmp_path: Path) -> None:
    embedder = LightEmbedder(str(model_dir), str(tmp_path))
    embedder.load()
    embedder.encode_query("warm")
    documents = [Document("a long text about many things " * 40)] * 150
    ingest = threading.Thread(target=embedder.encode_documents, args=(documents, 30.0))
    ingest.start()
    started = time.monotonic()
    for _ in range(5):
        embedder.encode_query("how are queries answered meanwhile?")
    took = time.monotonic() - started
    assert ingest.is_alive(), f"150 long documents were done before 5 queries ({took:.2f} s)"
    ingest.join()


@pytest.mark.skipif(sys.platform != "linux", reason="threads have priorities of their own on Linux only")
def test_documents_run_at_lower_priority_and_queries_do_not(tmp_path: Path) -> None:
    code = """if True:
        import os, sys, threading
        from lmem.stores.embedding.light import LightEmbedder
        embedder = LightEmbedder(sys.argv[1], sys.argv[2], 1)
        nice = lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        print(nice(), embedder._runners.submit(nice).result())
    """
    said = subprocess.run([sys.executable, "-c", code, str(tmp_path), str(tmp_path)], capture_output=True, text=True)
    own, runner = map(int, said.stdout.split())
    assert runner == max(own, 19)


def test_a_damaged_graph_of_the_right_length_is_made_anew(tmp_path: Path) -> None:
    model, cache = tiny.directory(tmp_path / "m"), tmp_path / "cache"
    info = LightEmbedder(str(model), str(cache)).load()
    assert (info.name, info.dimensions) == ("m", 16)
    file = onnx_file.cached_file(cache, info.fingerprint)
    whole = file.read_bytes()
    file.write_bytes(b"\xff" * len(whole))
    embedder = LightEmbedder(str(model), str(cache))
    assert embedder.load() == info
    assert file.read_bytes()[:64] == whole[:64]
    assert len(embedder.encode_query("sqlite keeps the truth").dense) == 16 * 4


def test_a_ready_graph_is_not_exported_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, cache = tiny.directory(tmp_path / "m"), tmp_path / "cache"
    info = LightEmbedder(str(model), str(cache)).load()

    def never(*_: object) -> Path:
        raise AssertionError("exported again")

    monkeypatch.setattr(light, "run_export", never)
    assert LightEmbedder(str(model), str(cache)).load() == info


def test_other_weights_are_another_model(tmp_path: Path) -> None:
    one = LightEmbedder(str(tiny.directory(tmp_path / "a" / "m")), str(tmp_path / "cache")).load()
    other_weights = tiny.directory(tmp_path / "b" / "m", tiny.tensors(seed=8))
    other = LightEmbedder(str(other_weights), str(tmp_path / "cache")).load()
    assert one.name == other.name and one.fingerprint != other.fingerprint


def test_a_model_it_cannot_run_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    model = tiny.directory(tmp_path / "m", config={"model_type": "roberta"})
    with pytest.raises(InvalidInput, match="roberta"):
        LightEmbedder(str(model), str(tmp_path / "cache")).load()
    assert not (tmp_path / "cache").exists()


def test_what_constructs_an_engine_crosses_a_pipe() -> None:
    factory, arguments = pickle.loads(pickle.dumps((LightEmbedder, {"model_dir": "m", "cache_dir": "c", "threads": 1})))
    assert isinstance(factory(**arguments), LightEmbedder)
