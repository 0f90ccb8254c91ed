"""What a starting daemon tells the client that spawned it, through a pipe whose number is in LMEM_READY_FD.

Not the hello: this is heard once, by the spawner, and carries the reason when the start fails.
"""

from __future__ import annotations

import json
import os

from lmem.errors import LmemError

VARIABLE = "LMEM_READY_FD"


class Readiness:
    """One JSON line a step: {"state": "listening"}, then {"state": "ready"} or {"state": "failed", "error": {...}}."""

    def __init__(self) -> None:
        number = os.environ.pop(VARIABLE, "")  # popped: children must not take it for theirs
        self._descriptor = int(number) if number.isdigit() else None
        if self._descriptor is not None:
            os.set_inheritable(self._descriptor, False)

    def listening(self) -> None:
        """The socket answers hellos."""
        self._say({"state": "listening", "pid": os.getpid()})

    def ready(self) -> None:
        """The app is built: calls are answered."""
        self._say({"state": "ready", "pid": os.getpid()})
        self._close()

    def failed(self, error: LmemError) -> None:
        """The start ends here."""
        self._say({"state": "failed", "error": {"message": error.message, "data": error.to_wire()}})
        self._close()

    def _say(self, step: dict[str, object]) -> None:
        if self._descriptor is None:
            return
        try:
            os.write(self._descriptor, json.dumps(step).encode() + b"\n")
        except OSError:  # the spawner went away; the daemon is there for all the others
            self._close()

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
