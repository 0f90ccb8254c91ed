"""One question to the daemon: the commands' way to `lmem.client`.

Not a connection of its own; it only fills in who asks and where the daemon lives.
"""

from __future__ import annotations

from collections.abc import Callable

from lmem.client.connection import Connection, connect
from lmem.paths import paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Answer = dict[str, Any]


def ask(
    method: str,
    params: dict[str, object] | None = None,
    *,
    on_progress: Callable[[dict[str, Any]], None] | None = None,
    idempotent: bool = False,
    autostart: bool = True,
) -> Answer:
    """The daemon's answer to one request. Raises the LmemError it answers with, or why it cannot be reached."""
    with reach(autostart=autostart) as daemon:
        return daemon.call(method, params or {}, on_progress=on_progress, idempotent=idempotent)


def reach(*, autostart: bool = True) -> Connection:
    """A connection for several requests, to be used in a with statement."""
    return connect(paths(), client="cli", autostart=autostart)


def given(fields: dict[str, object]) -> dict[str, object]:
    """The fields that were given on the command line: not None, not an empty list, not an unset flag."""
    return {name: value for name, value in fields.items() if value is not None and value is not False and value != []}
