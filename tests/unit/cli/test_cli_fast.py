"""The fast reader and Typer read every command line alike, or the fast one leaves it alone."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from lmem.cli import app, fast, run
from lmem.cli._options import COMMANDS, DEFAULTS

ALIKE: tuple[tuple[str, ...], ...] = (
    (),
    ("--json",),
    ("add", "we", "chose", "WAL"),
    ("add", "-"),
    ("add", ""),
    ("add",),
    ("add", "x", "--title", "T", "--type", "decision", "--tag", "a", "--tag", "b", "--importance", "0.9", "--json"),
    ("add", "x", "-t", "task", "-i", ".5", "-l", "project", "-l", "global", "-p", "api"),
    ("add", "--title=", "x"),
    ("add", "--title=a=b", "x"),
    ("add", "--", "--title", "is", "text"),
    ("add", "x", "--private", "--at", "a.py:3", "--created-at", "2026-01-01", "--source-id", "7"),
    ("add", "--jsonl", "-", "--json"),
    ("add", "--file", "-"),
    ("add", "-e"),
    ("add", "x", "--decay-rate", "0", "--category", "c", "--summary", "s", "--session", "abcd"),
    ("add", "x", "--title", "one", "--title", "two"),
    ("search", "why", "WAL", "--limit", "5", "--explain"),
    ("search", "why", "--since", "last week", "--until=now", "--min-importance", "0.3", "-a", "--only", "fts"),
    ("search", '"a phrase"', "migr*", "NEAR(", "AND"),
    ("search",),
    ("search", "--history", "-n", "5"),
    ("search", "-"),
    ("search", "--", "-x"),
    ("search", "q", "-n", "007"),
    ("search", "q", "--archived", "--private", "--layer", "global", "--type", "task", "--type", "note"),
    ("show", "3f2a9c1d", "77b0", "--json"),
    ("list", "--newest", "--limit", "3", "--offset", "2"),
    ("edit", "3f2a", "--private"),
    ("edit", "3f2a", "--no-private", "--private"),
    ("edit", "3f2a", "--no-private", "--add-tag", "a", "--remove-tag", "b", "--reason", "r"),
    ("forget", "3f2a", "77b0", "--purge", "--yes", "-n"),
    ("undo",),
    ("undo", "42"),
    ("done", "3f2a", "--failed", "--by", "77b0"),
    ("status", "--wait", "--timeout", "2"),
    ("model", "use", "m", "--engine", "light"),
    ("model", "pull"),
    ("daemon", "logs", "-f", "-n", "20"),
    ("daemon", "logs"),
    ("daemon", "stop", "--force"),
    ("completions", "show", "fish"),
    ("export", "-o", "out.jsonl", "--type", "task"),
)

LEFT_ALONE: tuple[tuple[str, ...], ...] = (
    ("--help",),
    ("-V", "x"),
    ("ad",),
    ("daemon",),
    ("daemon logs",),
    ("model", "steal"),
    ("add", "--help"),
    ("add", "-h"),
    ("add", "x", "--titel", "y"),
    ("add", "x", "--title"),
    ("add", "x", "--importance", "much"),
    ("add", "x", "-ttask"),
    ("add", "x", "--private=yes"),
    ("add", "x", "--title", "--private"),
    ("add", "x", "--importance", "-1"),
    ("export", "--all-projects"),
    ("search", "q", "--limit", "many"),
    ("show",),
    ("status", "now"),
    ("edit",),
    ("edit", "a", "b"),
    ("project", "merge", "a", "b"),
    ("project", "merge"),
)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """Every command that is run, with its values, instead of running it."""
    found: list[tuple[str, dict[str, Any]]] = []

    def recorder(name: str) -> Callable[..., int]:
        def take(**params: Any) -> int:
            found.append((name, params))
            return 0

        return take

    monkeypatch.setattr(run, "function_of", recorder)
    return found


@pytest.mark.parametrize("argv", ALIKE, ids=" ".join)
def test_both_readers_hand_over_the_same(argv: tuple[str, ...], taken: list[tuple[str, dict[str, Any]]]) -> None:
    assert app.main(list(argv)) == 0
    parsed = fast.parse(list(argv))
    assert parsed is not None
    assert taken == [parsed]
    assert {name: type(value) for name, value in taken[0][1].items()} == {n: type(v) for n, v in parsed[1].items()}


@pytest.mark.parametrize("argv", LEFT_ALONE, ids=" ".join)
def test_what_is_not_certain_is_left_to_typer(argv: tuple[str, ...]) -> None:
    assert fast.parse(list(argv)) is None


def test_a_reading_leaves_the_table_as_it_was() -> None:
    before = {name: dict(values) for name, values in DEFAULTS.items()}
    fast.parse(["add", "x", "--tag", "a"])
    fast.parse(["add", "x", "--tag", "b"])
    assert before == DEFAULTS


@pytest.mark.parametrize("name", [*COMMANDS, ""])
def test_every_command_has_a_function_that_takes_its_values(name: str) -> None:
    values = DEFAULTS[name] if name else {"as_json": False}
    bound = inspect.signature(run.function_of(name)).bind(**values)
    assert len(bound.args) + len(bound.kwargs) == len(values)


def test_the_tables_of_commands_agree() -> None:
    assert set(COMMANDS) | {""} == set(run.COMMANDS)
