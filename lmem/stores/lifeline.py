"""A child process's tie to its parent: it dies when the parent dies, and says who it is.

Not a supervisor: nothing here starts or watches a process.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

import lmem

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15


def child_environment(**more: str) -> dict[str, str]:
    """The environment of a child that is started with `-P -m lmem...`: this lmem is found, whatever the directory.

    `-P` keeps the working directory, which may be anybody's checkout, off the child's path. Two arenas bound what
    malloc keeps for the threads of native code.
    """
    above = [str(Path(lmem.__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    path = os.pathsep.join(part for part in above if part)
    return {**os.environ, "PYTHONPATH": path, "MALLOC_ARENA_MAX": "2", **more}


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when process `parent` dies; exit at once when it is dead already.

    Linux only: elsewhere the caller notices by end of file on its pipe. `parent` is the pid that the parent knew.
    """
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def set_process_name(name: str) -> None:
    """The name that `top` and `ps -o comm` show; at most 15 bytes. Linux only."""
    if sys.platform == "linux":
        _prctl(_PR_SET_NAME, ctypes.c_char_p(name.encode()[:15]))


def _prctl(option: int, value: object) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
