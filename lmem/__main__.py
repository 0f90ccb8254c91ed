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
    if None in (sys.stdin, sys.stdout, sys.stderr):
        _open_what_is_closed()
    if sys.getfilesystemencoding() == "ascii":
        _begin_in_utf8()
    status = answer(sys.argv[1:])
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        pass  # whoever read has gone, as `head` does
    except OSError:  # a full disk behind stdout: said already, if a command wrote it
        status = status or 1
    os._exit(status)


def _open_what_is_closed() -> None:
    """Have nothing where the caller closed a standard stream (`>&-`): else the next file or socket would be that."""
    while (handle := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(handle)
    sys.stdin, sys.stdout, sys.stderr = (
        stream or os.fdopen(number, mode, closefd=False)
        for number, (stream, mode) in enumerate(((sys.stdin, "r"), (sys.stdout, "w"), (sys.stderr, "w")))
    )


def _begin_in_utf8() -> None:
    """Start anew in Python's UTF-8 mode: in a locale of ASCII alone, arguments and names of files cannot be read.

    Python does so itself in the C locale, unless PYTHONUTF8 or PYTHONCOERCECLOCALE forbids it.
    """
    os.execv(sys.executable, [sys.orig_argv[0], "-X", "utf8", *sys.orig_argv[1:]])


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
    if argv[:1] == ["--json"] and argv[1:]:
        argv = _after_the_command(argv[1:])
    from lmem.cli.fast import parse

    parsed = parse(argv)
    if parsed is not None:
        from lmem.cli.run import run

        return run(*parsed)
    from lmem.cli.app import main as typed

    return typed(argv)


def _after_the_command(argv: list[str]) -> list[str]:
    """`argv` with the --json that stood before it where the command has it."""
    from lmem.cli.run import COMMANDS

    words = 1 if argv[0] in COMMANDS or argv[0][:1] == "-" else 2
    return [*argv[:words], "--json", *argv[words:]]


if __name__ == "__main__":
    main()
