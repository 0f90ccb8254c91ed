"""Neo4j's own driver: how it is set up, and what its errors mean. Imported late and off the loop: it costs 0.4 s.

Not the door (lmem.stores.neo4j.door), which decides when to connect and for how long to wait.
"""

from __future__ import annotations

import logging
import os
import re
from typing import Any

from neo4j import AsyncDriver, AsyncGraphDatabase, NotificationMinimumSeverity, TrustCustomCAs
from neo4j.exceptions import (
    AuthConfigurationError,
    ConfigurationError,
    DriverError,
    Neo4jError,
)

from lmem._version import __version__
from lmem.errors import InvalidInput, LmemError, StoreDown
from lmem.stores.certificates import readable
from lmem.stores.neo4j.address import HINT, MEANWHILE, Address

CONNECTIONS = 16
CONNECTING = 0.8
"""Of the time limit: the driver gives up a connection before the door does, or the socket would be left open."""
PASSWORD_HINT = "Set neo4j.password_file to a file with the right password, or LMEM_NEO4J_PASSWORD."
ERRORS = (Neo4jError, DriverError, OSError)
"""What the driver raises when a server does not do what it is asked."""

_POSITION = re.compile(r" \(line \d+, column \d+ \(offset: \d+\)\)")  # of the query as it was sent, not as it was typed
_SENTENCES = {
    "Neo.ClientError.Security.CredentialsExpired": "Neo4j wants its first password changed before it is used.",
    "Neo.ClientError.Security.AuthenticationRateLimit": "Neo4j takes no log-in for a while, after wrong passwords.",
}
_REFUSALS = "Neo.ClientError.Security."
_WRONG_VALUE = ("Neo.ClientError.Statement.", "Neo.ClientError.Schema.", "Neo.ClientError.Procedure.")
_READ_ONLY = "Neo.ClientError.Statement.AccessMode"
_NO_DATABASE = "Neo.ClientError.Database.DatabaseNotFound"
_TOO_LONG = "Neo.ClientError.Transaction.TransactionTimedOut"
_LONGEST = 300

logging.getLogger("neo4j").setLevel(logging.CRITICAL)  # what it would warn of is raised, and the door says it once


def connect(address: Address, password: str | None) -> AsyncDriver:
    """A driver of the server; no call is made. Raises InvalidInput when the settings cannot be used."""
    url = address.checked()
    given: dict[str, Any] = {}
    if address.ca_file:
        given = {"encrypted": True, "trusted_certificates": TrustCustomCAs(readable(address.ca_file, "neo4j.ca_file"))}
    try:
        return AsyncGraphDatabase.driver(
            url,
            auth=(address.user, password or "") if address.user else None,
            user_agent=f"lmem/{__version__}",
            connection_timeout=address.timeout * CONNECTING,
            connection_acquisition_timeout=address.timeout * CONNECTING,
            max_connection_pool_size=CONNECTIONS,
            notifications_min_severity=NotificationMinimumSeverity.OFF,
            telemetry_disabled=True,
            **given,
        )
    except (ConfigurationError, AuthConfigurationError, ValueError) as err:
        raise InvalidInput("neo4j.url and neo4j.user cannot be used as they are.", hint=HINT) from err


def again(err: Exception) -> bool:
    """Whether the same may work at once: a connection broke that had been idle, or two transactions met."""
    return isinstance(err, Neo4jError | DriverError) and err.is_retryable()


def refused(err: Exception) -> bool:
    """Whether the server refused who we say we are."""
    return isinstance(err, Neo4jError) and (err.code or "").startswith(_REFUSALS)


def translate(err: Exception, address: Address) -> LmemError:
    """The lmem error that an error of the driver stands for: StoreDown, or InvalidInput for what it was asked."""
    if not isinstance(err, Neo4jError):
        return _unanswered(err, address)
    code = err.code or ""
    if refused(err) and not address.user:
        return StoreDown("Neo4j wants a user and a password.", hint="Set neo4j.user and neo4j.password_file.")
    if refused(err):
        return StoreDown(_SENTENCES.get(code, "Neo4j refused the password."), hint=PASSWORD_HINT)
    if code == _READ_ONLY:
        return InvalidInput("Only a query that reads is answered.", hint="Change memories with lmem's own commands.")
    if code == _NO_DATABASE:
        return StoreDown(f"Neo4j has no database '{address.database}'.", hint="Correct neo4j.database.")
    if code.startswith(_TOO_LONG):
        return StoreDown(f"Neo4j at {address.shown} stopped a query that took longer than {address.timeout:g} s.",
                         hint=MEANWHILE)  # fmt: skip
    if code.startswith(_WRONG_VALUE):
        return InvalidInput(f"Neo4j refused a query: {_sentence(err)}")
    return StoreDown(f"Neo4j at {address.shown} cannot answer now: {_sentence(err)}", hint=MEANWHILE)


def _unanswered(err: Exception, address: Address) -> StoreDown:
    causes = _chain(err)
    if any("CERTIFICATE_VERIFY_FAILED" in str(cause) for cause in causes):
        return StoreDown(
            f"The certificate of Neo4j at {address.shown} is not trusted.",
            hint="Set neo4j.ca_file to what signed its certificate.",
        )
    reasons = [_reason(cause) for cause in causes if isinstance(cause, OSError) and cause.errno]
    why = (reasons or [type(err).__name__])[-1]
    return StoreDown(f"Neo4j does not answer at {address.shown} ({why}).", hint=MEANWHILE)


def _reason(err: OSError) -> str:
    return os.strerror(err.errno) if err.errno and err.errno > 0 else err.strerror or type(err).__name__


def _chain(err: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while err is not None and len(found) < 8:
        found.append(err)
        err = err.__cause__ or err.__context__
    return found


def _sentence(err: Neo4jError) -> str:
    text = _POSITION.sub("", " ".join((err.message or err.code or "").partition('\n"')[0].split()))[:_LONGEST]
    return text if text.endswith((".", "!", "?")) else f"{text}."
