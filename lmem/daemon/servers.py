"""Which engine keeps the vectors, by the settings: Qdrant Edge in process, or a Qdrant server.

Not the engines, which run in the index worker; this makes what it is told to run.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit

from lmem.config import Config
from lmem.daemon import credentials
from lmem.errors import InvalidInput, StoreUnavailable
from lmem.ports.vectors import EDGE, QDRANT
from lmem.stores.pipe import Spec

_EDGE = "lmem.stores.qdrant.edge:EdgeVectors"
_QDRANT = "lmem.stores.qdrant.server:ServerVectors"
_UNUSABLE = "lmem.stores.unusable:Unusable"


def vectors_engine(config: Config) -> str:
    """The engine that is configured, as projections name theirs."""
    return QDRANT if config.text("qdrant.url") else EDGE


def vectors_timeout(config: Config) -> float | None:
    """Seconds that the vectors' server may take for an answer; None in process."""
    return config.share("qdrant.timeout_seconds") if vectors_engine(config) == QDRANT else None


def vectors_spec(config: Config, root: Path, owner: str) -> Spec:
    """How the index worker makes the vectors; `owner` is the truth's instance id.

    Settings that cannot be used make a store that says so at each call: full text answers meanwhile. Blocks as long as
    qdrant.api_key_command.
    """
    if vectors_engine(config) == EDGE:
        reserve = config.number("vectors.reserve_mb") * 1024 * 1024
        return Spec(_EDGE, {"root": str(root), "reserve_bytes": reserve})
    try:
        return Spec(_QDRANT, {
            "url": checked_url(config.text("qdrant.url")),
            "api_key": credentials.read(config, "qdrant.api_key"),
            "prefix": checked_prefix(config.text("qdrant.prefix")),
            "owner": owner,
            "timeout": config.share("qdrant.timeout_seconds"),
            "ca_file": credentials.certificates(config, "qdrant.ca_file") or None,
            "quantization": config.text("qdrant.quantization"),
            "on_disk": config.flag("qdrant.on_disk"),
        })  # fmt: skip
    except InvalidInput as err:
        return Spec(_UNUSABLE, {"message": err.message, "hint": err.hint})


def checked_url(url: str) -> str:
    """The address of a Qdrant server. Raises InvalidInput, which does not show it, for one that holds a secret."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise InvalidInput(
            "qdrant.url is not an address as http://127.0.0.1:6333.", hint="lmem config set qdrant.url http://HOST:6333"
        )
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise InvalidInput(
            "qdrant.url holds more than an address.",
            hint="Leave the rest out; a key comes from LMEM_QDRANT_API_KEY, from the file that "
            "qdrant.api_key_file names (chmod 600), or from qdrant.api_key_command.",
        )
    return url.rstrip("/")


def clear_embedded(root: Path) -> None:
    """Remove what Edge kept here, once a server has taken over and no projection names it any more.

    Raises StoreUnavailable when something of it cannot be removed; the next start tries again.
    """
    try:
        for directory in root.glob("gen-*"):
            shutil.rmtree(directory)
    except OSError as err:
        raise StoreUnavailable(
            f"The embedded index cannot be removed: {err}.", hint=f"Remove {root}; a server keeps the vectors now."
        ) from err


def checked_prefix(prefix: str) -> str:
    """What collections' names may begin with. Raises InvalidInput for what a server would refuse in a name."""
    if not re.fullmatch(r"[A-Za-z0-9_.-]{0,64}", prefix):
        raise InvalidInput(
            "qdrant.prefix may hold letters, digits, '_', '.' and '-'.", hint="lmem config set qdrant.prefix lmem_"
        )
    return prefix
