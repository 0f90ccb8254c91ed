"""The audit log's entries, and the hash that chains each to the one before it.

Not the table (lmem.stores.sqlite.audit) and not when something is logged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lmem.domain.memories import to_json

GENESIS = bytes(32)
"""What the first entry of all is chained to."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what to which object. `details` hold ids, names of fields and counts, never text."""

    seq: int
    id: str
    user_id: str | None
    session_id: str | None
    action: str
    kind: str
    object_id: str
    details: Mapping[str, object]
    address: str | None
    agent: str | None
    at: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries `audit list` shows; None for any. Times are as stored, ids may be cut to a prefix."""

    user_id: str
    action: str | None = None
    kind: str | None = None
    object_id: str | None = None
    session_id: str | None = None
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """One stored entry as the chain sees it: its place, its fields in the order of the hash, and the hash.

    The first field is the id that an entry was given; newer ones have None there and an id made of the hash.
    """

    seq: int
    fields: tuple[str | None, ...]
    hash: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the chain and the hash there: its head, or an anchor that retention left."""

    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the chain holds; `problem` says where it does not, and `seq` is that place."""

    checked: int
    start: int
    head: int
    seq: int | None = None
    problem: str | None = None


START = Mark(0, GENESIS)


def chained(previous: bytes, fields: tuple[str | None, ...]) -> bytes:
    """The hash of an entry: SHA-256 over the previous one and the canonical JSON of its fields."""
    return hashlib.sha256(previous + to_json(list(fields)).encode()).digest()


def follow(at: Mark, links: Sequence[Link]) -> tuple[Mark, int, str | None]:
    """Walk `links` on from `at`: the last place that holds, how many held, and what is wrong after it, if anything."""
    for count, link in enumerate(links):
        wrong = _wrong(at, link)
        if wrong is not None:
            return at, count, wrong
        at = Mark(link.seq, link.hash)
    return at, len(links), None


def _wrong(at: Mark, link: Link) -> str | None:
    if link.seq != at.seq + 1:
        missing = f"{at.seq + 1}" if link.seq == at.seq + 2 else f"{at.seq + 1} to {link.seq - 1}"
        return f"Missing before entry {link.seq}: {missing}."
    if chained(at.hash, link.fields) != link.hash:
        return f"Entry {link.seq} was changed, or what it was written after is gone."
    return None


def before(link: Link, marks: Iterable[Mark]) -> Mark | None:
    """The place that an entry was written after, of those given: its fields are as they were then. None when it fits
    none of them."""
    return next((mark for mark in marks if chained(mark.hash, link.fields) == link.hash), None)
