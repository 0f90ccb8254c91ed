"""Plain files that others than lmem may have put there, opened so that no pipe or device is waited for.

Not a way around a disk that does not answer (lmem.daemon.lookups).
"""

from __future__ import annotations

import errno
import os
import stat
from io import FileIO
from pathlib import Path


def opened(file: Path | str) -> FileIO:
    """A file to be read, without a buffer. Raises OSError, also for what is no plain file."""
    handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "not a plain file", os.fspath(file))
    return FileIO(handle)


def begin(file: Path | str, most: int) -> bytes:
    """The first `most` bytes of a file. Raises OSError."""
    with opened(file) as handle:
        parts = []
        while most > 0 and (part := handle.read(most)):
            parts.append(part)
            most -= len(part)
    return b"".join(parts)
