"""Arguments against a tool's schema: what passes, and what a model is told of the rest."""

from __future__ import annotations

import pytest

from lmem.daemon.mcp.arguments import KINDS, checked
from lmem.daemon.mcp.tools import TOOLS
from lmem.errors import InvalidInput

SEARCH = TOOLS["memory_search"].input_schema
GET = TOOLS["memory_get"].input_schema
ADD = TOOLS["memory_add"].input_schema
UNDERSTOOD = {
    "type", "description", "default", "enum", "minimum", "maximum", "minLength", "items", "minItems", "maxItems",
}  # fmt: skip


def test_what_fits_passes() -> None:
    given: dict[str, object] = {"query": "why", "limit": 50, "type": ["task"], "all_projects": True, "layer": "global"}
    assert checked("memory_search", SEARCH, given) == {**given, "detail": "concise"}
    assert checked("memory_add", ADD, {"content": "x", "importance": 1}) == {"content": "x", "importance": 1}


def test_an_absent_argument_is_its_default() -> None:
    assert checked("memory_get", GET, {"ids": ["a"]}) == {"ids": ["a"], "from_char": 0, "max_chars": 20_000}


def test_null_is_absent_one_text_is_a_list_and_a_whole_float_a_number() -> None:
    given = {"query": "why", "type": "task", "limit": 5.0, "since": None}
    assert checked("memory_search", SEARCH, given) == {
        "query": "why", "type": ["task"], "limit": 5, "detail": "concise",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "given", "said"),
    [
        (SEARCH, {}, "it needs the argument 'query'. Give a text."),
        (SEARCH, {"query": None}, "it needs the argument 'query'. Give a text."),
        (SEARCH, {"query": 5}, "'query' must be a text."),
        (SEARCH, {"query": " \n"}, "'query' is empty. Give a text."),
        (SEARCH, {"q": "x"}, "it has no argument 'q'. Arguments are: query, limit,"),
        (SEARCH, {"query": "x", "limit": 0}, "'limit' must be a whole number from 1 to 50."),
        (SEARCH, {"query": "x", "limit": 51}, "'limit' must be a whole number from 1 to 50."),
        (SEARCH, {"query": "x", "limit": 2.5}, "'limit' must be a whole number from 1 to 50."),
        (SEARCH, {"query": "x", "limit": True}, "'limit' must be a whole number from 1 to 50."),
        (SEARCH, {"query": "x", "limit": "5"}, "'limit' must be a whole number from 1 to 50."),
        (SEARCH, {"query": "x", "limit": float("nan")}, "'limit' must be a whole number from 1 to 50."),
        (SEARCH, {"query": "x", "all_projects": "yes"}, "'all_projects' must be true or false."),
        (SEARCH, {"query": "x", "type": [1]}, "'type' must be a list of texts."),
        (SEARCH, {"query": "x", "type": {"a": 1}}, "'type' must be a list of texts."),
        (SEARCH, {"query": "x", "layer": "attic"}, "'layer' must be one of session, project, global, temporal."),
        (GET, {"ids": []}, "'ids' must be a list of texts, 1 to 20 of them."),
        (GET, {"ids": ["a"] * 21}, "'ids' must be a list of texts, 1 to 20 of them."),
        (ADD, {"content": "x", "importance": 1.5}, "'importance' must be a number from 0 to 1."),
    ],
)
def test_what_does_not_fit_is_told(schema: dict[str, object], given: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        checked("it", schema, given)
    assert f"{caught.value.message} {caught.value.hint}".startswith(said)


@pytest.mark.parametrize("name", TOOLS)
def test_the_schemas_say_only_what_is_understood(name: str) -> None:
    schema = TOOLS[name].input_schema
    properties = schema["properties"]
    assert isinstance(properties, dict)
    for wanted in properties.values():
        assert set(wanted) <= UNDERSTOOD
        assert wanted["type"] in KINDS
        assert wanted.get("items", {"type": "string"}) == {"type": "string"}
