"""Finding and pulling a model: the order of places, checksums, and what is said when all fail."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from lmem.errors import DownloadFailed, InvalidInput
from lmem.stores.embedding import catalogue, models, sources
from lmem.stores.embedding.models import MODELS, Found, Model, Progress, find, known, name_of, pull
from tests.unit.stores.embedding import tiny

SILENT: Progress = lambda what, done, total: None  # noqa: E731


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """A known model whose right files are those of tiny.directory, and an environment that has it nowhere."""
    right = tiny.directory(tmp_path / "right")
    sums = {name: hashlib.sha256((right / name).read_bytes()).hexdigest() for name in MODELS[0].checksums}
    made = replace(MODELS[0], name="tiny", checksums=sums, folder="tiny_package_absent/model")
    for module in (models, catalogue):
        monkeypatch.setattr(module, "MODELS", (made,))
    monkeypatch.delenv(models.MODEL_DIR_VARIABLE, raising=False)
    monkeypatch.setattr(sources, "SOURCES", ())
    return made


@dataclass(frozen=True)
class Fake:
    """A source that makes a model directory of `seed`'s weights, or fails with `reason`."""

    name: str
    seed: int = 7
    reason: str = ""
    title: str = "a fake"

    def fetch(self, model: Model, directory: Path, progress: Progress) -> None:
        if self.reason:
            raise DownloadFailed(self.reason)
        tiny.directory(directory, tiny.tensors(self.seed))
        progress("model.safetensors", 1, 1)


def test_a_model_is_found_in_order(tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    downloads = tmp_path / "models"
    assert find("tiny", downloads) is None
    package = tiny.directory(tmp_path / "site" / "tiny_carrier" / "model")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    (package.parent / "__init__.py").write_text("raise RuntimeError('it must not be imported')")
    monkeypatch.setattr(models, "MODELS", (replace(model, folder="tiny_carrier/model"),))
    assert find("tiny", downloads) == Found(package, "package")
    downloaded = tiny.directory(downloads / "tiny")
    assert find("tiny", downloads) == Found(downloaded, "downloaded")
    monkeypatch.setenv("LMEM_MODEL_DIR", str(tmp_path / "right"))
    assert find("tiny", downloads) == Found(tmp_path / "right", "configured")
    by_name = tiny.directory(tmp_path / "shared" / "tiny")
    assert find("tiny", downloads, str(tmp_path / "shared")) == Found(by_name, "configured")
    assert find("tiny", downloads, "") == Found(downloaded, "downloaded")


def test_what_is_here_is_verified_and_not_fetched(tmp_path: Path, model: Model) -> None:
    steps: list[tuple[str, int, int]] = []
    found = pull("tiny", tmp_path / "models", lambda *step: steps.append(step), str(tmp_path / "right"))
    assert found == Found(tmp_path / "right", "configured")
    assert [step[0] for step in steps] == ["verify", "verify"]
    assert not (tmp_path / "models").exists()


def test_sources_are_tried_in_order_until_one_has_the_right_file(
    tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes = (Fake("down", reason="no route."), Fake("wrong", seed=8), Fake("right"), Fake("never", reason="asked"))
    monkeypatch.setattr(sources, "SOURCES", fakes)
    wrong_here = tiny.directory(tmp_path / "models" / "tiny", tiny.tensors(9))
    found = pull("tiny", tmp_path / "models", SILENT)
    assert found == Found(wrong_here, "right")
    assert not models.verify(model, found.path)
    assert [entry.name for entry in (tmp_path / "models").iterdir()] == ["tiny"]


def test_when_all_fail_each_is_named_with_its_reason(
    tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "SOURCES", (Fake("a", reason="no route.", title="A"), Fake("b", seed=8, title="B")))
    configured = tiny.directory(tmp_path / "configured", tiny.tensors(9))
    with pytest.raises(DownloadFailed) as caught:
        pull("tiny", tmp_path / "models", SILENT, str(configured))
    message = caught.value.message
    assert f"{configured}: model.safetensors has another checksum." in message
    assert "A: no route. B: model.safetensors has another checksum." in message
    assert "LMEM_MODEL_DIR" in caught.value.hint
    assert not (tmp_path / "models" / "tiny").exists()


def test_an_unknown_name_is_refused_with_those_known() -> None:
    assert known("all-MiniLM-L6-v2").dimensions == 384
    with pytest.raises(InvalidInput) as caught:
        known("all-mpnet")
    assert "all-MiniLM-L6-v2" in caught.value.hint


def test_weights_are_known_by_their_hash() -> None:
    assert name_of("53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db") == "all-MiniLM-L6-v2"
    assert name_of("0" * 64) is None


def test_the_daemon_may_import_it() -> None:
    heavy = ("numpy", "onnxruntime", "tokenizers", "qdrant_edge", "urllib.request")
    code = f"import sys, lmem.stores.embedding.models; print([m for m in {heavy} if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
