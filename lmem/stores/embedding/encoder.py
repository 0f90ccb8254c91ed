"""One ONNX Runtime session: token ids in, unit vectors out, in bounded memory.

Not the engine (light.py): no text, no batching, no threads of its own beside the session's.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

Vectors = npt.NDArray[np.float32]

_ERRORS_ONLY = 3


class Encoder:
    """Runs the graph of graph.py. `run` may be called from several threads at once."""

    def __init__(self, file: Path, pooling: str, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # With the arena on, one batch of 32 long texts keeps 1.4 GB for the life of the process.
        options.enable_cpu_mem_arena = False
        options.enable_mem_pattern = False
        options.log_severity_level = _ERRORS_ONLY
        # Spinning threads win half a millisecond on an idle machine and double the p95 of a busy one.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        self._pooling = pooling

    def run(self, batch: Sequence[Sequence[int]]) -> Vectors:
        """Unit vectors (rows) of lists of token ids, padded to the longest of this batch only."""
        ids = np.zeros((len(batch), max(len(tokens) for tokens in batch)), np.int32)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        inputs = {"input_ids": ids, "segment_ids": np.zeros_like(ids), "attention_mask": mask}
        (hidden,) = self._session.run(["hidden"], inputs)
        if self._pooling == "cls":
            pooled = hidden[:, 0]
        else:
            pooled = np.matmul(mask[:, None, :].astype(np.float32), hidden)[:, 0] / mask.sum(1, keepdims=True)
        unit: Vectors = (pooled / np.linalg.norm(pooled, axis=1, keepdims=True)).astype("<f4")
        return unit
