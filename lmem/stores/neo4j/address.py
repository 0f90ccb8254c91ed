"""Where a Neo4j server is, and how it is spoken to: the settings of neo4j.* as one value.

Not the password: that is read when a connection is made, and kept nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from lmem.domain import addresses
from lmem.errors import InvalidInput

SCHEMES = ("bolt", "neo4j", "bolt+s", "neo4j+s")
"""Those with +s are encrypted. The driver's +ssc trusts any certificate, so it is none of them."""
PORT = 7687
MEANWHILE = "It is tried again by itself, and SQLite answers meanwhile; 'lmem doctor' shows the cause."
HINT = "Set it as in: lmem config set neo4j.url bolt://127.0.0.1:7687"


@dataclass(frozen=True, slots=True)
class Address:
    """`timeout` is the seconds to wait for one answer; an empty `user` means a server without log-in."""

    url: str
    database: str = "neo4j"
    user: str = "neo4j"
    ca_file: str = ""
    timeout: float = 5.0

    @property
    def shown(self) -> str:
        """The URL as anybody may see it: without what somebody may have put around the host."""
        return addresses.shown(self.url)

    @property
    def encrypted(self) -> bool:
        return self.url.partition("://")[0].endswith("+s")

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine."""
        try:
            host = urlsplit(self.url).hostname or ""
        except ValueError:
            return False
        return host in ("localhost", "::1") or host.startswith("127.")

    def checked(self) -> str:
        """The URL for the driver, without the +s when certificates are given. Raises InvalidInput, never showing it."""
        try:
            parts = urlsplit(self.url)
            port = parts.port
        except ValueError as err:
            raise InvalidInput("neo4j.url is no address.", hint=HINT) from err
        if parts.scheme not in SCHEMES:
            raise InvalidInput("neo4j.url has to begin with bolt://, neo4j://, bolt+s:// or neo4j+s://.", hint=HINT)
        if parts.username is not None or parts.password is not None:
            raise InvalidInput(
                "neo4j.url must not hold a user or a password.",
                hint="Set neo4j.user; the password comes from LMEM_NEO4J_PASSWORD, from the file that "
                "neo4j.password_file names (chmod 600), or from neo4j.password_command.",
            )
        if not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
            raise InvalidInput("neo4j.url has to be a scheme, a host and perhaps a port, and nothing else.", hint=HINT)
        scheme = parts.scheme.removesuffix("+s") if self.ca_file else parts.scheme
        if self.ca_file and not self.encrypted:
            raise InvalidInput(
                "neo4j.ca_file is of use only with bolt+s:// or neo4j+s://.", hint="Change neo4j.url, or unset it."
            )
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return f"{scheme}://{host}:{port or PORT}"
