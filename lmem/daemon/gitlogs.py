"""The reflogs of a repository's working trees: how far each was read, and what has come since.

Not their meaning (lmem.domain.reflogs). No process is started and nothing is written; it blocks on the disk.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from lmem.daemon import gitfiles, plainfiles
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
        if mark is not None and mark.inode == inode and _is_where(mark, data):
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


def passed(common: Path, found: list[News], late: set[str]) -> list[News]:
    """What logs tell of commits that a hook named after the log's mark had gone by: `found` is what was read now.

    A log has a commit before its hook names it. One that is read between the two, and for the first time, may not know
    yet that it is wanted. Raises OSError, ValueError.
    """
    again = []
    for item in found:
        git, data = trees(common).get(item.name), _bytes(common / item.name)[: item.mark.end] if late else b""
        if git is None or not _of(late, data):
            continue
        head = None if item.told.open else gitfiles.head(git, common)
        whole = reflogs.told(reflogs.entries(data), head[0] if head else None, False, 0)
        made = tuple((sha, branch) for sha, branch in whole.made if sha in late)
        amended = tuple(pair for pair in whole.amended if not late.isdisjoint(pair))
        again.append(replace(item, told=Told(made, amended, (), item.told.end, item.told.open)))
    return again


def mentions(common: Path, shas: set[str]) -> set[str]:
    """Those commits that some log has. Raises OSError, ValueError."""
    logs = [_bytes(common / name) for name in trees(common) if (common / name).is_file()]
    return {sha for log in logs for sha in _of(shas, log)}


def by(common: Path, shas: set[str], seconds: int) -> set[str]:
    """Those commits that some log has by a second. Raises OSError, ValueError."""
    logs = [reflogs.entries(_bytes(common / name)) for name in trees(common) if (common / name).is_file()]
    return {entry.new for log in logs for entry in log if entry.seconds <= seconds} & shas


def _of(shas: set[str], log: bytes) -> set[str]:
    """Those commits that a log has."""
    return {sha for sha in shas if f" {sha} ".encode() in log}


def _is_where(mark: Mark, data: bytes) -> bool:
    """Whether a log is still as it was up to a mark; an inode alone may be that of a new file by now."""
    before = data[: mark.end]
    if len(before) < mark.end or not (before or b"\n").endswith(b"\n"):
        return False
    return not mark.commit or mark.commit.encode() in before[before.rfind(b"\n", 0, -1) + 1 :]


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
    data = plainfiles.begin(log, MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError(f"{log} is too large")
    return data
