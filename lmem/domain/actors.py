"""Who does something: the user, and the client and process it came through.

Not an authentication; the socket's owner check is that.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """One caller. `address` is 'unix:UID:PID', `agent` the client and version of its hello.

    `shared` means that others than the user may read the answers, so private memories are left out. `session_id` is the
    session that the call belongs to, for the audit log.
    """

    user_id: str
    address: str
    agent: str
    shared: bool = False
    session_id: str | None = None

    @property
    def client(self) -> str:
        """The client's name for itself: 'cli', 'mcp'."""
        return self.agent.partition("/")[0]
