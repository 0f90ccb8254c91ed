"""Where a Redis server is, from its URL, without a secret in it.

Not a connection, and no driver is imported for it: a URL that is not right is refused before.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from lmem.errors import InvalidInput

PORT = 6379
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_HINT = "Use redis://HOST:PORT/NUMBER, rediss://HOST:PORT/NUMBER for TLS, or unix:///PATH?db=NUMBER."


@dataclass(frozen=True, slots=True)
class Address:
    """A server: a host and port, or the path of a Unix socket; and the number of the database on it."""

    host: str
    port: int
    path: str
    database: int
    tls: bool

    @property
    def is_safe(self) -> bool:
        """Whether nobody on a network can read what is sent."""
        return self.tls or bool(self.path) or self.host in LOOPBACK

    def __str__(self) -> str:
        if self.path:
            return f"unix://{self.path}?db={self.database}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'rediss' if self.tls else 'redis'}://{host}:{self.port}/{self.database}"


def parse(url: str, ca_file: str = "") -> Address:
    """The address in redis.url, which has to go with redis.ca_file.

    Raises InvalidInput, which never repeats the URL: a password may be in it.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port or PORT
    except ValueError as err:
        raise InvalidInput("redis.url is not an address.", hint=_HINT) from err
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.username is not None or parts.password is not None or options.keys() & {"password", "username"}:
        raise InvalidInput(
            "redis.url holds a user or a password, which a setting must not.",
            hint="Set redis.user; the password comes from LMEM_REDIS_PASSWORD, from the file that "
            "redis.password_file names (chmod 600), or from redis.password_command.",
        )
    numbers = [options.pop("db", ""), *([] if parts.scheme == "unix" else [parts.path.strip("/")])]
    number = next((text for text in numbers if text), "0")
    if parts.scheme not in ("redis", "rediss", "unix") or options or not number.isdecimal() or parts.fragment:
        raise InvalidInput("redis.url is not an address of a Redis server.", hint=_HINT)
    if ca_file and parts.scheme != "rediss":
        raise InvalidInput("redis.ca_file is of use only with rediss://.", hint="Change redis.url, or unset it.")
    if parts.scheme == "unix":
        if parts.netloc or len(parts.path) < 2:
            raise InvalidInput("redis.url names no socket.", hint=_HINT)
        return Address("", 0, parts.path, int(number), False)
    return Address(parts.hostname or "localhost", port, "", int(number), parts.scheme == "rediss")
