"""What was freed goes back to the system, even below a block that is in use."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import psutil
import pytest

BLOCKS, SIZE = 100_000, 200

_CHILD = """
import ctypes, sys
from tests.unit.stores import test_stores_heap as of
print(of.freed(give=sys.argv[1] == "give"))
"""


def freed(give: bool) -> int:
    """Resident bytes that went after BLOCKS small blocks were freed below one that stays."""
    from lmem.stores.heap import give_memory_back

    library = ctypes.CDLL(None)
    library.malloc.restype = ctypes.c_void_p
    blocks = [library.malloc(SIZE) for _ in range(BLOCKS + 1)]
    for block in blocks:
        ctypes.memset(block, 1, SIZE)
    before = psutil.Process().memory_info().rss
    for block in blocks[:-1]:
        library.free(ctypes.c_void_p(block))
    if give:
        give_memory_back()
    return int(before - psutil.Process().memory_info().rss)


@pytest.mark.skipif(sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="needs glibc")
def test_freed_memory_goes_back_to_the_system() -> None:
    kept, given = (
        int(subprocess.run([sys.executable, "-c", _CHILD, word], capture_output=True, check=True, text=True).stdout)
        for word in ("keep", "give")
    )
    assert kept < BLOCKS * SIZE / 4, "glibc gives it back by itself"
    assert given > BLOCKS * SIZE * 0.9
