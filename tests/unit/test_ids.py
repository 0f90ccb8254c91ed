"""Ids: as many digits as the truth wants, no two alike, neighbours in time neighbours in an index."""

from __future__ import annotations

import re
import time

import pytest

from lmem.ids import new_id


def test_ids_of_one_moment_share_their_first_digits_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic_ns", lambda: 0x41 * 100_000_000)
    ids = [new_id() for _ in range(1000)]
    assert all(re.fullmatch("41[0-9a-f]{30}", made) for made in ids)
    assert len({made[:10] for made in ids}) == 1000  # a short prefix names one


def test_the_first_digits_go_round(monkeypatch: pytest.MonkeyPatch) -> None:
    slots = iter(range(600))
    monkeypatch.setattr(time, "monotonic_ns", lambda: next(slots) * 100_000_000)
    assert [new_id()[:2] for _ in range(600)] == [f"{number % 256:02x}" for number in range(600)]
