"""Generations of the index as directories: `<root>/<generation>/<collection>/`, beside each other.

Not the points in them (lmem.stores.qdrant.edge), and no lock: Edge would open a directory twice without an error, so
the daemon's own lock guards the root.
"""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from lmem import durable
from lmem.errors import Conflict, StorageFull, StoreUnavailable
from lmem.ports.vectors import COLLECTIONS, EDGE, MEMORIES, Engine
from lmem.stores.lifeline import child_environment
from lmem.stores.qdrant import holes, shards
from lmem.stores.qdrant.identity import Identity, check_identity, check_name, new_identity
from lmem.stores.qdrant.schema import SCHEMA, check_collection

EMPTY_BYTES = 4 << 20
"""What an empty generation may take; measured: 0.8 MB for both collections."""

_IDENTITY = "generation.json"


@dataclass(frozen=True, slots=True)
class _Open:
    identity: Identity
    collections: dict[str, shards.Collection]
    loading: threading.Lock


class EdgeGenerations:
    """Generations of Qdrant Edge under `root`. Implements lmem.ports.vectors.Generations.

    `reserve_bytes` of the disk stay free: on a full disk Edge dies of SIGBUS, at its next load too.
    """

    def __init__(self, root: str, reserve_bytes: int) -> None:
        self._root = Path(root)
        self._reserve = reserve_bytes
        self._opened: dict[str, _Open] = {}

    def open(self, generation: str, dimensions: int) -> str:
        path = self._path(generation)
        opened = self._opened.get(generation)
        if opened is None or _identity(path) != opened.identity:
            self._close(generation)
            identity = _identity(path) or self._create(path, dimensions)
            check_identity(identity, generation, dimensions)
            opened = _Open(identity, {}, threading.Lock())
            self._load(path, MEMORIES, opened)
            self._opened[generation] = opened
        check_identity(opened.identity, generation, dimensions)
        return opened.identity.instance

    def serve(self, generation: str) -> None:
        self._get(generation)

    def copy(self, generation: str, target: str) -> str:
        opened = self._get(generation)
        path = self._path(target)
        if _identity(path) is not None:
            raise Conflict(f"There is a generation '{target}' already.", hint="Choose another name for the copy.")
        self._need_space(holes.allocated(self._path(generation)))
        with self._making(path):
            for collection in list(opened.collections.values()):
                collection.shard.flush()
            for name in COLLECTIONS:
                holes.copy_tree(self._path(generation) / name, path / name)
            return _identify(path, opened.identity.dimensions).instance

    def optimise(self, generation: str) -> None:
        path = self._path(generation)
        if generation in self._opened:
            raise Conflict(f"The generation '{generation}' is open.", hint="Optimise a copy, then switch to it.")
        if _identity(path) is None:
            raise StoreUnavailable(f"There is no generation '{generation}'.")
        self._need_space(holes.allocated(path))
        command = [sys.executable, "-P", "-m", "lmem.stores.qdrant.optimise", str(path)]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=child_environment()
        )
        if done.returncode:
            said = done.stderr.strip().splitlines()[-1:] or [f"status {done.returncode}"]
            raise StoreUnavailable(f"Optimising '{generation}' failed: {said[0]}.", hint="The index serves as it was.")

    def drop(self, generation: str) -> None:
        path = self._path(generation)
        self._close(generation)
        if path.exists():
            (path / _IDENTITY).unlink(missing_ok=True)  # first: a half removed directory is no generation
            shutil.rmtree(path)
            durable.sync(self._root)

    def sizes(self) -> dict[str, int]:
        if not self._root.exists():
            return {}
        return {path.name: holes.allocated(path) for path in sorted(self._root.iterdir()) if path.is_dir()}

    def engine(self) -> Engine:
        return Engine(EDGE, metadata.version("qdrant-edge-py"), SCHEMA)

    def close(self) -> None:
        """Close every generation; what was written is flushed already."""
        for generation in list(self._opened):
            self._close(generation)

    def _collection(self, generation: str, name: str) -> shards.Collection:
        """A collection. That of the patterns is loaded when first asked for: it maps 30 MB of memory even if empty."""
        check_collection(name)
        opened = self._get(generation)
        return opened.collections.get(name) or self._load(self._path(generation), name, opened)

    def _load(self, path: Path, name: str, opened: _Open) -> shards.Collection:
        with opened.loading:
            if name not in opened.collections:
                self._need_space(EMPTY_BYTES)  # on a full disk Edge dies at a load too
                opened.collections[name] = shards.load(path / name, name, opened.identity.dimensions)
            return opened.collections[name]

    def _get(self, generation: str) -> _Open:
        opened = self._opened.get(generation)
        if opened is None:
            raise StoreUnavailable(f"The generation '{generation}' is not open.")
        return opened

    def _close(self, generation: str) -> None:
        opened = self._opened.pop(generation, None)
        if opened is not None:
            for collection in opened.collections.values():
                collection.shard.close()

    def _path(self, generation: str) -> Path:
        return self._root / check_name(generation)

    def _create(self, path: Path, dimensions: int) -> Identity:
        self._need_space(EMPTY_BYTES)
        with self._making(path):
            for name in COLLECTIONS:
                shards.create(path / name, name, dimensions)
            return _identify(path, dimensions)

    @contextmanager
    def _making(self, path: Path) -> Iterator[None]:
        """An empty directory to fill. Without an identity it is left-over of a kill, here or later, and goes."""
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.rmtree(path, ignore_errors=True)
        try:
            path.mkdir(mode=0o700)
            yield
            durable.sync(self._root)
        except OSError as err:
            shutil.rmtree(path, ignore_errors=True)
            if err.errno == errno.ENOSPC:
                raise StorageFull(f"The disk filled up while '{path.name}' was made.") from err
            raise StoreUnavailable(f"The index cannot be made in {path}: {err.strerror}.") from err

    def _need_space(self, needed: int) -> None:
        """Raises StorageFull unless `needed` bytes leave the reserve free."""
        place = self._root if self._root.exists() else self._root.parent
        while not place.exists():
            place = place.parent
        free = shutil.disk_usage(place).free
        if free < needed + self._reserve:
            raise StorageFull(
                f"The index needs {(needed + self._reserve) >> 20} MB free in {place}; there are {free >> 20}.",
                hint="Free some space; the index then catches up by itself, and full text answers meanwhile.",
            )


def _identity(path: Path) -> Identity | None:
    """What the directory says of itself; None when it is absent or was never finished."""
    try:
        return Identity(**json.loads((path / _IDENTITY).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def _identify(path: Path, dimensions: int) -> Identity:
    """Finish a directory: from here on it is a generation, with an instance id of its own."""
    identity = new_identity(dimensions)
    durable.replace(path / _IDENTITY, json.dumps(asdict(identity)).encode())
    return identity
