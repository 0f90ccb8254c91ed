"""Roff, the option table and the tree they are made from."""

from __future__ import annotations

import ast

import pytest

from lmem.cli.reference import roff, table
from lmem.cli.reference.tree import Argument, Command, Option, read_tree


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("--json", "\\-\\-json"),
        (".hidden", "\\&.hidden"),
        ("'quoted'", "\\&'quoted'"),
        ("C:\\dir", "C:\\edir"),
        ("one\n.two", "one\n\\&.two"),
        ("plain", "plain"),
    ],
)
def test_text_means_itself_in_roff(text: str, escaped: str) -> None:
    assert roff.escape(text) == escaped


def test_an_empty_section_is_left_out() -> None:
    assert roff.section("OPTIONS", "") == ""
    assert roff.section("NAME", "x\n") == ".SH NAME\nx\n"


def test_the_table_is_python_that_says_what_the_tree_says() -> None:
    options = (
        Option("title", ("--title",), (), "text", "TEXT", "", None),
        Option("private", ("--private",), ("--no-private",), "flag", "", "", None),
        Option("lines", ("--lines", "-n"), (), "int", "COUNT", "", 50),
    )
    leaf = Command("add", ("Add.",), (Argument("words", "any", "[TEXT]...", ""),), options)
    two = (Argument("source", "one", "SOURCE", ""), Argument("into", "one", "TARGET", ""))
    leaves = (leaf, Command("merge", ("Merge.",), two, ()))
    space: dict[str, object] = {}
    exec(compile(ast.parse(table.source(Command("", ("lmem.",), (), (), leaves))), "table", "exec"), space)
    flags = {
        "--title": ("title", "text"),
        "--private": ("private", "on"),
        "--no-private": ("private", "off"),
        "--lines": ("lines", "int"),
        "-n": ("lines", "int"),
    }
    assert space["COMMANDS"] == {"add": (("words", "any"), flags), "merge": (("source", "several"), {})}
    assert space["DEFAULTS"] == {
        "add": {"title": None, "private": None, "lines": 50, "words": None},
        "merge": {"source": None, "into": None},
    }


def test_the_tree_knows_groups_kinds_and_summaries() -> None:
    root = read_tree()
    leaves = {leaf.name: leaf for leaf in root.leaves()}
    assert leaves["daemon logs"].summary == "Print the daemon's log; with --json its lines as they are"
    assert leaves["search"].arguments[0] == Argument(
        "words", "any", "[QUERY...]", "A question or words; several are joined."
    )
    assert {option.kind for leaf in leaves.values() for option in leaf.options} == {
        "text",
        "many",
        "int",
        "float",
        "flag",
    }
    assert "daemon" not in leaves
