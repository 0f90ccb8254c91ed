"""Frames of the worker's pipe: what goes in comes out, answers of a search included."""

from __future__ import annotations

import pytest

from lmem.errors import ERRORS, LmemError
from lmem.ports.vectors import Candidate, Candidates
from lmem.stores.pipe import LENGTH, Reply, Request, describe, pack, revive, unpack


@pytest.mark.parametrize(
    "found", [(), (Candidate("a" * 32, 0.25, 1.5),), tuple(Candidate(f"{n:032x}", -n / 7, n / 3) for n in range(200))]
)
def test_a_search_answer_crosses_unchanged(found: tuple[Candidate, ...]) -> None:
    sent = Reply(7, Candidates(found, 1.25, 0.5, 3.5), None)
    frame = pack(sent)
    (length,) = LENGTH.unpack(frame[: LENGTH.size])
    assert length == len(frame) - LENGTH.size
    assert unpack(frame[LENGTH.size :]) == sent


def test_a_call_crosses_unchanged() -> None:
    sent = Request(1, "query", "vectors", "search", (b"\0\xff", ("a", None)), {"only": "dense"})
    assert unpack(pack(sent)[LENGTH.size :]) == sent


@pytest.mark.parametrize("error", ERRORS.values())
def test_every_error_crosses_as_itself(error: type[LmemError]) -> None:
    back = revive(describe(error("A sentence.", hint="A step.")))
    assert (type(back), back.message, back.hint) == (error, "A sentence.", "A step.")
