"""A connected socket that carries frames, one a line.

Not a conversation: numbers, answers and hellos are `lmem.client.connection`'s.
"""

from __future__ import annotations

import socket

from lmem.client.presence import denied
from lmem.errors import ConnectionLost, DaemonError, DaemonUnresponsive
from lmem.protocol.framing import Frame, decode
from lmem.protocol.peers import peer

CHUNK = 256 * 1024
DIAL_SECONDS = 2.0


class Channel:
    """One socket. After an error it is closed, and every further use raises ConnectionLost."""

    def __init__(self, path: str) -> None:
        """Connect to `path`.

        Raises FileNotFoundError, ConnectionRefusedError and BlockingIOError as they are, because only the daemon's lock
        tells what they mean; SocketDenied for EPERM and EACCES; DaemonError for all others.
        """
        self._buffer = bytearray()
        self._sock: socket.socket | None = None
        try:
            self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._sock.settimeout(DIAL_SECONDS)
            self._sock.connect(path)
            self.pid, self.uid = peer(self._sock)
        except OSError as err:
            self.close()
            if isinstance(err, PermissionError):
                raise denied(path, err) from err
            if isinstance(err, FileNotFoundError | ConnectionRefusedError | BlockingIOError):
                raise
            raise DaemonError(f"The socket {path} cannot be used: {err.strerror or err}.") from err

    def close(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def detach(self) -> tuple[socket.socket, bytes]:
        """The socket, blocking, and what was read from it and not taken; this channel is closed then."""
        sock, rest = self._open_socket(), bytes(self._buffer)
        self._sock = None
        sock.settimeout(None)
        return sock, rest

    def send(self, line: bytes, timeout: float) -> None:
        """Send a line within `timeout` seconds. Raises ConnectionLost, if need be only at the next read."""
        sock = self._open_socket()
        try:
            sock.settimeout(timeout)
            sock.sendall(line)
        except BrokenPipeError:
            return  # it hung up, perhaps with a reason that waits to be read
        except OSError as err:
            raise self._lost("while a request was sent", err) from err

    def read(self, timeout: float) -> Frame:
        """The next frame, with at most `timeout` seconds of silence.

        Raises DaemonUnresponsive, ConnectionLost or FrameError.
        """
        sock = self._open_socket()
        scanned = 0
        while (end := self._buffer.find(b"\n", scanned)) < 0:
            scanned = len(self._buffer)
            try:
                sock.settimeout(timeout)
                chunk = sock.recv(CHUNK)
            except TimeoutError as err:
                self.close()
                raise DaemonUnresponsive(
                    f"The daemon (process {self.pid}) is running but gave no answer in {timeout:g} s."
                ) from err
            except OSError as err:
                raise self._lost("before the answer came", err) from err
            if not chunk:
                raise self._lost("before the answer came")
            self._buffer += chunk
        line = bytes(memoryview(self._buffer)[: end + 1])
        del self._buffer[: end + 1]
        return decode(line)

    def _open_socket(self) -> socket.socket:
        if self._sock is None:
            raise ConnectionLost("This connection is closed.")
        return self._sock

    def _lost(self, moment: str, err: OSError | None = None) -> ConnectionLost:
        self.close()
        reason = f": {err.strerror}" if err is not None and err.strerror else ""
        return ConnectionLost(f"The connection to the daemon broke {moment}{reason}.")
