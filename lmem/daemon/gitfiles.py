"""What git's own files say of a directory: its repository, branch and commit, and whether something changed.

Not git: no process is started and nothing is written. What a few milliseconds do not tell is left out.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

BUDGET_S = 0.005
"""Seconds for the comparison of files with the index; some thousand files."""

MOST_FILES = 4_000
"""Of an index, looked at in their order: more than fit into that time."""

MOST_BYTES = 8 << 20
"""Of one of git's files, and of a file that is hashed."""

_SECONDS_END = 2**32 * 10**9
_REF = "ref: "
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_ENTRY = struct.Struct(">10I")
_SUBMODULE = 0o160000
_ASSUME_VALID, _EXTENDED, _SKIP_WORKTREE = 0x8000, 0x4000, 0x4000


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file as the index remembers it; of its mode the kind, of its time 32 bits of seconds, in nanoseconds."""

    file: str
    mtime_ns: int
    kind: int
    size: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class _Index:
    """What an index says: how many files it has, whether some wait for a commit, the first ones that git watches."""

    count: int
    has_staged: bool
    entries: tuple[_Entry, ...]


def context(directory: str) -> dict[str, object]:
    """'branch' (absent when detached), 'commit' (absent before the first) and 'dirty' of the repository around it.

    Empty outside of a repository, and for one whose files cannot be read. 'dirty' means that a tracked file differs
    from the last commit; it is absent when the files are too many to tell in time.
    """
    try:
        found = repository(Path(directory))
        return {} if found is None else _context(*found)
    except (OSError, ValueError, struct.error, IndexError):  # not git's files, or of a kind this does not know
        return {}


def repository(directory: Path) -> tuple[Path, Path, Path] | None:
    """The working tree around a directory, its git directory, and the one that it shares with other worktrees."""
    if directory.name != ".git" and (directory / "HEAD").is_file() and (directory / "objects").is_dir():
        return directory, directory, directory  # a git directory without a working tree beside it
    for top in (directory, *directory.parents):
        git = top / ".git"
        if git.is_file():
            git = top / _text(git).removeprefix("gitdir: ").strip()
        if (git / "HEAD").is_file():
            shared = git / "commondir"
            return top, git, git / _text(shared).strip() if shared.is_file() else git
    return None


def _context(top: Path, git: Path, common: Path) -> dict[str, object]:
    at = head(git, common)
    if at is None:
        return {}
    branch, commit = at
    known: dict[str, object] = {}
    if branch is not None:
        known["branch"] = branch
    if commit is not None:
        known["commit"] = commit
    dirty = _dirty(top, git / "index", commit)
    return known if dirty is None else {**known, "dirty": dirty}


def head(git: Path, common: Path) -> tuple[str | None, str | None] | None:
    """The branch (None when detached) and the commit (None before the first) that a git directory is at.

    None when its files do not tell. Raises OSError, ValueError.
    """
    found = _text(git / "HEAD").strip()
    name = found.removeprefix(_REF) if found.startswith(_REF) else None
    if name == "refs/heads/.invalid":  # reftables, which are no text
        return None
    commit = found if name is None else _commit(common, name)
    if commit is not None and not _COMMIT.fullmatch(commit):
        return None
    return name and name.removeprefix("refs/heads/"), commit


def root_commit(common: Path) -> str | None:
    """The first commit of a repository that was made here, as its log remembers it; None for a clone."""
    log = common / "logs" / "HEAD"
    if not log.is_file():
        return None
    with log.open("rb") as opened:
        first = opened.readline(4096).decode(errors="replace")
    _, _, rest = first.partition(" ")
    return rest.split(" ", 1)[0] if "\tcommit (initial)" in first and _COMMIT.fullmatch(rest.split(" ", 1)[0]) else None


def _commit(common: Path, name: str) -> str | None:
    loose = common / name
    if loose.is_file():
        return _text(loose).strip()
    packed = common / "packed-refs"
    lines = _text(packed).splitlines() if packed.is_file() else []
    return next((line[: -len(name) - 1] for line in lines if line.endswith(f" {name}")), None)


def _dirty(top: Path, index: Path, commit: str | None) -> bool | None:
    try:
        found = os.stat(index)
    except FileNotFoundError:
        return False
    known = _index(top, index, len(commit) // 2 if commit else 20, (found.st_ino, found.st_size, found.st_mtime_ns))
    if commit is None or known.has_staged:
        return known.count > 0
    until = time.monotonic() + BUDGET_S
    for entry in known.entries:
        if _differs(entry):
            return True
        if time.monotonic() > until:
            return None
    return False if known.count <= MOST_FILES else None


@lru_cache(maxsize=4)
def _index(top: Path, index: Path, digest_size: int, stamp: tuple[int, ...]) -> _Index:
    """An index, taken apart once for each `stamp`: reading it costs as much as looking at its files."""
    data = _bytes(index)
    signature, version, count = struct.unpack_from(">4sII", data)
    if signature != b"DIRC" or version not in (2, 3, 4):
        raise ValueError("not an index")
    entries = tuple(_entries(str(top), data, version, min(count, MOST_FILES), digest_size))
    return _Index(count, _has_staged(data, digest_size), entries)


def _has_staged(data: bytes, digest_size: int) -> bool:
    """Whether the index's tree of the last commit was made void, as `git add` does. Extensions end the file."""
    at = data.rfind(b"TREE", 0, len(data) - digest_size)
    if at < 0 or data[at + 8 : at + 9] != b"\0":  # the root's path is empty
        return False
    return data.startswith(b"-1 ", at + 9)


