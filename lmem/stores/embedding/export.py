"""Exports a model to int8 ONNX: `python -m lmem.stores.embedding.export MODEL_DIR TARGET`.

Not called inside the index worker: it needs 0.8 GB for some seconds, so onnx_file.py runs it as a child process. The
graph is checked against the model's reference vector before and after it is quantised, then placed in one step. An
error is the last line of standard error, as JSON with code, message and hint; the exit status is then 1.
"""

from __future__ import annotations

import base64
import errno
import json
import logging
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from onnx import TensorProto
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer

from lmem.errors import Damaged, LmemError, StorageFull
from lmem.stores.embedding import graph
from lmem.stores.embedding.encoder import Encoder, Vectors
from lmem.stores.embedding.fingerprint import file_hash, fingerprint
from lmem.stores.embedding.layout import Layout, read_layout
from lmem.stores.embedding.onnx_file import write_note
from lmem.stores.embedding.reference import SENTENCE, VECTORS
from lmem.stores.embedding.weights import read_tensors

FLOAT_COSINE = 0.9999
INT8_COSINE = 0.97
"""The least cosine to the reference before and after quantising. Measured with all-MiniLM-L6-v2: 1.0000 and .99."""

_WORK_PREFIX = ".export-"
_STALE_SECONDS = 3600


def export(model_dir: Path, target: Path) -> None:
    """Write the int8 graph of `model_dir` to `target` with its note beside it, in one step each.

    Raises ModelMissing, InvalidInput (an architecture the light engine cannot run), Damaged (weights that are not whole
    or an export that does not agree with the reference) or StorageFull.
    """
    layout = read_layout(model_dir)
    digest = file_hash(layout.weights)
    target.parent.mkdir(parents=True, exist_ok=True)
    _remove_stale(target.parent)
    with tempfile.TemporaryDirectory(prefix=_WORK_PREFIX, dir=target.parent) as work:
        whole, quantised = Path(work) / "float32.onnx", Path(work) / "int8.onnx"
        graph.build(layout, read_tensors(layout.weights), whole)
        exact = _embed(layout, whole)
        if (known := VECTORS.get(digest)) is not None:
            reference = np.frombuffer(base64.b64decode(known), "<f2").astype(np.float32)
            _compare(exact, reference / np.linalg.norm(reference), FLOAT_COSINE, "the export")
        _quantise(whole, quantised)
        _compare(_embed(layout, quantised), exact, INT8_COSINE, "the quantised export")
        _place(quantised, target)
    write_note(target, fingerprint(digest, layout.dimensions, layout.pooling))


def _embed(layout: Layout, file: Path) -> Vectors:
    tokens = Tokenizer.from_file(str(layout.tokenizer))
    tokens.no_padding()
    tokens.enable_truncation(layout.max_tokens)
    vector: Vectors = Encoder(file, layout.pooling, threads=1).run([tokens.encode(SENTENCE).ids])[0]
    return vector


def _compare(found: Vectors, wanted: Vectors, least: float, what: str) -> None:
    cosine = float(found @ wanted) if found.shape == wanted.shape else float("nan")
    if not cosine >= least:
        raise Damaged(
            f"The model's reference sentence has cosine {cosine:.4f} in {what}, below {least}.",
            hint="Run 'lmem model pull' to get the model again; if it stays, report it with 'lmem doctor --json'.",
        )


def _quantise(source: Path, target: Path) -> None:
    logging.disable(logging.WARNING)  # it advises a shape inference that the fused operators do not have
    try:
        quantize_dynamic(
            str(source),
            str(target),
            op_types_to_quantize=list(graph.QUANTISED),
            per_channel=True,  # per tensor loses 1.5 points of recall
            weight_type=QuantType.QInt8,
            extra_options={"DefaultTensorType": TensorProto.FLOAT, "MatMulConstBOnly": True},
        )
    finally:
        logging.disable(logging.NOTSET)


def _place(source: Path, target: Path) -> None:
    with source.open("rb") as stream:
        os.fsync(stream.fileno())
    os.replace(source, target)


def _remove_stale(directory: Path) -> None:
    """Work directories that a killed export left behind."""
    for left in directory.glob(f"{_WORK_PREFIX}*"):
        if time.time() - left.stat().st_mtime > _STALE_SECONDS:
            shutil.rmtree(left)


def main(arguments: list[str]) -> int:
    """The exit status: 0, 1 with an error as JSON on standard error, 2 for a wrong call."""
    if len(arguments) != 2:
        print("usage: python -m lmem.stores.embedding.export MODEL_DIR TARGET", file=sys.stderr)
        return 2
    try:
        export(Path(arguments[0]), Path(arguments[1]))
    except LmemError as err:
        return _report(err)
    except OSError as err:
        if err.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        return _report(StorageFull("The disk is too full to prepare the embedding model; it needs 200 MB."))
    return 0


def _report(error: LmemError) -> int:
    print(json.dumps({**error.to_wire(), "message": error.message}), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
