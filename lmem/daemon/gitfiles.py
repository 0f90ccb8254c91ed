"""What git's own files say of a directory: its repository, branch and commit, and whether something changed.

Not git: no process is started and nothing is written. What a few milliseconds do not tell is left out.
"""

from __future__ import annotations

import os
import re
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from lmem.daemon import gitconfig, gitindex, gitobjects, plainfiles
from lmem.daemon.gitobjects import contents

BUDGET_S = 0.005
"""Seconds for 'dirty', from the reading of the index to the last of its files: some thousand. An index that takes
longer is kept for the next time."""

MOST_FILES = 4_000
"""Of an index, looked at in their order: more than fit into that time."""

_REF = "ref: "
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_KIND_AND_EXECUTABLE = 0o170100


@dataclass(frozen=True, slots=True)
class _Tree:
    """A working tree, with its repository's settings of the section [core]."""

    top: Path
    common: Path
    core: dict[str, str]


def context(directory: str) -> dict[str, object]:
    """'branch' (absent when detached), 'commit' (absent before the first) and 'dirty' of the repository around it.

    Empty outside of a repository, and for one whose files cannot be read. 'dirty' is what `git status` would say of
    tracked files, those of the index and of the working tree; it is absent when that is not known: the files are too
    many to tell in time, a filter may hide that a file is the same, a submodule has to be asked.
    """
    try:
        found = repository(Path(directory))
        return {} if found is None else _context(*found)
    except (OSError, ValueError):  # not git's files
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
    try:
        dirty = _dirty(top, git, common, commit)
    except gitobjects.UNREADABLE:
        return known
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
    first = plainfiles.begin(log, 4096).split(b"\n", 1)[0].decode(errors="replace")
    _, _, rest = first.partition(" ")
    return rest.split(" ", 1)[0] if "\tcommit (initial)" in first and _COMMIT.fullmatch(rest.split(" ", 1)[0]) else None


def _commit(common: Path, name: str) -> str | None:
    loose = common / name
    if loose.is_file():
        return _text(loose).strip()
    packed = common / "packed-refs"
    lines = _text(packed).splitlines() if packed.is_file() else []
    return next((line[: -len(name) - 1] for line in lines if line.endswith(f" {name}")), None)


def _dirty(top: Path, git: Path, common: Path, commit: str | None) -> bool | None:
    """Whether a tracked file differs; None when it is not known. Raises one of gitobjects.UNREADABLE."""
    until = time.monotonic() + BUDGET_S
    core = gitconfig.core(common / "config", git / "config.worktree")
    elsewhere = core.get("worktree") if git == common else None
    if top == git or (elsewhere and not os.path.samefile(git / elsewhere, top)):
        return None
    try:
        written = os.stat(git / "index")
    except FileNotFoundError:
        return None if commit else False
    size = len(commit) // 2 if commit else 20
    stamp = written.st_ino, written.st_size
    index = gitindex.read(top, git / "index", size, MOST_FILES, written.st_mtime_ns, stamp)
    if commit is None or index.is_open:
        return index.count > 0
    last = gitobjects.tree(common, commit)
    if last and index.tree and last != index.tree:
        return True
    differs = _any_differs(index.entries, _Tree(top, common, core), until)
    return differs if differs or (last and index.tree) else None


def _any_differs(entries: tuple[gitindex.Entry, ...], tree: _Tree, until: float) -> bool | None:
    """Whether one of the files is not what the index remembers; None when that is not known, or not in time."""
    lstat, now, is_known = os.lstat, time.monotonic, True
    for entry in entries:
        file, mode, size, changed_ns, modified_ns, _, _ = entry
        try:
            found: os.stat_result | None = lstat(file)
        except (FileNotFoundError, NotADirectoryError):
            found = None
        if (
            found is None
            or found.st_mtime_ns != modified_ns
            or found.st_ctime_ns != changed_ns
            or found.st_size != size
            or (found.st_mode ^ mode) & _KIND_AND_EXECUTABLE
        ):
            differs = _differs(entry, found, tree)
            if differs:
                return True
            is_known = is_known and differs is False
        if now() > until:
            return None
    return False if is_known else None


def _differs(entry: gitindex.Entry, found: os.stat_result | None, tree: _Tree) -> bool | None:
    """Whether what is there is not what the index remembers; None when that is not known."""
    if found is None:
        if entry.is_skipped:
            return False
        return None if stat.S_IFMT(entry.mode) == gitindex.SUBMODULE else True
    if entry.is_skipped:  # git looks at those of a sparse checkout that are there nevertheless
        return False if tree.core.get("sparsecheckout", "false") == "false" else None
    if stat.S_ISREG(entry.mode):
        return _file_differs(entry, found, tree)
    kind = stat.S_IFMT(found.st_mode)
    if stat.S_ISLNK(entry.mode):
        if kind == stat.S_IFREG:  # as git makes one where there are no links
            return None
        return kind != stat.S_IFLNK or not _is(entry, os.readlink(entry.file))
    return False if kind == stat.S_IFDIR and not os.path.lexists(entry.file + b"/.git") else None  # a submodule


def _file_differs(entry: gitindex.Entry, found: os.stat_result, tree: _Tree) -> bool | None:
    if not stat.S_ISREG(found.st_mode):
        return True
    # git writes a size of 0 for a file that it has not looked at in time
    if found.st_size & 0xFFFFFFFF != entry.size and (entry.size or _is(entry, b"")):
        return True
    if (found.st_mode ^ entry.mode) & stat.S_IXUSR and tree.core.get("filemode") != "false":
        return True if tree.core.get("filemode") == "true" else None
    if found.st_size > gitobjects.MOST_BYTES:
        return None
    file = Path(os.fsdecode(entry.file))
    text = contents(file)
    if _is(entry, text):
        return False
    if b"\r" in text or b"$Id" in text or "sparsecheckout" in tree.core:  # what git would make of it, or with what
        return None
    return None if gitconfig.may_convert(tree.top, tree.common, Path.home(), file) else True


def _is(entry: gitindex.Entry, data: bytes) -> bool:
    return gitobjects.object_id(b"blob", data, len(entry.digest)) == entry.digest


def _text(file: Path) -> str:
    return contents(file).decode()
