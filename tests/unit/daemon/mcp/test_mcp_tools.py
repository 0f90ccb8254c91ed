"""The table of tools: what a model reads of it, and what that costs."""

from __future__ import annotations

import asyncio
import json

import pytest

from lmem.daemon.mcp.answers import Json, failed, sentence
from lmem.daemon.mcp.server import LISTED
from lmem.daemon.mcp.tools import INSTRUCTIONS, TOOLS, use
from lmem.errors import ERRORS, Conflict, Internal, NotFound

LISTING = json.dumps(LISTED.model_dump(by_alias=True, mode="json", exclude_none=True), separators=(",", ":"))


def test_the_four_tools_in_their_order() -> None:
    assert [tool.name for tool in LISTED.tools] == ["memory_search", "memory_get", "memory_add", "memory_context"]
    assert list(TOOLS) == [tool.name for tool in LISTED.tools]


def test_the_list_costs_at_most_2500_tokens() -> None:
    """Of JSON, no model's tokens hold less than two and a half characters on the average."""
    assert len(LISTING) / 2.5 <= 2500
    assert len(INSTRUCTIONS) <= 600


@pytest.mark.parametrize("name", TOOLS)
def test_a_tool_says_what_it_does_to_whom(name: str) -> None:
    tool = next(tool for tool in LISTED.tools if tool.name == name)
    notes = tool.annotations
    assert notes is not None
    assert notes.read_only_hint is notes.idempotent_hint is (name != "memory_add")
    assert notes.destructive_hint is notes.open_world_hint is False
    assert tool.description and tool.description.endswith(".") and len(tool.description) < 500
    assert tool.output_schema and tool.output_schema["type"] == "object"


@pytest.mark.parametrize("code", ERRORS)
def test_every_error_has_a_next_step_for_an_agent(code: str) -> None:
    said = failed(ERRORS[code]())
    assert said.is_error and said.structured is None
    assert said.text.count(". ") + said.text.count("; ") >= 1 and said.text.endswith(".")
    assert "lmem list" not in said.text and "lmem search" not in said.text and "--" not in said.text


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NotFound("There is no 'x'.", hint="Near: y."), "There is no 'x'. Near: y."),
        (NotFound("There is no 'x'.", hint="See 'lmem list'."), "There is no 'x'. Use memory_search to find it."),
        (Conflict("No.", hint="Give --force."), "No. Tell the user, whom 'lmem doctor' tells more."),
    ],
)
def test_a_step_for_a_terminal_is_replaced(error: NotFound, said: str) -> None:
    assert sentence(error) == said


def test_an_error_of_the_daemon_is_an_answer() -> None:
    async def ask(method: str, params: Json) -> Json:
        raise Internal(f"{method} failed.")

    answer = asyncio.run(use(TOOLS["memory_search"], ask, {"query": "x"}))
    assert answer.is_error and answer.text.startswith("memory/search failed. ")
