"""Addresses of servers as anybody may see them: without what might be a secret.

Not their check: what a store takes for an address is its own (lmem.daemon.addresses asks it).
"""

from __future__ import annotations

import re

from lmem.domain.secret_places import URL_PASSWORD
from lmem.domain.secrets import placeholder

_SCHEME = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*://")
_PLAIN = re.compile(r"[?#]?|\?db=\d*")
"""What may stand behind an address and tells nothing: of Redis, the number of the database."""
_HIDDEN = placeholder(URL_PASSWORD)


def shown(url: str) -> str:
    """An address with a placeholder for each part that may hold a user, a password or a key; else as it is written.

    What is no address at all is hidden likewise: all before its last '@', all behind its first '?' or '#'.
    """
    scheme = match[0] if (match := _SCHEME.match(url)) else ""
    rest = url[len(scheme) :]
    host = rest.rfind("@") + 1
    end = next((at for at, char in enumerate(rest) if char in "?#"), len(rest))
    if end < host:  # a password with one of these characters, or a key with an '@': which of them cannot be told
        return scheme + _HIDDEN
    more = rest[end:]
    login = f"{_HIDDEN}@" if host else ""
    return scheme + login + rest[host:end] + (more if _PLAIN.fullmatch(more) else more[0] + _HIDDEN)
