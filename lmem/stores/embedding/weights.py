"""Reads tensors from a safetensors file: 8 bytes of header length, a JSON header, raw little-endian numbers.

Not a writer, and no general loader: only the floating-point types that embedding models are published in. The format
is described at https://github.com/huggingface/safetensors#format. Every size is checked before it is used.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lmem.errors import Damaged

Floats = npt.NDArray[np.float32]

_HEADER_LIMIT = 16_000_000
_STORED_AS = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}


def read_tensors(file: Path) -> dict[str, Floats]:
    """Every floating-point tensor of `file` by name, as float32; other types (position ids) are left out.

    Raises Damaged when a length, an offset or a shape does not fit the file.
    """
    data = np.memmap(file, dtype=np.uint8, mode="r") if file.stat().st_size else np.zeros(0, np.uint8)
    if len(data) < 8:
        raise _damaged(file, "it is too short")
    length = int.from_bytes(data[:8].tobytes(), "little")
    if length > min(_HEADER_LIMIT, len(data) - 8):
        raise _damaged(file, "its header is longer than the file")
    try:
        header = json.loads(data[8 : 8 + length].tobytes())
    except ValueError as err:
        raise _damaged(file, "its header is not JSON") from err
    if not isinstance(header, dict):
        raise _damaged(file, "its header is not an object")
    body = data[8 + length :]
    found: dict[str, Floats] = {}
    end = 0
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        kind, shape, start, stop = _entry(file, name, entry, len(body))
        end = max(end, stop)
        if kind in _STORED_AS:
            found[name] = _tensor(file, name, body[start:stop], kind, shape)
    if end != len(body):
        raise _damaged(file, "its length is not the one its header says")
    return found


def _entry(file: Path, name: str, entry: Any, size: int) -> tuple[str, tuple[int, ...], int, int]:
    try:
        kind, shape, (start, stop) = entry["dtype"], entry["shape"], entry["data_offsets"]
    except (TypeError, KeyError, ValueError) as err:
        raise _damaged(file, f"the header's entry of {name} is not one") from err
    numbers = [*shape, start, stop] if isinstance(shape, list) else [None]
    if not isinstance(kind, str) or not all(type(n) is int and n >= 0 for n in numbers) or not start <= stop <= size:
        raise _damaged(file, f"{name} lies outside of it")
    return kind, tuple(shape), start, stop


def _tensor(file: Path, name: str, raw: npt.NDArray[np.uint8], kind: str, shape: tuple[int, ...]) -> Floats:
    stored = np.dtype(_STORED_AS[kind])
    if raw.nbytes != math.prod(shape) * stored.itemsize:
        raise _damaged(file, f"{name} has not the size of its shape")
    values = np.frombuffer(raw.tobytes(), dtype=stored)
    if kind == "BF16":  # the upper half of a float32
        values = (values.astype(np.uint32) << 16).view(np.float32)
    return values.astype(np.float32, copy=False).reshape(shape)


def _damaged(file: Path, why: str) -> Damaged:
    return Damaged(
        f"{file} is not a whole safetensors file: {why}.",
        hint="Remove its directory, then run 'lmem model pull'.",
    )
