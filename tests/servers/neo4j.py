"""A Neo4j server of the test run: Neo4j Community from its published jars, with the Java on the PATH.

Not embedded: its own process, started by its own entry point with a configuration file, reached over Bolt alone.
"""

from __future__ import annotations

import secrets
import shutil
import subprocess
from pathlib import Path
from typing import Any, LiteralString

from neo4j import GraphDatabase

from tests.servers.jars import neo4j_jars
from tests.servers.process import Server, program

USER = "neo4j"
_FIRST_PASSWORD = "neo4j"  # a new server's, which it wants changed before anything else
_OPENED = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")


class Neo4jServer(Server):
    """Neo4j on a loopback port. What was committed survives a kill."""

    patience = 120.0

    def __init__(self, directory: Path, *, password: bool = True) -> None:
        """With a password of its own, or without log-in. Raises Unavailable when there are no jars or no Java."""
        super().__init__(directory)
        self._java = program("java")
        self._jars = neo4j_jars()
        self.url = f"bolt://127.0.0.1:{self.port}"
        self.user = USER
        self.password = secrets.token_hex(16) if password else None
        self._new = True

    @property
    def certificate(self) -> Path:
        """What a client has to trust for an encrypted connection."""
        return self.directory / "tls" / "public.crt"

    @property
    def auth(self) -> tuple[str, str] | None:
        """For a driver."""
        return (self.user, self.password) if self.password else None

    def start(self) -> None:
        super().start()
        if self._new and self.password:
            self._ask("ALTER CURRENT USER SET PASSWORD FROM $old TO $new", database="system",
                      auth=(self.user, _FIRST_PASSWORD), old=_FIRST_PASSWORD, new=self.password)  # fmt: skip
        self._new = False
        self.ask("RETURN 1")

    def ask(self, query: LiteralString, **parameters: Any) -> list[dict[str, Any]]:
        """The rows of one query in a transaction of its own."""
        return self._ask(query, database="neo4j", auth=self.auth, **parameters)

    def wipe(self) -> None:
        self.ask("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS")
        for row in self.ask("SHOW CONSTRAINTS YIELD name"):
            self.ask("DROP CONSTRAINT $name", name=row["name"])
        for row in self.ask("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP'"):
            self.ask("DROP INDEX $name", name=row["name"])

    def _command(self) -> list[str]:
        settings = {
            "server.bolt.enabled": "true",
            "server.bolt.listen_address": f"127.0.0.1:{self.port}",
            "server.http.enabled": "false",
            "server.https.enabled": "false",
            "server.memory.pagecache.size": "64m",
            "db.tx_log.preallocate": "false",
            "dbms.cypher.min_replan_interval": "1h",
            "dbms.usage_report.enabled": "false",
            "dbms.security.auth_enabled": "true" if self.password else "false",
            "dbms.security.auth_max_failed_attempts": "0",  # else a test's wrong passwords lock the others out
        }
        settings |= self._tls()
        (self.directory / "tmp").mkdir(exist_ok=True)
        (self.directory / "logs").mkdir(exist_ok=True)
        lines = (f"{name}={value}\n" for name, value in settings.items())
        (self.directory / "neo4j.conf").write_text("".join(lines), encoding="utf-8")
        return [
            # One collector thread and the quick compiler: half a second and 100 MB less for a short life
            self._java, "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData",
            f"-Djava.io.tmpdir={self.directory / 'tmp'}",
            *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED),
            "-cp", f"{self._jars}/*", "org.neo4j.server.CommunityEntryPoint",
            f"--home-dir={self.directory}", f"--config-dir={self.directory}", "--console-mode",
        ]  # fmt: skip

    def _tls(self) -> dict[str, str]:
        """Where there is openssl the server takes encrypted connections beside the others."""
        if (openssl := shutil.which("openssl")) is None:
            return {}
        self.certificate.parent.mkdir(exist_ok=True)
        if not self.certificate.exists():
            subprocess.run(
                [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                 "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", self.certificate.with_name("private.key"),
                 "-out", self.certificate],
                check=True, capture_output=True,
            )  # fmt: skip
        return {
            "server.bolt.tls_level": "OPTIONAL",
            "dbms.ssl.policy.bolt.enabled": "true",
            "dbms.ssl.policy.bolt.base_directory": str(self.certificate.parent),
            "dbms.ssl.policy.bolt.public_certificate": self.certificate.name,
        }

    def _answers(self) -> bool:
        return "Started." in self._tail()

    def _ask(
        self, query: LiteralString, *, database: str, auth: tuple[str, str] | None, **parameters: Any
    ) -> list[dict[str, Any]]:
        with GraphDatabase.driver(self.url, auth=auth) as driver, driver.session(database=database) as session:
            return session.run(query, parameters).data()
