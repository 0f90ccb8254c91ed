"""Git's index: the files of the next commit, each as git saw it last.

Not a comparison with the files that are there now (lmem.daemon.gitfiles).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from lmem.daemon import gitobjects

SUBMODULE = 0o160000
_ENTRY = {size: struct.Struct(f">10I{size}sH") for size in (20, 32)}
_ASSUME_VALID, _EXTENDED, _STAGE = 0x8000, 0x4000, 0x3000
_SKIP_WORKTREE, _INTENT_TO_ADD = 0x4000, 0x2000


class Entry(NamedTuple):
    """A file or a submodule as the index remembers it; times in nanoseconds.

    `modified_ns` is -1 for a file that may have been changed in the moment in which the index was written.
    """

    file: bytes
    mode: int
    size: int
    changed_ns: int
    modified_ns: int
    digest: bytes
    is_skipped: bool


@dataclass(frozen=True, slots=True)
class Index:
    """What an index says: how many files it has, and of the first ones those that git watches.

    `is_open` when a file waits to be merged or added; `tree` is the id of what a commit would hold, None for too many.
    """

    count: int
    is_open: bool
    tree: bytes | None
    entries: tuple[Entry, ...]


@lru_cache(maxsize=4)
def read(top: Path, index: Path, digest_size: int, most: int, written_ns: int, stamp: tuple[int, ...]) -> Index:
    """An index and its first `most` files, taken apart once for each state: that costs as much as looking at them.

    Raises one of gitobjects.UNREADABLE, also for an index that shares another's entries or has folders in the place of
    their files.
    """
    data = gitobjects.contents(index)
    signature, version, count = struct.unpack_from(">4sII", data)
    if signature != b"DIRC" or version not in (2, 3, 4):
        raise ValueError("not an index")
    root = os.fsencode(top).rstrip(b"/")
    entries, watched, is_open, at = [], [], False, 12
    for entry, flags, extended, end in _entries(root + b"/", data, version, min(count, most), digest_size):
        at = end
        entries.append(entry)
        is_open = is_open or bool(flags & _STAGE or extended & _INTENT_TO_ADD)
        if not flags & _ASSUME_VALID:
            watched.append(entry if entry.modified_ns < written_ns else entry._replace(modified_ns=-1))
    if count > most:
        return Index(count, is_open, None, tuple(watched))
    while at < len(data) - digest_size:
        name, size = struct.unpack_from(">4sI", data, at)
        if not name[:1].isupper():  # one without which an index cannot be understood
            raise ValueError("an index that is split or sparse")
        at += 8 + size
    return Index(count, is_open, _tree(root, entries, digest_size), tuple(watched))


def _entries(
    prefix: bytes, data: bytes, version: int, count: int, digest_size: int
) -> Iterator[tuple[Entry, int, int, int]]:
    """The first `count` files, each with its two words of flags and where it ends."""
    at, path, unpack, fixed = 12, b"", _ENTRY[digest_size].unpack_from, _ENTRY[digest_size].size
    for _ in range(count):
        start = at
        changed, changed_ns, modified, modified_ns, _, _, mode, _, _, size, digest, flags = unpack(data, at)
        at += fixed
        extended = 0
        if flags & _EXTENDED:
            (extended,) = struct.unpack_from(">H", data, at)
            at += 2
        kept = 0
        if version == 4:  # a path is what differs from the one before
            cut, at = _varint(data, at)
            kept = len(path) - cut
        end = data.index(b"\0", at)
        path = path[:kept] + data[at:end]
        if not path:
            raise ValueError("an index that is split")
        at = end + 1 if version == 4 else start + (end - start + 8) // 8 * 8
        times = changed * 10**9 + changed_ns, modified * 10**9 + modified_ns
        yield Entry(prefix + path, mode, size, *times, digest, bool(extended & _SKIP_WORKTREE)), flags, extended, at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = data[at] & 127
    while data[at] & 128:
        at += 1
        value = ((value + 1) << 7) | (data[at] & 127)
    return value, at + 1


def _tree(top: bytes, entries: list[Entry], digest_size: int) -> bytes:
    """The id of the tree that a commit of these files would have."""
    lines: dict[bytes, list[tuple[bytes, bytes]]] = {top: []}
    for entry in entries:
        folder, _, name = entry.file.rpartition(b"/")
        inner = folder
        while inner not in lines:
            lines[inner] = []
            inner = inner.rpartition(b"/")[0]
        lines[folder].append((name, b"%o %b\0%b" % (entry.mode, name, entry.digest)))
    for folder in sorted(lines.keys() - {top}, key=len, reverse=True):  # each before the one around it
        around, _, name = folder.rpartition(b"/")
        lines[around].append((name + b"/", b"40000 %b\0%b" % (name, _tree_id(lines[folder], digest_size))))
    return _tree_id(lines[top], digest_size)


def _tree_id(lines: list[tuple[bytes, bytes]], digest_size: int) -> bytes:
    return gitobjects.object_id(b"tree", b"".join(line for _, line in sorted(lines)), digest_size)
