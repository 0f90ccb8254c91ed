"""What tests of a running daemon share: its home, its processes, raw sockets, waiting.

Not a test.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lmem.client import presence
from lmem.paths import Paths, paths

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DAEMON = HERE / "lifecycle_daemon.py"
TERMINAL = HERE / "lifecycle_terminal.py"
HELLO = {"lmem": 1, "mode": "rpc", "version": "0.1.0", "cwd": "/", "client": "test", "pid": 1}


def home_paths(home: Path) -> Paths:
    """The paths of an LMEM_HOME."""
    return paths({"LMEM_HOME": str(home)})


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a test's processes."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LMEM_", "CODEX_"))}
    return kept | {"LMEM_HOME": str(home), "PYTHONPATH": str(ROOT), **more}


def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait for a condition; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.01)


@contextmanager
def foreground(home: Path, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """The small daemon as a child, listening; ended hard at the end."""
    process = subprocess.Popen(
        [sys.executable, DAEMON], env=environment(home, **more), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        until(lambda: presence.daemon_file(home_paths(home)) or process.poll() is not None)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        process.communicate()


def end_any(home: Path) -> None:
    """Kill the daemon of a test's own home, if one is left."""
    pid = presence.lock_holder(home_paths(home))
    if pid is not None:
        os.kill(pid, signal.SIGKILL)
        until(lambda: not presence.lock_held(home_paths(home)))


class Raw:
    """A client that sends what it likes."""

    def __init__(self, path: Path, *, greet: bool = True) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(10)
        self.sock.connect(str(path))
        self.file = self.sock.makefile("rb")
        self.hello = self.ask(HELLO) if greet else {}

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.sock.close()

    def say(self, line: bytes | dict[str, object]) -> None:
        self.sock.sendall(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n")

    def hear(self) -> dict[str, object]:
        """The next frame; {} when the daemon hung up."""
        line = self.file.readline()
        found = json.loads(line) if line else {}
        assert isinstance(found, dict)
        return found

    def ask(self, line: bytes | dict[str, object]) -> dict[str, object]:
        self.say(line)
        return self.hear()

    def call(self, method: str, request: int | str = 1, **params: object) -> dict[str, object]:
        return self.ask({"jsonrpc": "2.0", "id": request, "method": method, "params": params})


def code(frame: dict[str, object]) -> object:
    """The stable code of an error frame; None for an answer."""
    error = frame.get("error")
    data = error.get("data") if isinstance(error, dict) else None
    return data.get("code") if isinstance(data, dict) else None
