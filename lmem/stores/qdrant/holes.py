"""Copies of sparse files that stay sparse, and sizes in allocated blocks.

Not for files that another process writes. Edge's files are mostly holes: 0.4 MB allocated look like 140 MB.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from lmem.durable import sync

_CHUNK = 1 << 20
_BLOCK = 512  # the unit of st_blocks, whatever the filesystem's own block is


def copy_tree(source: Path, target: Path) -> None:
    """Copy a directory tree, data blocks only, and flush every file and directory. `target` must not exist."""
    target.mkdir(mode=0o700)
    for entry in sorted(os.scandir(source), key=lambda found: found.name):
        if entry.is_dir(follow_symlinks=False):
            copy_tree(Path(entry.path), target / entry.name)
        else:
            _copy_file(entry.path, target / entry.name)
    sync(target)


def allocated(path: Path) -> int:
    """Bytes of disk blocks that a directory tree occupies; what goes while it is counted is none."""
    total = 0
    for folder, _, files in os.walk(path):
        total += _blocks(folder) + sum(_blocks(os.path.join(folder, name)) for name in files)
    return total


def _blocks(path: str) -> int:
    try:
        return os.lstat(path).st_blocks * _BLOCK
    except FileNotFoundError:  # an old generation is removed on another thread
        return 0


def _copy_file(source: str, target: Path) -> None:
    with open(source, "rb", buffering=0) as reader, open(target, "xb", buffering=0) as writer:
        length = os.fstat(reader.fileno()).st_size
        writer.truncate(length)
        position = 0
        while position < length:
            start = _seek(reader.fileno(), position, os.SEEK_DATA)
            if start is None:
                break
            position = _seek(reader.fileno(), start, os.SEEK_HOLE) or length
            _copy_range(reader.fileno(), writer.fileno(), start, position)
        os.fsync(writer.fileno())
        os.fchmod(writer.fileno(), 0o600)


def _seek(descriptor: int, position: int, whence: int) -> int | None:
    """Where the next data or hole begins; None when only a hole is left."""
    try:
        return os.lseek(descriptor, position, whence)
    except OSError as err:
        if err.errno == errno.ENXIO:
            return None
        raise


def _copy_range(reader: int, writer: int, start: int, end: int) -> None:
    while start < end:
        data = os.pread(reader, min(_CHUNK, end - start), start)
        if not data:
            return
        written = 0
        while written < len(data):
            written += os.pwrite(writer, data[written:], start + written)
        start += len(data)
