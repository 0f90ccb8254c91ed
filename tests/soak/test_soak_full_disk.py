"""A full disk: a clear error, a living daemon, nothing acknowledged lost, and convergence once there is space."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lmem.errors import StorageFull
from tests.bench.harness import Home
from tests.bench.texts import Texts
from tests.soak.kit import ROUNDS, Daemon, Writer, check, writing

pytestmark = pytest.mark.soak
SIZE_MB = 96
MB = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A filesystem of its own of SIZE_MB; needs root on Linux."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small filesystem needs root on Linux")
    where = tmp_path / "disk"
    where.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", str(where)],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"this machine refuses to mount: {done.stderr.strip()}")
    try:
        yield where
    finally:
        subprocess.run(["umount", "--lazy", str(where)], check=True)


@pytest.fixture
def cramped(small_disk: Path, model_dir: Path) -> Iterator[Daemon]:
    """A daemon whose whole home lies on the small disk, with a small reserve."""
    home = Home(small_disk / "home", {"LMEM_MODEL_DIR": str(model_dir), "LMEM_VECTORS_RESERVE_MB": "8"})
    home.path.mkdir()
    made = Daemon(home)
    made.start()
    try:
        with home.wire() as wire:
            wire.wait_for_vectors()
        yield made
    finally:
        if made.alive():
            made.kill()


def test_a_full_disk_refuses_clearly_and_loses_nothing(cramped: Daemon, small_disk: Path, tmp_path: Path) -> None:
    ballast, writers = small_disk / "ballast", list[Writer]()
    for round_ in range(max(1, ROUNDS // 40)):
        with writing(cramped.home, 2, first=2 * round_) as some:  # the same seeds would make the same ids
            while not all(writer.acked for writer in some):
                assert cramped.alive()
            _fill(ballast)
            _fill_by_adding(cramped.home)
            _everything_else_answers(cramped.home)
            ballast.unlink()
        writers += some
        for writer in some:
            assert all("storage_full" in line for line in writer.refused), writer.refused[:3]
        assert cramped.alive(), f"the daemon died in round {round_}"
        cramped.home.lmem("add", f"There is space again, round {round_}.")
    _check_with_strangers(cramped, writers, tmp_path)


def _fill(ballast: Path) -> None:
    """Leave nothing: write until the filesystem refuses."""
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 65536)
        except OSError:
            return


def _fill_by_adding(home: Home) -> None:
    texts = Texts(3)
    with home.wire() as wire, pytest.raises(StorageFull) as caught:
        for _ in range(5_000):
            wire.call("memory/add", {"content": texts.item(600), "source_tool": "cli.add"})
    assert caught.value.message.endswith(".")
    assert caught.value.hint


def _everything_else_answers(home: Home) -> None:
    with home.wire() as wire:
        assert wire.call("memory/search", {"query": "how does the parser read", "limit": 5})["results"]
        assert wire.call("status/get", {})["counts"]
        findings = wire.call("status/doctor", {})["findings"]
    assert isinstance(findings, list)
    assert [one["next"] for one in findings if one["check"] == "disk" and one["level"] != "ok"], findings


def _check_with_strangers(daemon: Daemon, writers: list[Writer], scratch: Path) -> None:
    """The common check; what the test itself added beside the writers is put on their account first."""
    with daemon.home.wire() as wire:
        known = {memory for writer in writers for memory in writer.maybe}
        after: object = None
        while True:
            page = wire.call("memory/export", {"after": after, "limit": 500} if after else {"limit": 500})
            records = page["records"]
            assert isinstance(records, list)
            for record in records:
                if record["id"] not in known:
                    writers[0].maybe[record["id"]] = {record["content"]}
            after = page["next"]
            if after is None:
                break
    check(daemon, writers, scratch)
