"""A Redis server of the test run: the redis-server on the PATH, which keeps nothing on disk.

Not the service of Debian's package: that one is neither used nor touched.
"""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

from tests.servers.process import Server, free_port, program


class RedisServer(Server):
    """Redis on a loopback port. What it holds is gone when it is killed."""

    patience = 10.0

    def __init__(self, directory: Path, password: str | None = None) -> None:
        """Raises Unavailable when there is no redis-server."""
        super().__init__(directory)
        self._program = program("redis-server")
        self.password = password
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def wipe(self) -> None:
        login = [f"AUTH {self.password}"] if self.password else []
        answers = self._say(*login, "FLUSHALL")
        assert set(answers) == {b"+OK"}, answers

    def _command(self) -> list[str]:
        file = self.directory / "redis.conf"
        lines = [f"port {self.port}", "bind 127.0.0.1", 'save ""', "appendonly no", f"dir {self.directory}"]
        lines += self._more()
        if self.password:
            lines.append(f"requirepass {self.password}")
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as config:
            config.write("\n".join(lines) + "\n")
        return [self._program, str(file)]

    def _more(self) -> list[str]:
        """Lines of the configuration for this kind of server."""
        return []

    def _answers(self) -> bool:
        try:
            (answer,) = self._say("PING")
        except OSError:
            return False
        return answer.startswith((b"+PONG", b"-NOAUTH"))

    def _say(self, *lines: str) -> list[bytes]:
        """Inline commands whose answer is one line each."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall("".join(f"{line}\r\n" for line in lines).encode())
            with connection.makefile("rb") as answers:
                return [answers.readline().rstrip() for _ in lines]


class TlsRedisServer(RedisServer):
    """Redis that speaks TLS on a port beside the other, with a certificate of its own making for 'localhost'."""

    def __init__(self, directory: Path, password: str | None = None, clients: str = "no") -> None:
        """`clients` says whether it wants a certificate of them: 'no', 'yes' or 'optional'.

        Raises Unavailable when there is no redis-server, or no openssl.
        """
        super().__init__(directory, password)
        self.certificate, self._key = directory / "server.crt", directory / "server.key"
        self.tls_port, self._clients = free_port(), clients
        self.tls_url = f"rediss://localhost:{self.tls_port}/0"
        self_signed(self.certificate, self._key)

    def _more(self) -> list[str]:
        return [
            f"tls-port {self.tls_port}", f"tls-cert-file {self.certificate}", f"tls-key-file {self._key}",
            f"tls-ca-cert-file {self.certificate}", f"tls-auth-clients {self._clients}",
        ]  # fmt: skip


def self_signed(certificate: Path, key: Path) -> None:
    """A certificate for 'localhost' that is its own authority. Raises Unavailable when there is no openssl."""
    subprocess.run(
        [program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
