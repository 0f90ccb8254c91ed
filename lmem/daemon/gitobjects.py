"""Git's objects, as far as lmem reads them: their ids, and the tree of a commit.

Not those that a pack keeps as a difference from another, nor those borrowed from a repository elsewhere.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from functools import lru_cache
from io import BufferedReader
from pathlib import Path

from lmem.daemon import plainfiles

MOST_BYTES = 8 << 20
"""Of one of git's files, and of a file that is hashed."""

UNREADABLE = (OSError, ValueError, struct.error, IndexError, zlib.error)
"""Raised for what is not git's, or of a kind that is not read here."""

_BEGIN = 256
"""Bytes of an object that hold its header and a commit's first line, which names its tree; packed too."""

_PACK_INDEX = b"\377tOc\0\0\0\2"
_NAMES = len(_PACK_INDEX) + 256 * 4
_COMMIT = 1
_TREE = b"tree "


def contents(file: Path) -> bytes:
    """A file of a bearable size. Raises OSError, ValueError."""
    with plainfiles.opened(file) as opened:
        size = os.fstat(opened.fileno()).st_size
        if size > MOST_BYTES:
            raise ValueError("too large")
        return opened.read(size)


def object_id(kind: bytes, data: bytes, size: int) -> bytes:
    """The id of an object in a repository whose ids have so many bytes."""
    made = (hashlib.sha1 if size == 20 else hashlib.sha256)(b"%b %d\0" % (kind, len(data)), usedforsecurity=False)
    made.update(data)
    return made.digest()


@lru_cache(maxsize=16)
def tree(common: Path, commit: str) -> bytes | None:
    """The id of a commit's tree; None when that is not read here. Raises one of `UNREADABLE`."""
    text: bytes | None
    try:
        loose = plainfiles.begin(common / "objects" / commit[:2] / commit[2:], _BEGIN)
        text = _inflated(loose).partition(b"\0")[2]
    except FileNotFoundError:
        packs = (common / "objects" / "pack").glob("*.idx")
        text = next((text for pack in packs if (text := _packed(pack, bytes.fromhex(commit)))), None)
    if not text or not text.startswith(_TREE):
        return None
    return bytes.fromhex(text[len(_TREE) :].partition(b"\n")[0].decode())


def _packed(index: Path, commit: bytes) -> bytes | None:
    """How a commit begins that is in the pack beside an index; None when it is not there, or a difference."""
    with BufferedReader(plainfiles.opened(index)) as opened:
        if opened.read(len(_PACK_INDEX)) != _PACK_INDEX:
            return None
        ends = (0, *struct.unpack(">256I", opened.read(256 * 4)))  # of the ids that begin with 0, 1, 2 ...
        first, count = ends[commit[0]], ends[-1]
        opened.seek(_NAMES + first * len(commit))
        at = opened.read((ends[commit[0] + 1] - first) * len(commit)).find(commit)
        if at < 0 or at % len(commit):
            return None
        offsets = _NAMES + count * (len(commit) + 4)
        opened.seek(offsets + (first + at // len(commit)) * 4)
        (offset,) = struct.unpack(">I", opened.read(4))
        if offset >> 31:
            opened.seek(offsets + count * 4 + (offset & 0x7FFFFFFF) * 8)
            (offset,) = struct.unpack(">Q", opened.read(8))
    with plainfiles.opened(index.with_suffix(".pack")) as pack:
        data = os.pread(pack.fileno(), _BEGIN, offset)
    if data[0] >> 4 & 7 != _COMMIT:
        return None
    return _inflated(data[next((at for at, byte in enumerate(data, 1) if byte < 128), 0) :])  # behind kind and size


def _inflated(data: bytes) -> bytes:
    return zlib.decompressobj().decompress(data, _BEGIN)
