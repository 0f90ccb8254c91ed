"""`lmem mcp`: bytes from standard input to the daemon and back, and nothing else on standard output.

Not an MCP server (that is in the daemon): it imports the standard library and lmem's client alone, so an editor waits
for it as long as for a bare interpreter. It ends at once when its input ends, its output breaks, a signal comes or its
parent is gone; what it asked for is cancelled by that.
"""

from __future__ import annotations

import os
import select
import signal
import sys

from lmem.bridge.talk import Talk
from lmem.client.connection import Connection
from lmem.errors import LmemError
from lmem.paths import paths
from lmem.protocol.framing import MAX_FRAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from socket import socket
    from typing import NoReturn

    Dial = Callable[[], tuple[socket, bytes]]

CHUNK = 64 * 1024
ATOMIC = 4096
"""Bytes that a pipe takes without blocking once it says that it takes some (PIPE_BUF)."""

MOST = 2 * MAX_FRAME
"""Bytes kept for one side that does not read; the other side waits then."""

LOOK_SECONDS = 0.5
"""Between two looks at the parent: an editor that was killed may leave its end of the pipe open in a child."""

GONE = "The lmem daemon went away before it answered; ask again, it starts by itself."


def main() -> NoReturn:
    """Pump until the end; it never returns."""
    parent = os.getppid()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    output = os.dup(1)  # standard output is the client's alone: whatever prints by mistake goes to standard error
    os.dup2(2, 1)
    project = os.environ.get("CLAUDE_PROJECT_DIR")
    if project and os.path.isdir(project):
        os.chdir(project)
    pump = Pump(0, output, lambda: Connection(paths(), "mcp", mode="mcp").detach())
    pump.connect()
    while os.getppid() == parent and pump.turn(LOOK_SECONDS):
        pass
    os._exit(0)


class Pump:
    """The two directions between file descriptors and a daemon that `dial` reaches."""

    def __init__(self, source: int, target: int, dial: Dial) -> None:
        self._source = source
        self._target = target
        self._dial = dial
        self._talk = Talk()
        self._daemon: socket | None = None
        self._typed = bytearray()  # from the client, not yet a whole line
        self._told = bytearray()  # from the daemon, not yet a whole line
        self._to_daemon = bytearray()
        self._to_client = bytearray()
        self._skipping = False  # inside a line that was refused as too long

    def connect(self) -> bool:
        """Reach the daemon, started first if none runs, and repeat the handshake; False when that fails, and
        standard error says why."""
        try:
            self._daemon, rest = self._dial()
        except LmemError as err:
            print(f"lmem: {err.message} {err.hint}", file=sys.stderr, flush=True)
            self._to_client += self._talk.abandon(f"{err.message} {err.hint}")
            return False
        self._daemon.setblocking(False)
        self._told[:], self._to_daemon[:] = rest, self._talk.handshake() + self._to_daemon
        return True

    def turn(self, seconds: float) -> bool:
        """Move what can be moved, waiting at most `seconds`; False at the end of the input or the output."""
        daemon = self._daemon
        readers: list[int | socket] = []
        writers: list[int | socket] = []
        if len(self._to_daemon) < MOST:
            readers.append(self._source)
        if daemon is not None and len(self._to_client) < MOST:
            readers.append(daemon)
        if daemon is not None and self._to_daemon:
            writers.append(daemon)
        if self._to_client:
            writers.append(self._target)
        ready, free, _ = select.select(readers, writers, [], seconds)
        if self._target in free and not self._write():
            return False
        if daemon is not None and daemon in ready:
            self._listen(daemon)
        if self._daemon is not None and daemon in free:
            self._send(self._daemon)
        return self._source not in ready or self._read()

    def _read(self) -> bool:
        """Take what the client wrote; False at its end."""
        data = os.read(self._source, CHUNK)
        self._typed += data
        while (end := self._typed.find(b"\n")) >= 0:
            line = bytes(self._typed[: end + 1])
            del self._typed[: end + 1]
            if self._skipping:
                self._skipping = False
            elif not line.isspace():
                self._forward(line)
        if len(self._typed) > MAX_FRAME:
            if not self._skipping:
                self._to_client += self._talk.asked(bytes(self._typed)) or b""
            self._skipping = True
            self._typed.clear()
        return bool(data)

    def _forward(self, line: bytes) -> None:
        refusal = self._talk.asked(line)
        if refusal is not None:
            self._to_client += refusal
        elif self._daemon is not None or self.connect():
            self._to_daemon += line

    def _listen(self, daemon: socket) -> None:
        """Take what the daemon wrote. When it has gone, what waits gets an error; the next line reaches another."""
        try:
            data = daemon.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._told += data
        while (end := self._told.find(b"\n")) >= 0:
            line = bytes(self._told[: end + 1])
            del self._told[: end + 1]
            if self._talk.answered(line):
                self._to_client += line
        if not data:
            daemon.close()
            self._daemon = None
            self._told.clear()  # half a line would spoil the client's next
            self._to_daemon.clear()
            self._to_client += self._talk.abandon(GONE)

    def _send(self, daemon: socket) -> None:
        try:
            del self._to_daemon[: daemon.send(self._to_daemon[:CHUNK])]
        except BlockingIOError:
            return
        except OSError:
            self._to_daemon.clear()  # it has gone; reading from it says so next

    def _write(self) -> bool:
        """Give the client what its pipe takes; False when nobody reads it any more."""
        try:
            del self._to_client[: os.write(self._target, self._to_client[:ATOMIC])]
        except OSError:
            return False
        return True
