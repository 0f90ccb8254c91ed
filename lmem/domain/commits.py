"""Commits as git stores and lists them, and the memory that one becomes.

Not git: bytes in, records out. Texts of another encoding than UTF-8 are read by the one that the commit names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from lmem.domain import times
from lmem.errors import InvalidInput

SOURCE = "git.post-commit"
"""The `source_tool` of a commit's memory, whether a hook, the reflog or a backfill told of it."""
MOST_FILES = 200
"""Of one commit, that its memory names; the others are counted."""
MOST_TEXT = 64_000
"""Characters of a message."""

_PERSON = re.compile(rb"(.*?) ?<([^>]*)> (-?\d+) ([+-]\d{4})")
_SHA = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_COUNTS = re.compile(rb"(\d+|-)\t(\d+|-)\t(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Touched:
    """A file of a commit. `added` and `removed` are lines, None for what is no text; `before` its name if it moved."""

    path: str
    added: int | None
    removed: int | None
    before: str | None = None

    def __str__(self) -> str:
        name = f"{self.before} -> {self.path}" if self.before else self.path
        return f"{name} (binary)" if self.added is None else f"{name} +{self.added} -{self.removed}"


@dataclass(frozen=True, slots=True)
class Person:
    """Who wrote or stored a commit, and when; None for a date that no calendar has."""

    name: str
    email: str
    moment: datetime | None

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit. `files` against its first parent; None when they are not known."""

    sha: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str
    files: tuple[Touched, ...] | None = None

    @property
    def subject(self) -> str:
        return self.message.partition("\n")[0]

    @property
    def identity(self) -> tuple[str, datetime | None, str]:
        """What stays the same when it is copied onto other parents."""
        return str(self.author), self.author.moment, self.subject


def parse(sha: str, raw: bytes) -> Commit:
    """A commit as the object database has it. Raises InvalidInput for what is none."""
    head, _, message = raw.partition(b"\n\n")
    fields: dict[bytes, list[bytes]] = {}
    for line in head.split(b"\n"):
        name, _, value = line.partition(b" ")
        if name:  # else it goes on from the line before, as a signature does
            fields.setdefault(name, []).append(value)
    if b"author" not in fields or b"committer" not in fields:
        raise InvalidInput(f"{sha[:10]} is no commit.")
    encoding = fields.get(b"encoding", [b"utf-8"])[0].decode("ascii", "replace")
    return Commit(
        sha, tuple(parent.decode("ascii", "replace") for parent in fields.get(b"parent", [])),
        _person(fields[b"author"][0], encoding), _person(fields[b"committer"][0], encoding),
        _text(message, encoding).strip(),
    )  # fmt: skip


def numstats(listing: bytes) -> dict[str, tuple[Touched, ...]]:
    """What `git diff-tree --stdin --numstat -z` lists: commit -> files. A commit that changed none may be missing."""
    found: dict[str, list[Touched]] = {}
    files: list[Touched] = []
    fields = iter(listing.split(b"\0"))
    for field in fields:
        counts = _COUNTS.fullmatch(field)
        if counts is None:
            if _SHA.fullmatch(field):
                files = found.setdefault(field.decode(), [])
            continue
        before = None if counts[3] else _name(fields)
        path = counts[3].decode("utf-8", "replace") if before is None else _name(fields)
        added, removed = (None if count == b"-" else int(count) for count in (counts[1], counts[2]))
        files.append(Touched(path, added, removed, before))
    return {sha: tuple(files) for sha, files in found.items()}


def content(commit: Commit) -> str:
    """The text of a commit's memory: its message, then its files with the lines added and removed."""
    message = commit.message[:MOST_TEXT] or f"Commit {commit.sha[:10]}, without a message"
    if not commit.files:
        return message
    named = [str(file) for file in commit.files[:MOST_FILES]]
    more = len(commit.files) - len(named)
    return "\n".join([message, "", "Files:", *named, *([f"and {more} more"] if more else [])])


def git_context(commit: Commit, branch: str | None) -> dict[str, object]:
    """What a commit's memory knows of git."""
    known: dict[str, object] = {
        "commit": commit.sha,
        "parents": list(commit.parents),
        "branch": branch,
        "author": str(commit.author),
        "authored_at": times.to_text(commit.author.moment) if commit.author.moment else None,
        "committer": str(commit.committer),
        "committed_at": times.to_text(commit.committer.moment) if commit.committer.moment else None,
    }
    if commit.files is not None:
        known |= {
            "files": [_file(file) for file in commit.files[:MOST_FILES]],
            "file_count": len(commit.files),
            "added": sum(file.added or 0 for file in commit.files),
            "removed": sum(file.removed or 0 for file in commit.files),
        }
    return {name: value for name, value in known.items() if value is not None}


def rewritten(before: Sequence[Commit], after: Sequence[Commit]) -> dict[str, str]:
    """Old commit -> the new one that it became, by author, date and subject, for those that became one."""
    left: dict[tuple[str, datetime | None, str], list[str]] = {}
    kept = {commit.sha for commit in before} & {commit.sha for commit in after}
    for commit in after:
        if commit.sha not in kept:
            left.setdefault(commit.identity, []).append(commit.sha)
    pairs = ((commit.sha, left.get(commit.identity)) for commit in before if commit.sha not in kept)
    return {sha: same.pop(0) for sha, same in pairs if same}


def _file(file: Touched) -> Mapping[str, object]:
    moved = {"before": file.before} if file.before else {}
    return {"path": file.path, "added": file.added, "removed": file.removed, **moved}


def _person(value: bytes, encoding: str) -> Person:
    found = _PERSON.fullmatch(value)
    if found is None:
        return Person(_text(value, encoding), "", None)
    return Person(_text(found[1], encoding), _text(found[2], encoding), _moment(int(found[3]), found[4].decode()))


def _moment(seconds: int, zone: str) -> datetime | None:
    sign = -1 if zone.startswith("-") else 1
    minutes = sign * (int(zone[1:3]) * 60 + int(zone[3:]))
    try:
        moment = datetime.fromtimestamp(seconds, timezone(timedelta(minutes=minutes))).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if 1 < moment.year < 9999 else None


def _text(value: bytes, encoding: str) -> str:
    for name in (encoding, "utf-8"):
        try:
            return value.decode(name).replace("\0", "")
        except (LookupError, UnicodeError):
            continue
    return value.decode("latin-1").replace("\0", "")


def _name(fields: Iterator[bytes]) -> str:
    return next(fields, b"").decode("utf-8", "replace")
