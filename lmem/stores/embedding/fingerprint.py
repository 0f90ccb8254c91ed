"""A model's fingerprint: hash of weights, dimensions and pooling, so that no name has to be trusted.

Not a download check (see models.py), though both hash the same file. Hashes are remembered by size and modification
time, because hashing 90 MB at each start would cost a third of a second.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path

from lmem.errors import ModelMissing

_MEMORY = "hashes.json"


def fingerprint(weights_hash: str, dimensions: int, pooling: str) -> str:
    """32 hex digits that change when the weights, the dimensions or the pooling do."""
    return hashlib.sha256(f"{weights_hash}:{dimensions}:{pooling}".encode()).hexdigest()[:32]


def weights_hash(model_dir: Path, cache_dir: Path) -> str:
    """SHA-256 of model.safetensors, else one over those of all weight files in order; remembered in `cache_dir`.

    Raises ModelMissing when there are none.
    """
    files = [model_dir / "model.safetensors"]
    if not files[0].is_file():
        files = sorted([*model_dir.glob("*.safetensors"), *model_dir.glob("*.bin")])
    if not files:
        raise ModelMissing(f"There are no model weights in {model_dir}.")
    remembered = _read(cache_dir / _MEMORY)
    hashes = []
    for file in files:
        found = file.stat()
        key = f"{file.resolve()}:{found.st_size}:{found.st_mtime_ns}"
        if key not in remembered:
            remembered[key] = file_hash(file)
            _write(cache_dir / _MEMORY, remembered)
        hashes.append(remembered[key])
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def file_hash(file: Path) -> str:
    """SHA-256 of a file in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_whole(file: Path, content: bytes) -> None:
    """Replace `file` by `content` in one step: temporary file, fsync, rename."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(name, file)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _read(file: Path) -> dict[str, str]:
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none yet, unreadable or damaged: hash again
        return {}
    return {str(k): str(v) for k, v in said.items()} if isinstance(said, dict) else {}


def _write(file: Path, hashes: dict[str, str]) -> None:
    # Only a memory: on a full or read-only disk the next start hashes again, and the model serves all the same.
    with contextlib.suppress(OSError):
        write_whole(file, json.dumps(hashes, indent=1).encode())
