"""What is said of a server that settings leave behind: it has a copy that nothing here reaches.

Not which servers settings name (lmem.daemon.addresses), not the change of them (lmem.service.settingchanges), and no
memory of what was left (lmem.service.leftservers).
"""

from __future__ import annotations

from collections.abc import Callable

from lmem.config import Config
from lmem.daemon.addresses import server_of
from lmem.daemon.findings import Finding
from lmem.domain.leftservers import FAMILIES, KnownServer
from lmem.service.leftservers import still_to_do

_KEPT = {
    "qdrant": "keeps its copy of your memories, which no later purge reaches",
    "neo4j": "keeps its copy of your memories, which no later purge reaches",
    "redis": "keeps what it holds until that expires, within a day, and no purge reaches it meanwhile",
}


def left_behind(running: Config, given: Callable[[], Config], key: str) -> str | None:
    """What a person has to know whose settings are those `given` from the next start on: of the server that the daemon
    uses now and does not from then on, when `key` is part of that; None when it leaves none. Settings are asked for
    only when `key` may leave one.
    """
    family, _, name = key.partition(".")
    if family not in FAMILIES or name not in ("url", "prefix", "database"):
        return None
    server = server_of(running, family)
    if server is None:
        return None
    then = server_of(given(), family)
    if then is not None and (then.key == server.key or then.takes_over(server)):
        return None
    if name != "url" and (then is None or then.place != server.place):  # that was said when the address was changed
        return None
    return f"{server.name} {_KEPT[family]}: after the restart {still_to_do(server)}"


def finding(server: KnownServer) -> Finding:
    """What doctor says of a server that was left."""
    step = still_to_do(server)
    return Finding(
        "left", "warn",
        f"{server.name} was left on {server.left_on} and may still hold your memories; no purge reaches it.",
        f"{step[0].upper()}{step[1:]}",
    )  # fmt: skip
