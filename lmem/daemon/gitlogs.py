"""The reflogs of a repository's working trees: how far each was read, and what has come since.

Not their meaning (lmem.domain.reflogs). No process is started and nothing is written; it blocks on the disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lmem.daemon import gitfiles
from lmem.domain import reflogs
from lmem.domain.reflogs import Entry, Told

MOST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a log was read: its inode, the place in it, and the commit and second of the entry before that."""

    inode: int = 0
    end: int = 0
    commit: str = ""
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class News:
    """What a log tells that was not read before, and its mark after that."""

    name: str
    told: Told
    mark: Mark


def trees(common: Path) -> dict[str, Path]:
    """The git directory of each working tree, by the name of its log: 'logs/HEAD', 'worktrees/NAME/logs/HEAD'."""
    found = {"logs/HEAD": common}
    worktrees = common / "worktrees"
    if worktrees.is_dir():
        found |= {f"worktrees/{tree.name}/logs/HEAD": tree for tree in sorted(worktrees.iterdir())}
    return found


def sizes(common: Path) -> dict[str, tuple[int, int]]:
    """(inode, size) of each log; what changes them has come since. Costs a look at each."""
    found = {}
    for name in trees(common):
        try:
            stat = (common / name).stat()
        except OSError:  # not there, or no longer
            continue
        found[name] = stat.st_ino, stat.st_size
    return found


def news(common: Path, marks: dict[str, Mark], since: int, named: set[str]) -> list[News]:
    """What each log tells after its mark. One without a mark is read from the first entry after `since` (seconds), or
    of a commit that a hook `named`, on; in whole when others have marks: then its working tree is new.

    Raises OSError, ValueError for a log that is too large.
    """
    found = []
    for name, git in trees(common).items():
        log = common / name
        if not log.is_file():
            continue
        inode, data = log.stat().st_ino, _bytes(log)
        mark = marks.get(name)
        if mark is not None and mark.inode == inode and mark.end <= len(data):
            start = mark.end
        else:
            start = _start(reflogs.entries(data), mark, -1 if marks else since, named)
        unread = reflogs.entries(data, start)
        head = gitfiles.head(git, common)
        told = reflogs.told(unread, head[0] if head else None, _is_rebasing(git), start)
        read = [entry for entry in unread if entry.end <= told.end]
        last = read[-1] if read else None
        before = mark or Mark()
        after = Mark(inode, told.end, last.new, last.seconds) if last else Mark(
            inode, told.end, before.commit, before.seconds
        )  # fmt: skip
        found.append(News(name, told, after))
    return found


def mentions(common: Path, shas: set[str]) -> set[str]:
    """Those commits that some log has. Raises OSError, ValueError."""
    logs = [_bytes(common / name) for name in trees(common) if (common / name).is_file()]
    return {sha for sha in shas if any(f" {sha} ".encode() in log for log in logs)}


def _start(entries: list[Entry], mark: Mark | None, since: int, named: set[str]) -> int:
    """Where reading begins in a log that is new, or that git wrote anew to let go of old entries."""
    begins = [0, *(entry.end for entry in entries)]
    if mark is not None and mark.commit:
        for at in range(len(entries) - 1, -1, -1):
            if (entries[at].new, entries[at].seconds) == (mark.commit, mark.seconds):
                return entries[at].end
        since, named = mark.seconds - 1, set()
    for at, entry in enumerate(entries):
        if entry.seconds > since or entry.new in named:
            return begins[at]
    return begins[-1]


def _is_rebasing(git: Path) -> bool:
    """Whether a rebase, or `git am`, is under way in a working tree."""
    return (git / "rebase-merge").is_dir() or (git / "rebase-apply").is_dir()


def _bytes(log: Path) -> bytes:
    with log.open("rb") as opened:
        data = opened.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError(f"{log} is too large")
    return data
