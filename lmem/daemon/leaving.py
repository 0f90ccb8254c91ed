"""What a change of a server's address leaves behind: a copy of the memories that nothing here reaches any more.

Not the change (lmem.service.settingchanges), and no call to a server: lmem cannot log in to one that it has left.
"""

from __future__ import annotations

from lmem.config import Config

_LEFT = {
    "qdrant.url": (
        "Qdrant at {url} keeps its copy of your memories, which no later purge reaches: after the restart delete the"
        " collections there that begin with '{prefix}'."
    ),
    "neo4j.url": (
        "Neo4j at {url} keeps its copy of your memories, which no later purge reaches: after the restart run there"
        " MATCH (n {{prefix: '{prefix}'}}) DETACH DELETE n"
    ),
    "redis.url": (
        "Redis at {url} keeps what it holds until that expires, within a day, and no purge reaches it meanwhile: after"
        " the restart delete the keys there that begin with '{prefix}'."
    ),
}
"""By the setting that named the server; in one sentence with the next step."""


def left_behind(running: Config, given: Config, key: str) -> str | None:
    """What a person has to know whose settings are `given` from the next start on: of the server that the daemon uses
    now and `key` names no longer; None when it leaves none."""
    if key not in _LEFT:
        return None
    url = running.text(key).strip()
    if not url or url == given.text(key).strip():
        return None
    prefix = running.text(key.replace(".url", ".prefix"))
    return _LEFT[key].format(url=_shown(url), prefix=prefix)


def _shown(url: str) -> str:
    """Without what somebody may have put before the host."""
    scheme, slashes, rest = url.partition("://")
    return f"{scheme}{slashes}{rest.rpartition('@')[2]}"
