"""Parameters of a call: JSON to typed values, and an error that names the field."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from lmem.daemon.params import Params
from lmem.domain.filters import Filter
from lmem.errors import InvalidInput

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
Reader = Callable[[Params], object]


@pytest.mark.parametrize(
    ("value", "read", "expected"),
    [
        ("a", lambda p: p.text("x"), "a"),
        ("", lambda p: p.text("x"), ""),
        (None, lambda p: p.maybe_text("x"), None),
        ("a", lambda p: p.texts("x"), ("a",)),
        (["a", "b"], lambda p: p.texts("x"), ("a", "b")),
        ([], lambda p: p.texts("x"), ()),
        (None, lambda p: p.texts("x"), ()),
        (True, lambda p: p.flag("x"), True),
        (None, lambda p: p.flag("x"), False),
        (5, lambda p: p.number("x", 1, 0, 5), 5),
        (None, lambda p: p.number("x", 1, 0, 5), 1),
        (5.0, lambda p: p.number("x", 1, 0, 5), 5),
        (0.25, lambda p: p.share("x", "importance"), 0.25),
        (None, lambda p: p.share("x", "importance"), None),
        ("2026-11-22T09:00Z", lambda p: p.moment("x", NOW), datetime(2026, 11, 22, 9, tzinfo=UTC)),
        (None, lambda p: p.moment("x", NOW), None),
        ({"a": 1}, lambda p: p.mapping("x"), {"a": 1}),
        (None, lambda p: p.mapping("x"), {}),
        ([1], lambda p: p.raw("x"), [1]),
        (None, lambda p: "x" in p, False),
        (0, lambda p: "x" in p, True),
        (None, lambda p: p.names(), ["x"]),
    ],
)
def test_a_value_of_the_right_kind(value: object, read: Reader, expected: object) -> None:
    assert read(Params({"x": value})) == expected


@pytest.mark.parametrize(
    ("value", "read", "says"),
    [
        (None, lambda p: p.text("x"), "The parameter 'x' is missing"),
        (5, lambda p: p.text("x"), "'x' must be a text, not int"),
        ("\ud800", lambda p: p.text("x"), "'x' is not valid UTF-8"),
        (["a", 1], lambda p: p.texts("x"), "'x' must be a list of texts"),
        ({"a": 1}, lambda p: p.texts("x"), "'x' must be a list of texts"),
        (["a", "\udcff"], lambda p: p.texts("x"), "'x' is not valid UTF-8"),
        ("yes", lambda p: p.flag("x"), "'x' must be true or false"),
        (1, lambda p: p.flag("x"), "'x' must be true or false"),
        (6, lambda p: p.number("x", 1, 0, 5), "'x' must be a whole number from 0 to 5"),
        (-1, lambda p: p.number("x", 1, 0, 5), "from 0 to 5"),
        (True, lambda p: p.number("x", 1, 0, 5), "from 0 to 5"),
        (1.5, lambda p: p.number("x", 1, 0, 5), "from 0 to 5"),
        (float("inf"), lambda p: p.number("x", 1, 0, 5), "from 0 to 5"),
        ("1", lambda p: p.number("x", 1, 0, 5), "from 0 to 5"),
        (1.5, lambda p: p.share("x", "importance"), "The importance must lie between 0 and 1"),
        ("someday", lambda p: p.moment("x", NOW), "'someday' is not a date"),
        (5, lambda p: p.moment("x", NOW), "'x' must be a text"),
        ("a", lambda p: p.mapping("x"), "'x' must be an object"),
        ([], lambda p: p.mapping("x"), "'x' must be an object"),
    ],
)
def test_a_value_of_the_wrong_kind(value: object, read: Reader, says: str) -> None:
    with pytest.raises(InvalidInput, match=says) as caught:
        read(Params({"x": value}))
    assert caught.value.hint


def test_an_empty_filter_has_its_user_only() -> None:
    assert Params({}).filter("u", None, False, NOW) == Filter("u")


def test_a_filter_of_everything() -> None:
    given = {
        "type": "Decision", "tag": ["API", "api"], "category": ["Storage"], "layer": ["global", "project"],
        "session": "s", "since": "2026-01-01T00:00Z", "until": "2026-02-01T00:00Z", "min_importance": 0.4,
        "archived": True, "private": True,
    }  # fmt: skip
    assert Params(given).filter("u", "p", True, NOW) == Filter(
        "u", types=("decision",), tags=("api",), categories=("storage",), layers=("project", "global"), project_id="p",
        session_id="s", since="2026-01-01T00:00:00.000Z", until="2026-02-01T00:00:00.000Z", min_importance=0.4,
        archived=True, private_only=True, shared=True,
    )  # fmt: skip


def test_a_range_of_days_holds_its_last_day() -> None:
    found = Params({"since": "2026-11-01", "until": "2026-11-01"}).filter("u", None, False, NOW)
    assert found.since is not None and found.until is not None
    length = datetime.fromisoformat(found.until) - datetime.fromisoformat(found.since)
    assert 23 * 3600 - 1 < length.total_seconds() < 25 * 3600


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"type": "a,b"}, "'a,b' cannot be a type"),
        ({"tag": ["", "a"]}, "'' cannot be a tag"),
        ({"category": "(x)"}, "cannot be a category"),
        ({"layer": "team"}, "no layer 'team'"),
        ({"since": "someday"}, "'someday' is not a date"),
        ({"min_importance": "much"}, "minimal importance must lie between"),
    ],
)
def test_a_filter_that_makes_no_sense(given: dict[str, object], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        Params(given).filter("u", None, False, NOW)
