"""The `lmem` command: looks at argv and imports as little as it can.

Not a parser: what is not the version or a completion goes to the fast reader, and from there, if it must, to Typer.
"""

from __future__ import annotations

import sys


def main() -> int:
    """The console script's entry; returns the exit status."""
    argv = sys.argv[1:]
    if argv in (["--version"], ["-V"]):
        from lmem._version import __version__

        print(f"lmem {__version__}")
        return 0
    try:
        return _dispatch(argv)
    except KeyboardInterrupt:
        return 130


def _dispatch(argv: list[str]) -> int:
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
    sys.exit(main())
