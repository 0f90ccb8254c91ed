"""What `lmem doctor` finds about the vectors' server: whether it answers us, its version, how the key travels.

Not the state of the index on it (lmem.daemon.health).
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from lmem.daemon.findings import Finding
from lmem.daemon.services import Services
from lmem.errors import StoreUnavailable
from lmem.ports.vectors import Engine

CHECK = "qdrant"


async def findings(services: Services) -> list[Finding]:
    """None in process. The API key is in no message."""
    if not services.indexes.on_server:
        return []
    url = services.host.config.text("qdrant.url")
    try:
        found = [answered(await services.generations.engine())]
    except StoreUnavailable as err:
        found = [Finding(CHECK, "fail", err.message, err.hint)]
    given = any(services.host.config.text(f"qdrant.api_key_{source}") for source in ("file", "command"))
    if (given or os.environ.get("LMEM_QDRANT_API_KEY")) and in_the_clear(url):
        found.append(Finding(CHECK, "warn", "The API key crosses the network unencrypted.", "Use https in qdrant.url."))
    return found


def answered(engine: Engine) -> Finding:
    """A server that answers: well, unless its minor version is more than one from the client's."""
    message = f"Qdrant {engine.version} answers at {engine.url}"
    if _distance(engine.version, engine.client) > 1:
        return Finding(
            CHECK, "warn", f"{message}; its client here is {engine.client}, and they are made to be one apart at most.",
            "Upgrade the server, or lmem.",
        )  # fmt: skip
    return Finding(CHECK, "ok", f"{message}.")


def in_the_clear(url: str) -> bool:
    """Whether what is sent to this address can be read on the way."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:  # it is no address: nothing is sent there
        return False
    return parts.scheme == "http" and not (host in ("localhost", "::1") or host.startswith("127."))


def _distance(one: str, other: str) -> int:
    """How many minor versions apart; 1000 for other major ones, 0 for what is no version."""
    try:
        left, right = ([int(part) for part in version.split(".")[:2]] for version in (one, other))
    except ValueError:
        return 0
    return abs(left[1] - right[1]) if left[0] == right[0] else 1000
