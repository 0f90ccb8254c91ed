"""One command in one terminal, as a script: connects, starting the small daemon if there is none, and prints its pid.

Not a test. Arguments: the method to call (default test/echo).
"""

from __future__ import annotations

import sys
from pathlib import Path

from lmem.client import spawning
from lmem.client.connection import connect
from lmem.errors import LmemError
from lmem.paths import paths

DAEMON = Path(__file__).with_name("lifecycle_daemon.py")


def small_daemon() -> list[str]:
    """The command that starts the small daemon in place of the real one."""
    return [sys.executable, str(DAEMON), "--detached"]


def main(method: str = "test/echo") -> int:
    spawning.command = small_daemon
    try:
        with connect(paths(), client="terminal") as connection:
            print(connection.call(method, {})["pid"])
    except LmemError as err:
        print(f"{err.code}: {err.message}", file=sys.stderr)
        return err.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
