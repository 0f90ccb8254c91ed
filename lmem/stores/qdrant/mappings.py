"""Mapped files of this process whose pages need not stay in its memory.

Not a cache: what is given back is read from the system's page cache again when somebody wants it.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
from pathlib import Path


def give_back(directory: Path) -> None:
    """Take the pages of files under `directory` out of this process's memory. Linux only; elsewhere nothing is done.

    Edge reads each page of a collection's files while it loads it, holes too: 46 MB for one without a point. Only
    shared mappings are taken, whose contents the file keeps, and nobody else may open or close files there meanwhile.
    """
    if sys.platform != "linux":
        return
    advise = ctypes.CDLL(None).madvise
    above = os.path.realpath(directory) + os.sep
    for line in Path("/proc/self/maps").read_text(errors="surrogateescape").splitlines():
        span, mode, _, _, _, *path = line.split(maxsplit=5)
        if path and path[0].startswith(above) and mode.endswith("s"):
            start, end = (int(side, 16) for side in span.split("-"))
            advise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), mmap.MADV_DONTNEED)