def _entries(top: str, data: bytes, version: int, count: int, digest_size: int) -> Iterator[_Entry]:
    """The first `count` files, without those that git does not watch and the repositories inside."""
    at, path = 12, b""
    for _ in range(count):
        start = at
        _, _, seconds, nanoseconds, _, _, mode, _, _, size = _ENTRY.unpack_from(data, at)
        at += _ENTRY.size
        digest = data[at : at + digest_size]
        (flags,) = struct.unpack_from(">H", data, at + digest_size)
        at += digest_size + 2
        unwatched = bool(flags & _ASSUME_VALID)
        if flags & _EXTENDED:
            unwatched = unwatched or bool(struct.unpack_from(">H", data, at)[0] & _SKIP_WORKTREE)
            at += 2
        kept = 0
        if version == 4:  # a path is what differs from the one before
            cut, at = _varint(data, at)
            kept = len(path) - cut
        end = data.index(b"\0", at)
        path = path[:kept] + data[at:end]
        at = end + 1 if version == 4 else start + (end - start + 8) // 8 * 8
        if not unwatched and stat.S_IFMT(mode) != _SUBMODULE:
            file = os.path.join(top, os.fsdecode(path))
            yield _Entry(file, seconds * 10**9 + nanoseconds, stat.S_IFMT(mode), size, digest)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = data[at] & 127
    while data[at] & 128:
        at += 1
        value = ((value + 1) << 7) | (data[at] & 127)
    return value, at + 1


def _differs(entry: _Entry) -> bool:
    try:
        found = os.lstat(entry.file)
    except (FileNotFoundError, NotADirectoryError):
        return True
    if stat.S_IFMT(found.st_mode) != entry.kind or found.st_size & 0xFFFFFFFF != entry.size:
        return True
    if found.st_mtime_ns % _SECONDS_END == entry.mtime_ns:
        return False
    text = os.fsencode(os.readlink(entry.file)) if stat.S_ISLNK(entry.kind) else _bytes(Path(entry.file))
    made = hashlib.new("sha1" if len(entry.digest) == 20 else "sha256", b"blob %d\0" % len(text), usedforsecurity=False)
    made.update(text)
    return made.digest() != entry.digest  # touched, but not changed


def _text(file: Path) -> str:
    return _bytes(file).decode()


def _bytes(file: Path) -> bytes:
    """A file of a bearable size. Raises OSError, ValueError."""
    with file.open("rb") as opened:
        data = opened.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError("too large")
    return data
