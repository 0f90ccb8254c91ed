"""Commits out of a repository's object database, by git's plumbing: nothing of its configuration is run.

Not the decision which commits are wanted (lmem.domain.reflogs), and no look at files of the working tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from lmem.daemon import git
from lmem.domain.commits import Commit, Touched, numstats, parse
from lmem.errors import InvalidInput, LmemError

CHUNK = 250
"""Commits that are read at once."""
PATIENCE_S = 10.0
"""For the files of a chunk. A commit whose files take longer by itself is remembered without them."""
MOST_RENAMES = 400

_LISTING = (
    "diff-tree", "--stdin", "--root", "-r", "-M", f"-l{MOST_RENAMES}", "--numstat", "-z", "--no-ext-diff",
    "--no-textconv", "--ignore-submodules=none",
)  # fmt: skip


async def read(repository: str, shas: Sequence[str], files: bool = True) -> list[Commit]:
    """These commits, those that are not there left out; of a merge the files against its first parent.

    Raises LmemError when git does not answer.
    """
    if not shas:
        return []
    said = await git.output(repository, "cat-file", "--batch", stdin=_lines(shas))
    if said is None:
        raise unreadable(repository)
    commits = _commits(said)
    if not files:
        return commits
    touched = await _files(repository, commits)
    return [replace(commit, files=touched.get(commit.sha)) for commit in commits]


async def history(repository: str, tip: str, since: datetime | None = None, but: str | None = None) -> list[str]:
    """The commits that `tip` comes from, the oldest first; from `since` on, without what `but` comes from.

    Raises LmemError when git does not answer, or knows none of them.
    """
    span = [] if since is None else [f"--since={max(int(since.timestamp()), 0)} +0000"]
    excluded = [] if but is None else [f"^{but}"]
    said = await git.output(repository, "rev-list", "--topo-order", "--reverse", *span, tip, *excluded, "--")
    if said is None:
        raise unreadable(repository)
    return said.decode("ascii", "replace").split()


async def committed(directory: str, revision: str) -> datetime | None:
    """When a commit was made, named as git names it (HEAD~3, a tag, a hash), in the repository around `directory`.

    None where git knows no such commit there, or is none.
    """
    sha = await git.answer(directory, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    found = await read(directory, [sha], files=False) if sha else []
    return found[0].committer.moment if found else None


async def is_reachable(repository: str, sha: str) -> bool:
    """Whether a branch or a tag comes from a commit."""
    said = await git.output(repository, "for-each-ref", "--count=1", f"--contains={sha}", "--format=%(objectname)")
    return bool(said)


def unreadable(repository: str) -> LmemError:
    """What git's silence means."""
    return LmemError(
        f"git did not read the commits of {repository}.",
        hint="Run 'git status' there to see what git says; lmem reads no repository of another user.",
    )


async def _files(repository: str, commits: Sequence[Commit]) -> dict[str, tuple[Touched, ...]]:
    """The files of each commit; halves what takes too long, until one commit is left, which goes without."""
    pairs = [" ".join([commit.sha, *commit.parents[:1]]) for commit in commits]
    said = await git.output(repository, *_LISTING, stdin=_lines(pairs), patience=PATIENCE_S) if pairs else b""
    if said is not None:
        return {**{commit.sha: () for commit in commits}, **numstats(said)}
    if len(commits) == 1:
        return {}
    half = len(commits) // 2
    return {**await _files(repository, commits[:half]), **await _files(repository, commits[half:])}


def _lines(words: Sequence[str]) -> bytes:
    return "".join(f"{word}\n" for word in words).encode()


def _commits(said: bytes) -> list[Commit]:
    """The commits in what `cat-file --batch` says; other objects, and what is missing, left out."""
    found, at = [], 0
    while at < len(said):
        end = said.index(b"\n", at)
        sha, kind, *size = said[at:end].decode("ascii", "replace").split(" ")
        at = end + 1
        if not size:  # 'SHA missing'
            continue
        raw = said[at : at + int(size[0])]
        at += int(size[0]) + 1
        if kind == "commit":
            try:
                found.append(parse(sha, raw))
            except InvalidInput:  # an object that no git made
                continue
    return found
