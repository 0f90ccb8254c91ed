"""Mapped files of this process whose pages need not stay in its memory.

Not a cache: what is given back is read from the system's page cache again when somebody wants it.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import re
import sys
from pathlib import Path

_LINE = re.compile(rb"(?P<start>[0-9a-f]+)-(?P<end>[0-9a-f]+) ...s [0-9a-f]+ \S+ \d+ +(?P<path>/.*)", re.DOTALL)
"""A shared mapping of a file, in /proc/self/maps."""


def give_back(directory: Path) -> None:
    """Take the pages of files under `directory` out of this process's memory. Linux only; elsewhere nothing is done.

    Edge reads each page of a collection's files while it loads it, holes too: 46 MB for one without a point. Only
    shared mappings are taken, whose contents the file keeps, and nobody else may open or close files there meanwhile.
    It is an economy: where the system does not tell what is mapped, nothing is done either.
    """
    if sys.platform != "linux":
        return
    try:
        lines = Path("/proc/self/maps").read_bytes().split(b"\n")  # of bytes: a name may hold what ends a line of text
    except OSError:  # no /proc here
        return
    advise = ctypes.CDLL(None).madvise
    above = os.fsencode(os.path.realpath(directory)).replace(b"\n", rb"\012") + os.fsencode(os.sep)
    for line in lines:
        if (found := _LINE.match(line)) and found["path"].startswith(above):
            start, end = int(found["start"], 16), int(found["end"], 16)
            advise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), mmap.MADV_DONTNEED)
