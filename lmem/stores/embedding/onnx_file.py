"""Where the int8 ONNX file of a model is, and how it comes to be there.

Not the export itself: that runs as a child process (export.py). A model directory may carry the file; else it is made
once in lmem's cache, because a model directory can be shared and read-only.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from lmem.errors import StoreUnavailable, from_wire
from lmem.stores.embedding.fingerprint import write_whole

FILE = "lmem-int8-1.onnx"
"""The number is the export's: a change of graph or quantisation gets the next one, and old files are not read."""

_EXPORT_SECONDS = 600


def ready_file(model_dir: Path, cache_dir: Path, fingerprint: str) -> Path | None:
    """The file for `fingerprint`, from the model directory or the cache; None when it has to be exported."""
    for file in (model_dir / FILE, cached_file(cache_dir, fingerprint)):
        if _fits(file, fingerprint):
            return file
    return None


def cached_file(cache_dir: Path, fingerprint: str) -> Path:
    return cache_dir / "onnx" / fingerprint / FILE


def run_export(model_dir: Path, target: Path) -> Path:
    """Export in a child process and answer `target`. It takes about 5 s.

    Raises what export.export raises, and StoreUnavailable when the child was killed or did not finish.
    """
    # The child has to find this same lmem, wherever it was imported from.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    command = [sys.executable, "-m", "lmem.stores.embedding.export", str(model_dir), str(target)]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_EXPORT_SECONDS)
    except subprocess.TimeoutExpired as err:
        raise StoreUnavailable(f"Preparing the embedding model took over {_EXPORT_SECONDS} s.") from err
    if done.returncode == 0:
        return target
    last = (done.stderr.strip().splitlines() or [""])[-1]
    if done.returncode == 1 and last.startswith("{"):
        said = json.loads(last)
        raise from_wire(str(said["message"]), said)
    if done.returncode == -signal.SIGKILL:
        raise StoreUnavailable(
            "Preparing the embedding model was killed, most often for want of memory.",
            hint="Free 1 GB of memory, then run 'lmem model pull'.",
        )
    raise StoreUnavailable(f"Preparing the embedding model failed with status {done.returncode}: {last}")


def write_note(file: Path, fingerprint: str) -> None:
    """Say beside `file` what it was made from and how long it is."""
    note = {"fingerprint": fingerprint, "bytes": file.stat().st_size}
    write_whole(_note(file), json.dumps(note).encode())


def _note(file: Path) -> Path:
    return file.with_suffix(".json")


def _fits(file: Path, fingerprint: str) -> bool:
    try:
        note = json.loads(_note(file).read_text(encoding="utf-8"))
        size = file.stat().st_size
    except (OSError, ValueError):
        return False
    return bool(note == {"fingerprint": fingerprint, "bytes": size})
