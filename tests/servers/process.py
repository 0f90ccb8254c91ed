"""A server that a test run starts: a child process on a loopback port, killed and started again at will.

Not a driver: what a server is asked, and how it is known to answer, is said in redis.py, neo4j.py and qdrant.py.
"""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Self

from lmem.stores.lifeline import child_environment

PORTS = range(15_000, 30_000)
"""Below the ports that the kernel hands out: a client that keeps trying while its server is dead would sooner or later
get that very port as its own, and talk to itself."""

_LAUNCH = """
import os, sys
from lmem.stores.lifeline import die_with_parent
die_with_parent(int(sys.argv[1]))
os.execv(sys.argv[2], sys.argv[2:])
"""
_STARTER = ThreadPoolExecutor(1, "server-starter")
"""Starts every server. The kernel kills a child when the thread that started it ends, and this one ends last."""


class Unavailable(Exception):
    """The server cannot be had on this machine; the text says why."""


def free_port() -> int:
    """A port of PORTS on which nobody listens."""
    while True:
        port = random.SystemRandom().choice(PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if _binds(probe, port):
                return port


def _binds(probe: socket.socket, port: int) -> bool:
    try:
        probe.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


def program(name: str) -> str:
    """The program's path. Raises Unavailable when there is none on the PATH."""
    found = shutil.which(name)
    if found is None:
        raise Unavailable(f"there is no {name} on the PATH")
    return found


def wait_for(condition: Callable[[], object], seconds: float, complaint: Callable[[], str]) -> None:
    """Return once the condition is true; fails with the complaint after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, complaint()
        time.sleep(0.01)


class Server(ABC):
    """One server: the same port and the same directory, however often it is started.

    It dies with the process that started it (on Linux), be that killed. Everything it writes is below `directory`.
    """

    patience: ClassVar[float]
    """Seconds until a start counts as failed."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self.log = directory / "server.log"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._child is not None, "the server does not run"
        return self._child.pid

    def start(self) -> None:
        """Start it, and return when it answers. Fails with the end of its log when it does not."""
        assert self._child is None, "the server runs"
        with open(self.log, "wb") as log:
            argv = [sys.executable, "-P", "-c", _LAUNCH, str(os.getpid()), *self._command()]
            self._child = _STARTER.submit(
                subprocess.Popen, argv, env=child_environment(**self._environment()), cwd=self.directory,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            ).result()  # fmt: skip
        try:
            wait_for(self._up, self.patience, lambda: f"it does not answer:\n{self._tail()}")
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """SIGKILL; nothing when it is dead already."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None

    def stop(self) -> None:
        """SIGTERM, and wait: the server writes what it has to write."""
        assert self._child is not None, "the server does not run"
        self._child.terminate()
        self._child.wait(timeout=60)
        self._child = None

    @contextmanager
    def down(self) -> Iterator[None]:
        """Killed for the length of the block, and started again after it whatever happened there."""
        self.kill()
        try:
            yield
        finally:
            self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @abstractmethod
    def wipe(self) -> None:
        """Remove all that is stored, whoever stored it; the server keeps running."""

    @abstractmethod
    def _command(self) -> list[str]:
        """Program and arguments. No secret among them: everybody can read those."""

    def _environment(self) -> Mapping[str, str]:
        """What the server finds in its environment besides ours."""
        return {}

    @abstractmethod
    def _answers(self) -> bool:
        """Whether it serves requests."""

    def _up(self) -> bool:
        assert self._child is not None
        status = self._child.poll()
        assert status is None, f"it ended with status {status}:\n{self._tail()}"
        return self._answers()

    def _tail(self) -> str:
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
