"""Whether a projection agrees with the truth: what is compared, and what a difference is called.

Not a store; lmem.service.consistency asks both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal, NamedTuple

State = Literal["missing", "stale", "orphaned"]
"""The truth has it and the store does not; both have it and differ; the store has it and the truth does not."""

STATES: tuple[State, ...] = ("missing", "stale", "orphaned")


class Object(NamedTuple):
    """What is compared: an object of an outbox kind ('memory', 'pattern', ...), or an 'edge'."""

    kind: str
    id: str


class Issue(NamedTuple):
    """One object about which a store and the truth disagree."""

    kind: str
    id: str
    state: State


@dataclass(frozen=True, slots=True)
class Report:
    """What was found of one store.

    `waiting` objects are on their way through the outbox and were left out; `buckets` is how many groups of objects
    were compared by one hash, `differing` how many of these had to be looked through. `unavailable` says why a store
    could not be asked, `hint` what to do then; `problems` are sentences about damage that is not of one object.
    """

    store: str
    checked: int = 0
    issues: tuple[Issue, ...] = ()
    waiting: int = 0
    parked: int = 0
    buckets: int = 0
    differing: int = 0
    problems: tuple[str, ...] = ()
    unavailable: str | None = None
    hint: str | None = None

    @property
    def clean(self) -> bool:
        return not (self.issues or self.problems or self.parked or self.unavailable)

    def count(self, state: State) -> int:
        return sum(issue.state == state for issue in self.issues)


class Compared(NamedTuple):
    """Differences of two sides, and how many buckets there were and differed."""

    issues: list[Issue]
    buckets: int
    differing: int


def compare(
    truth: Mapping[Object, str], held: Mapping[Object, str], late: Callable[[Object], bool] = lambda item: False
) -> Compared:
    """The differences of two sides by the digests of their objects, bucket by bucket; what is `late` is none.

    A bucket's hash does not depend on an order, so that neither side has to sort.
    """
    here, there = _buckets(truth), _buckets(held)
    differing = {bucket for bucket in here.keys() | there.keys() if here.get(bucket) != there.get(bucket)}
    issues = []
    if differing:
        for item in sorted(truth.keys() | held.keys()):
            if _bucket(item) in differing and truth.get(item) != held.get(item) and not late(item):
                state: State = "missing" if item not in held else "orphaned" if item not in truth else "stale"
                issues.append(Issue(item.kind, item.id, state))
    return Compared(issues, len(here.keys() | there.keys()), len(differing))


def _bucket(item: Object) -> str:
    return f"{item.kind} {item.id[:2]}"


def _buckets(digests: Mapping[Object, str]) -> dict[str, int]:
    """Bucket -> the sum of the hashes of what is in it."""
    found: dict[str, int] = {}
    for item, digest in digests.items():
        mark = blake2b(f"{item.kind} {item.id} {digest}".encode(), digest_size=8).digest()
        bucket = _bucket(item)
        found[bucket] = (found.get(bucket, 0) + int.from_bytes(mark, "big")) & 0xFFFFFFFFFFFFFFFF
    return found
