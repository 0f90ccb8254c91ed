"""What the watch sees: a lost directory, a lost socket, a long quiet."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from lmem.daemon import watch as module
from lmem.daemon.listener import Listener
from lmem.daemon.ownership import Ownership
from lmem.daemon.watch import watch
from lmem.errors import SocketDenied
from lmem.paths import paths


class Watched:
    """A lock and a socket, and how often the socket was bound again."""

    def __init__(self, home: Path) -> None:
        self.paths = paths({"LMEM_HOME": str(home)})
        self.ownership = Ownership(self.paths)
        self.listener = Listener(self.paths.socket)
        self.sock = self.listener.bind()
        self.bound, self.denied, self.idle = 0, False, 0.0

    async def bind_again(self) -> None:
        self.bound += 1
        if self.denied:
            raise SocketDenied()
        self.sock.close()
        self.sock = self.listener.bind()

    async def until(self, seconds: float, idle_exit: float = 0) -> str | None:
        """The reason to end; None when there was none in time."""
        work = watch(self.ownership, self.listener, self.bind_again, lambda: self.idle, idle_exit)
        try:
            return await asyncio.wait_for(work, seconds)
        except TimeoutError:
            return None

    def end(self) -> None:
        self.sock.close()
        self.ownership.release()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WATCH_SECONDS", 0.01)


def test_a_quiet_life_goes_on(tmp_path: Path) -> None:
    found = Watched(tmp_path)
    found.idle = 100
    assert asyncio.run(found.until(0.1)) is None
    assert found.bound == 0
    assert asyncio.run(found.until(5, idle_exit=99)) == "no client for 99 s"
    found.end()


def test_a_lost_directory_is_a_reason_to_end(tmp_path: Path) -> None:
    found = Watched(tmp_path)
    found.paths.data.rename(tmp_path / "away")
    assert asyncio.run(found.until(5)) == "the data directory was removed or replaced"
    found.end()


def test_a_lost_socket_is_bound_again_until_that_works(tmp_path: Path) -> None:
    found = Watched(tmp_path)
    found.paths.socket.unlink()
    found.denied = True
    assert asyncio.run(found.until(0.1)) is None
    assert found.bound > 1 and not found.paths.socket.exists()
    found.denied, found.bound = False, 0
    assert asyncio.run(found.until(0.1)) is None
    assert found.bound == 1 and found.paths.socket.exists()
    found.end()


def test_a_socket_is_touched_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Watched(tmp_path)
    os.utime(found.paths.socket, (1, 1))
    assert asyncio.run(found.until(0.1)) is None
    assert found.paths.socket.stat().st_mtime == 1
    monkeypatch.setattr(module, "TOUCH_SECONDS", 0.02)
    assert asyncio.run(found.until(0.2)) is None
    assert found.paths.socket.stat().st_mtime > 1
    found.end()
