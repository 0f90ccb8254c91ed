"""Digests of what a graph holds: the same however a side spells it, another for every difference."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from lmem.domain.graph import Value
from lmem.domain.graphdigest import DAYS, MOMENTS, digest, moment, plain

NODE: dict[str, Value] = {
    "id": "3f2a", "title": "ünïcode", "importance_score": 0.85, "layer_assignments": ["project", "global"],
    "created_at": "2026-01-01T10:00:00.000Z", "usage_count": 1, "success": True,
}  # fmt: skip


@pytest.mark.parametrize(
    "same",
    [
        {"category": None}, {"created_at": "2026-01-01T10:00:00Z"}, {"created_at": "2026-01-01T11:00:00+01:00"},
        {"layer_assignments": ("project", "global")},
    ],
)  # fmt: skip
def test_the_same_has_the_same_digest(same: dict[str, Value]) -> None:
    assert digest({**NODE, **same}) == digest(dict(reversed(NODE.items())))
    assert len(digest(NODE)) == 16


@pytest.mark.parametrize(
    "other",
    [
        {"title": "unicode"}, {"importance_score": 0.8500001}, {"layer_assignments": ["global", "project"]},
        {"created_at": "2026-01-01T10:00:00.001Z"}, {"usage_count": 1.0}, {"success": 1}, {"title": None}, {"more": ""},
    ],
)  # fmt: skip
def test_every_difference_shows(other: dict[str, Value]) -> None:
    assert digest({**NODE, **other}) != digest(NODE)


def test_moments_and_days_are_told_by_their_names() -> None:
    assert {"created_at", "updated_at", "discovered_at"} == MOMENTS and {"date", "resolution_date"} == DAYS
    assert moment("created_at", "2026-01-01T10:00:00.000Z") == datetime(2026, 1, 1, 10, tzinfo=UTC)
    assert moment("date", "2026-01-01") == moment("date", "2026-01-01T10:00:00.000Z") == date(2026, 1, 1)
    assert moment("title", "2026-01-01") is None and moment("created_at", None) is None
    assert plain("resolution_date", "2026-01-01T10:00:00.000Z") == "2026-01-01"
    with pytest.raises(ValueError):
        moment("created_at", "yesterday")
