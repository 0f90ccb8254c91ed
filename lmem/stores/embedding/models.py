"""Where an embedding model is on this machine, and how it gets here.

Not an engine; nothing native is imported here, so the daemon itself may use it. Known models are in catalogue.py, how
each source is read in sources.py. A model is used from where it lies (a configured directory, an installed package) or
placed whole, after its checksums were verified, below the models directory.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from lmem.errors import DownloadFailed
from lmem.stores.embedding.catalogue import MODEL_DIR_VARIABLE, MODELS, Model, Progress, known, name_of
from lmem.stores.embedding.fingerprint import file_hash
from lmem.stores.embedding.layout import is_model

__all__ = ["MODELS", "MODEL_DIR_VARIABLE", "Found", "Model", "Progress", "find", "known", "name_of", "pull"]


@dataclass(frozen=True, slots=True)
class Found:
    """A model on this machine. `source`: configured, downloaded or package; when just fetched hub or package-index."""

    path: Path
    source: str


def find(name: str, models_dir: Path, configured: str | None = None) -> Found | None:
    """The model if it is on this machine: configured directory, models directory, installed package, in that order.

    `configured` is LMEM_MODEL_DIR's value (read from the environment when None): the model's own directory or one that
    holds it by name. Contents are not hashed here: `pull` verifies, the engine's fingerprint tells one from another.
    """
    directory = os.environ.get(MODEL_DIR_VARIABLE, "") if configured is None else configured
    if directory:
        for path in (Path(directory), Path(directory) / name):
            if is_model(path):
                return Found(path, "configured")
    if is_model(models_dir / name):
        return Found(models_dir / name, "downloaded")
    carried = next((place for model in MODELS if model.name == name and (place := packaged(model))), None)
    return Found(carried, "package") if carried else None


def packaged(model: Model) -> Path | None:
    """The model's folder inside an installed package, without importing that package."""
    top, _, inner = model.folder.partition("/")
    spec = find_spec(top)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if is_model(path := Path(place) / inner):
            return path
    return None


def pull(name: str, models_dir: Path, progress: Progress, configured: str | None = None) -> Found:
    """The verified model, fetched below `models_dir` when no place on this machine has it.

    Sources in order: what `find` knows, Hugging Face at the pinned revision, the package from the package index.
    Raises InvalidInput for an unknown name, DownloadFailed naming each source and its reason.
    """
    from lmem.stores.embedding import sources  # here, because urllib costs 30 ms that `find` does not need

    model = known(name)
    reasons: list[str] = []
    here = find(name, models_dir, configured)
    if here is not None:
        progress("verify", 0, model.weights_bytes)
        if not (wrong := verify(model, here.path)):
            progress("verify", model.weights_bytes, model.weights_bytes)
            return here
        reasons.append(f"{here.path}: {wrong}")
    models_dir.mkdir(parents=True, exist_ok=True)
    for source in sources.SOURCES:
        # Kept when it fails, so that the next try resumes; removed when the model is placed.
        partial = models_dir / f".partial-{name}-{source.name}"
        try:
            source.fetch(model, partial, progress)
        except DownloadFailed as err:
            reasons.append(f"{source.title}: {err.message}")
            continue
        if wrong := verify(model, partial):
            shutil.rmtree(partial)
            reasons.append(f"{source.title}: {wrong}")
            continue
        place(partial, models_dir / name)
        for left in models_dir.glob(f".partial-{name}-*"):
            shutil.rmtree(left)
        return Found(models_dir / name, source.name)
    raise DownloadFailed(f"The model {name} could not be fetched. " + " ".join(f"{r.rstrip('.')}." for r in reasons))


def verify(model: Model, directory: Path) -> str:
    """What is wrong with the files of `directory`, in words; empty when every checksum is right."""
    if not is_model(directory):
        return "files are missing"
    for name, checksum in model.checksums.items():
        if file_hash(directory / name) != checksum:
            return f"{name} has another checksum"
    return ""


def place(source: Path, target: Path) -> None:
    """Move a whole directory to `target` in one step, in place of what is there."""
    for file in source.rglob("*"):
        if file.is_file():
            with file.open("rb") as stream:
                os.fsync(stream.fileno())
    with tempfile.TemporaryDirectory(prefix=".replaced-", dir=target.parent) as aside:
        if target.exists():
            target.rename(Path(aside) / target.name)
        source.rename(target)
