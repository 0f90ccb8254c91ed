"""Addresses of repositories, brought to one form: host/owner/name, or a directory.

Not a check that something is there; a name and a password in an address are dropped, wherever they stand.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_SHORT = re.compile(r"(?:[^@/:\s]*@)?(\[[^\]]+\]|[^@/:\s]+):(?!//)(.+)")
"""git@host:owner/name. A single letter before the colon is a drive of Windows, which git takes for a directory too."""
_DEFAULT_PORTS = {"ssh": 22, "git": 9418, "http": 80, "https": 443, "git+ssh": 22, "ssh+git": 22}


def remote_key(url: str) -> str | None:
    """An address without its scheme, credentials, default port, query and '.git': 'github.com/ada/Api'. None for none.

    A directory is None too: see `local_path`. Two that differ only by case are one.
    """
    text = url.strip()
    if not text or local_path(text) is not None:
        return None
    if "://" in text:
        try:
            parts = urlsplit(text)
            host, port = parts.hostname or "", parts.port
        except ValueError:  # a port that is no number, half a bracket
            return None
        if port and port != _DEFAULT_PORTS.get(parts.scheme.lower()):
            host = f"{host}:{port}"
        path = parts.path
    else:
        short = _SHORT.fullmatch(text)
        if short is None:
            return None
        host, path = short[1], short[2].partition("?")[0].partition("#")[0]
    path = path.strip("/").removesuffix(".git").strip("/")
    return f"{host.lower()}/{path}" if host and path else None


def local_path(url: str) -> str | None:
    """The directory that an address is, or None: '/src/api', '../api', 'file:///src/api'."""
    text = url.strip()
    if text.lower().startswith("file://"):
        rest = text[len("file://") :]
        return "/" + rest.partition("/")[2]
    if "://" in text or _SHORT.fullmatch(text):
        return None
    return text or None


def last_part(key: str) -> tuple[str, str | None]:
    """The name of what an address or a directory leads to, and its owner: the part before."""
    parts = [part for part in key.split("/") if part]
    if parts and parts[-1] in (".git", ".bare"):
        parts.pop()
    name = (parts[-1] if parts else "").removesuffix(".git")
    return name or "project", parts[-2] if len(parts) > 1 else None
