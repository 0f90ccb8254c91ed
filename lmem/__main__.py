"""The `lmem` command: looks at argv and imports as little as it can.

Not a parser: what is not the version or a completion goes to the fast reader, and from there, if it must, to Typer.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

INTERRUPTED = 130


def main() -> NoReturn:
    """The console script's entry. It ends the process itself: taking an interpreter down costs a sixth of a search."""
    status = answer(sys.argv[1:])
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        pass  # whoever read has gone, as `head` does
    except OSError:  # a full disk behind stdout: said already, if a command wrote it
        status = status or 1
    os._exit(status)


def answer(argv: list[str]) -> int:
    """Do what `argv` says; returns the exit status."""
    if argv in (["--version"], ["-V"]):
        from lmem._version import __version__

        print(f"lmem {__version__}")
        return 0
    try:
        return _dispatch(argv)
    except KeyboardInterrupt:
        return INTERRUPTED


def _dispatch(argv: list[str]) -> int:
    if argv == ["mcp"]:
        from lmem.bridge.pump import main as pump

        pump()
    if argv[:1] == ["_complete"]:
        from lmem.cli.complete import complete

        return complete(argv[1:])
    from lmem.cli.fast import parse

    parsed = parse(argv)
    if parsed is not None:
        from lmem.cli.run import run

        return run(*parsed)
    from lmem.cli.app import main as typed

    return typed(argv)


if __name__ == "__main__":
    main()
