"""A server that answers whatever it is told to, or not at all: the ways in which a Qdrant fails.

Not a test.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FakeServer(ThreadingHTTPServer):
    """Answers every request with `status` and `body`; 0 hangs until it is closed, and `resets` requests lose their
    connection first. `asked` counts requests, `keys` keeps the API keys that came with them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.body = 200, b"{}"
        self.resets = 0
        self.asked = 0
        self.keys: list[str | None] = []
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def says(self, status: int, body: bytes = b"") -> None:
        self.status, self.body = status, body


class _Handler(BaseHTTPRequestHandler):
    server: FakeServer
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server.asked += 1
        self.server.keys.append(self.headers.get("api-key"))
        if self.server.resets:
            self.server.resets -= 1
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
        elif self.server.status == 0:
            self.server.closing.wait(30)
            self.close_connection = True
        else:
            self.send_response(self.server.status)
            self.send_header("content-length", str(len(self.server.body)))
            self.end_headers()
            self.wfile.write(self.server.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def finish(self) -> None:
        if not self.wfile.closed and self.connection.fileno() >= 0:
            super().finish()

    def log_message(self, format: str, *args: object) -> None:
        return


@contextmanager
def fake_server() -> Iterator[FakeServer]:
    """One on a free port of this machine."""
    server = FakeServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
