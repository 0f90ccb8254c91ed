"""What every benchmark and soak test stands on: a home of its own, a bare socket client, figures and tables.

Not a test and not lmem's own client: the socket client here does nothing but send a line and read one.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from lmem.client.channel import CHUNK
from lmem.errors import DaemonNotRunning
from lmem.paths import Paths, paths
from lmem.protocol.framing import Frame, decode, encode
from lmem.protocol.messages import hello, request, result_of

READY_SECONDS = 60.0


def installed() -> str:
    """The `lmem` beside this interpreter. Raises SystemExit when it is not installed there."""
    script = Path(sys.executable).with_name("lmem")
    if not script.exists():
        raise SystemExit(f"There is no {script}; install lmem into this environment: pip install .")
    return str(script)


@dataclass(frozen=True)
class Home:
    """One LMEM_HOME and the lmem that works in it."""

    path: Path
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        """The environment without other LMEM_ settings, except the shared model's directory."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LMEM_")}
        if "LMEM_MODEL_DIR" in os.environ:
            kept["LMEM_MODEL_DIR"] = os.environ["LMEM_MODEL_DIR"]
        return kept | {"LMEM_HOME": str(self.path)} | dict(self.extra)

    @property
    def paths(self) -> Paths:
        return paths(self.environ)

    def lmem(self, *arguments: str, stdin: str | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the installed lmem in this home, away from any repository."""
        done = subprocess.run(
            [installed(), *arguments],
            env=self.environ, cwd=self.path, input=stdin, capture_output=True, text=True, check=False,
        )
        if check and done.returncode != 0:
            raise SystemExit(f"lmem {' '.join(arguments)} exited {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def json(self, *arguments: str, stdin: str | None = None) -> Frame:
        """The one object that `lmem ... --json` prints."""
        return decode(self.lmem(*arguments, "--json", stdin=stdin).stdout.encode())

    def wire(self, timeout: float = 60.0) -> Wire:
        """A connection to the running daemon."""
        return Wire(self.paths, timeout)

    def start(self, vectors: bool = True) -> None:
        """Start the daemon and, unless `vectors` is false, wait until the index worker serves."""
        self.lmem("daemon", "start")
        if vectors:
            with self.wire() as wire:
                wire.wait_for_vectors()

    def stop(self) -> None:
        self.lmem("daemon", "stop", check=False)


class Wire:
    """A socket, a hello, and one request after the other."""

    def __init__(self, where: Paths, timeout: float = 60.0) -> None:
        path = _socket_of(where)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout)
        self._file = self._socket.makefile("rb", CHUNK)  # as lmem's own client reads
        self._number = 0
        try:
            self._socket.connect(path)
            self._socket.sendall(encode(hello("bench").to_frame()))
            self.hello = self._line()
        except OSError:
            self.close()
            raise

    def call(self, method: str, params: Frame) -> Frame:
        """The result of one request; notifications in between are passed over. Raises the LmemError it carries."""
        self._number += 1
        self._socket.sendall(encode(request(self._number, method, params)))
        while (frame := self._line()).get("id") != self._number:
            pass
        result = result_of(frame)
        assert isinstance(result, dict)
        return result

    def exchange(self, line: bytes) -> bytes:
        """One finished line out, the next line in: for loops in which parsing would be measured too."""
        self._socket.sendall(line)
        return self._file.readline()

    def wait_for_vectors(self, seconds: float = READY_SECONDS) -> None:
        """Return once the vectors serve. Raises SystemExit with the daemon's own reason when they do not."""
        poll(lambda: self.vectors()["state"] == "ready", seconds, lambda: f"The vectors do not serve: {self.vectors()}")

    def vectors(self) -> Frame:
        return nested(self.call("status/get", {}), "stores", "vectors")

    def settle(self, timeout: float = 3600.0) -> None:
        """Return once every projection has caught up."""
        self._socket.settimeout(timeout)
        self.call("status/wait", {"timeout": timeout})

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _line(self) -> Frame:
        line = self._file.readline()
        if not line:
            raise ConnectionResetError("the daemon closed the connection")
        return decode(line)


def _socket_of(where: Paths) -> str:
    try:
        return str(json.loads(where.daemon_file.read_text())["socket"])
    except (FileNotFoundError, ValueError, KeyError) as err:
        raise DaemonNotRunning from err


def nested(frame: Frame, *keys: str) -> Frame:
    """The object under `keys`."""
    for key in keys:
        inner = frame[key]
        assert isinstance(inner, dict), f"{key} is no object"
        frame = inner
    return frame


def poll(done: Callable[[], bool], seconds: float, complaint: Callable[[], str]) -> None:
    """Return once `done`; raises SystemExit with the complaint after `seconds`."""
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            raise SystemExit(complaint())
        time.sleep(0.05)


@contextmanager
def home(base: Path | None = None, **extra: str) -> Iterator[Home]:
    """A fresh home below `base` (default: the temporary directory), its daemon stopped and its files removed after."""
    made = Home(Path(tempfile.mkdtemp(prefix="lmem-bench-", dir=base)), extra)
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(made.path, ignore_errors=True)


# Figures and tables


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie; nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered) - 1e-9) - 1)]


@dataclass(frozen=True)
class Row:
    """One line of a table: what was measured, figures by column, and the goal in words where there is one."""

    what: str
    figures: Mapping[str, float | str]
    goal: str = ""


def spread_ms(seconds: Sequence[float]) -> dict[str, float | str]:
    """p50, p95 and max in milliseconds, with the number of samples."""
    return {
        "p50 ms": percentile(seconds, 0.50) * 1000,
        "p95 ms": percentile(seconds, 0.95) * 1000,
        "max ms": max(seconds) * 1000,
        "n": len(seconds),
    }


def table(title: str, rows: Sequence[Row]) -> str:
    """The rows as text, one column for each name used, goals last."""
    columns = list(dict.fromkeys(name for row in rows for name in row.figures))
    grid = [[title, *columns, "goal"]]
    grid += [[row.what, *(_shown(row.figures.get(name, "")) for name in columns), row.goal] for row in rows]
    widths = [max(len(line[at]) for line in grid) for at in range(len(grid[0]))]
    lines = [
        "  ".join(cell.ljust(width) if at in (0, len(widths) - 1) else cell.rjust(width)
                  for at, (cell, width) in enumerate(zip(line, widths, strict=True))).rstrip()
        for line in grid
    ]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def _shown(value: float | str) -> str:
    if isinstance(value, str):
        return value
    if value == int(value):
        return f"{int(value)}"
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.2f}" if abs(value) < 100 else f"{value:.0f}"
