"""The light engine: ONNX Runtime, int8, on the CPU, behind lmem.ports.embedder.Embedder.

Not for the daemon's own process: it imports onnxruntime and numpy, so the index worker constructs it by name. A text
over the model's 256 tokens is represented by its head: the mean of up to four windows measured worse (recall@10 on
sqlite-utils .799 against .804, equal on llm; with windows of 64 tokens .70 and .73 against .74 and .79). The sparse
side has all its words.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidGraph, InvalidProtobuf
from tokenizers import Tokenizer

from lmem.errors import ModelMissing
from lmem.ports.embedder import Document, Encoding, ModelInfo
from lmem.stores.embedding.catalogue import name_of
from lmem.stores.embedding.encoder import Encoder
from lmem.stores.embedding.fingerprint import fingerprint, weights_hash
from lmem.stores.embedding.layout import Layout, read_layout
from lmem.stores.embedding.nearness import cosines
from lmem.stores.embedding.onnx_file import cached_file, ready_file, run_export
from lmem.stores.embedding.sparse import Terms, plain
from lmem.stores.heap import give_memory_back

BATCH_TEXTS = 8
BATCH_TOKENS = 256
"""Padded tokens of one call (a longer text is one alone). Larger calls are slower and cost memory: texts of 100 tokens
go at 113 a second with 256, 101 with 512, 87 with 2,048; texts of 20 tokens at the same speed with each."""

_QUERY_THREADS = 2
_MOST_RUNNERS = 4
_NICE = 19
_CHARACTERS_A_TOKEN = 64
"""Far more than any text has: what is cut off could never reach the model."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    info: ModelInfo
    tokenizer: Tokenizer
    head: int
    queries: Encoder
    documents: Encoder


class LightEmbedder:
    """Queries run at once, in the caller's thread and a session of their own. Documents run on threads of lower
    priority, one batch each, so that they use the processor that queries leave.

    `threads` is the number of those threads; 0 takes one a processor, at most four. Every argument is picklable.
    """

    def __init__(self, model_dir: str, cache_dir: str, threads: int = 0) -> None:
        self._model_dir = Path(model_dir)
        self._cache_dir = Path(cache_dir)
        self._terms = Terms()
        self._runners = ThreadPoolExecutor(threads or _runners(), "embed", initializer=_yield_to_queries)
        self._loaded: _Loaded | None = None

    def load(self) -> ModelInfo:
        """Load the model; the first time on a machine its ONNX file is exported before, which takes about 5 s.

        Raises ModelMissing, Damaged, InvalidInput or StorageFull, as export.export does.
        """
        layout = read_layout(self._model_dir)
        digest = weights_hash(self._model_dir, self._cache_dir)
        mark = fingerprint(digest, layout.dimensions, layout.pooling)
        name = name_of(digest) or self._model_dir.name
        tokenizer = Tokenizer.from_file(str(layout.tokenizer))
        tokenizer.no_padding()
        tokenizer.enable_truncation(layout.max_tokens)
        queries, documents = self._sessions(layout, mark)
        info = ModelInfo(name, "light", layout.dimensions, mark)
        self._loaded = _Loaded(info, tokenizer, layout.max_tokens * _CHARACTERS_A_TOKEN, queries, documents)
        return info

    def encode_query(self, text: str, dense: bool = True) -> Encoding:
        """A question. Raises ModelMissing before `load` unless only terms are asked for."""
        if not dense:
            return Encoding(b"", *self._terms.query(text), 0)
        model = self._ready()
        tokens = self._tokens(model, text)
        return Encoding(model.queries.run([tokens])[0].tobytes(), *self._terms.query(text), len(tokens))

    def encode_documents(
        self, documents: Sequence[Document], average_length: float, dense: bool = True
    ) -> list[Encoding]:
        """Texts to index, in their order. Raises ModelMissing before `load` unless only terms are asked for."""
        sparse = [self._terms.document(document, average_length) for document in documents]
        if not dense:
            return [Encoding(b"", terms, weights, 0) for terms, weights in sparse]
        model = self._ready()
        tokens = [self._tokens(model, document.text) for document in documents]
        plan = batches([len(ids) for ids in tokens])
        vectors = [b""] * len(tokens)
        found = self._runners.map(lambda rows: model.documents.run([tokens[row] for row in rows]), plan)
        for rows, answers in zip(plan, found, strict=True):
            for row, vector in zip(rows, answers, strict=True):
                vectors[row] = vector.tobytes()
        give_memory_back()
        return [
            Encoding(vector, terms, weights, len(ids))
            for vector, (terms, weights), ids in zip(vectors, sparse, tokens, strict=True)
        ]

    def cosines(self, vectors: Sequence[bytes], others: Sequence[bytes]) -> list[list[float]]:
        return cosines(vectors, others)

    def _sessions(self, layout: Layout, mark: str) -> tuple[Encoder, Encoder]:
        target = cached_file(self._cache_dir, mark)
        file = ready_file(self._model_dir, self._cache_dir, mark) or run_export(self._model_dir, target)
        try:
            return _open(file, layout)
        except (Fail, InvalidGraph, InvalidProtobuf):  # of the right length, but its bytes are not: made anew, once
            return _open(run_export(self._model_dir, target), layout)

    def _ready(self) -> _Loaded:
        if self._loaded is None:
            raise ModelMissing("The embedding model is not loaded yet.")
        return self._loaded

    @staticmethod
    def _tokens(model: _Loaded, text: str) -> list[int]:
        ids: list[int] = model.tokenizer.encode(plain(text[: model.head])).ids
        return ids


def batches(lengths: Sequence[int]) -> list[list[int]]:
    """Rows grouped by similar length, the longest first: at most BATCH_TEXTS a group and BATCH_TOKENS after padding.

    A longer text is a group of its own. Longest first, so that the runners finish at the same time.
    """
    groups: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
        group = groups[-1] if groups else []
        if not group or len(group) == BATCH_TEXTS or (len(group) + 1) * lengths[group[0]] > BATCH_TOKENS:
            groups.append([row])
        else:
            group.append(row)
    return groups


def _open(file: Path, layout: Layout) -> tuple[Encoder, Encoder]:
    processors = os.cpu_count() or 1
    return Encoder(file, layout.pooling, min(_QUERY_THREADS, processors)), Encoder(file, layout.pooling, 1)


def _runners() -> int:
    processors = os.cpu_count() or 1
    # Without priorities for single threads (macOS) a processor is left free for queries instead.
    return min(_MOST_RUNNERS, processors if sys.platform == "linux" else max(1, processors - 1))


def _yield_to_queries() -> None:
    if sys.platform == "linux":  # where a thread has a priority of its own
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, max(_NICE, os.getpriority(os.PRIO_PROCESS, thread)))
