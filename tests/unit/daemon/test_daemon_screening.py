"""Screening in front of the handlers: every text of a call, whatever it is nested in."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.daemon.call import Call, Caller
from lmem.daemon.dispatch import HANDLERS
from lmem.daemon.params import Params
from lmem.daemon.screening import AS_GIVEN, DEEPEST, LONG, MAY_KEEP, screen_params, screened
from lmem.errors import InvalidInput
from tests.unit.properties import PROPERTY

TOKEN = "ghp_7hJ2kLm9QwErTy4UiOpAsDfGhJkZxCvB1nM3"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3),
    max_leaves=8,
)


def called(method: str, **params: object) -> Params:
    call = Call(method, params, Caller(1000, 1, "cli", "1", "/"), lambda progress: None)
    return asyncio.run(screened(call))


def test_every_text_is_screened_and_named() -> None:
    params = called(
        "memory/edit",
        id="c0ffee",
        reason=f"was {TOKEN}",
        changes={"content": f"a\nb {TOKEN}", "add_tags": ["x", TOKEN], "context": {"db": {"password": "hunter2-x9"}}},
    )
    assert params.reason() == "was [redacted:github-token]"
    assert params.mapping("changes") == {
        "content": "a\nb [redacted:github-token]",
        "add_tags": ["x", "redacted-github-token"],
        "context": {"db": {"password": "[redacted:password]"}},
    }
    assert params.redacted == [
        {"kind": "github-token", "field": "reason", "line": 1, "column": 5},
        {"kind": "github-token", "field": "content", "line": 2, "column": 3},
        {"kind": "github-token", "field": "add_tags[1]", "line": 1, "column": 1},
        {"kind": "password", "field": "context.db.password", "line": 1, "column": 1},
    ]


def test_a_secret_name_goes_too() -> None:
    params = screen_params({"context": {TOKEN: 1}})
    assert params.mapping("context") == {"[redacted:github-token]": 1}
    assert [item["field"] for item in params.redacted] == ["context (a name)"]


def test_what_is_allowed_stays_and_is_said() -> None:
    params = called("memory/add", content=f"x {TOKEN}", allow_secret=True)
    assert params.text("content") == f"x {TOKEN}"
    assert params.redacted == []
    assert [item["kind"] for item in params.kept] == ["github-token"]


@pytest.mark.parametrize("allowed", [False, None, 1, "true", [True]])
def test_only_a_plain_true_allows(allowed: object) -> None:
    assert TOKEN not in called("memory/add", content=TOKEN, allow_secret=allowed).text("content")


@pytest.mark.parametrize("method", sorted(HANDLERS.keys() - AS_GIVEN - MAY_KEEP))
def test_no_other_method_may_keep(method: str) -> None:
    assert called(method, words=TOKEN, allow_secret=True).raw("words") == "[redacted:github-token]"


def test_the_list_of_exceptions_names_methods() -> None:
    assert HANDLERS.keys() >= AS_GIVEN | MAY_KEEP


def test_a_long_text_is_screened_too() -> None:
    assert TOKEN not in called("memory/add", content=f"{'word ' * LONG}{TOKEN}").text("content")


def test_a_deep_nest_is_refused() -> None:
    deep: object = TOKEN
    for _ in range(DEEPEST + 5):
        deep = [deep]
    with pytest.raises(InvalidInput, match="nested too deeply"):
        called("memory/add", content="x", context={"deep": deep})


@PROPERTY
@given(st.dictionaries(st.text(st.characters()), JSON, max_size=4))
def test_any_json_keeps_its_form(values: dict[str, object]) -> None:
    params = screen_params(values)
    if not params.redacted:
        assert {name: params.raw(name) for name in params.names()} == values
