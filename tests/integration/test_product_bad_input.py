"""Bad input from a terminal: a sentence, a next step and the documented exit status; nothing lost, the daemon alive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.product import Json, Product, helpful, running

A, B = "feed" + "0" * 27 + "1", "feed" + "0" * 27 + "2"
UNKNOWN = "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[Product]:
    with running(tmp_path_factory.mktemp("bad"), model_dir) as product:
        product.call("config/set", key="auto_categorization_enabled", value=False)  # nobody but a test changes them
        for made in (A, B):
            product.call("memory/add", content=f"The queue is called {made[-1]}", id=made)
        yield product
        kept = product.call("memory/get", id=A)
        assert (kept["content"], kept["rev"]) == ("The queue is called 1", 1)


def assert_refused(product: Product, status: int, code: str, *arguments: str | bytes, stdin: bytes = b"") -> None:
    """The command fails as documented and stores nothing."""
    before = product.memories()
    said = product.run(*arguments, "--json", stdin=stdin)
    assert (said.status, said.out) == (status, ""), said
    assert helpful(said.error, [code]), said.err
    assert product.memories() == before


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        (["add", ""], b""),
        (["add", " \n\t "], b""),
        (["add", "-"], b""),
        (["add", "-"], b" \n \r\n"),
        (["add", "-"], b"a\0b"),
        (["add", "-"], b"caf\xe9 au lait"),
        (["add", "-"], b"\xed\xa0\x80"),
        (["add", "-"], b"x" * 5_000_000),
        (["add", "-"], "é".encode() * 2_500_000),
        (["add", b"caf\xe9"], b""),
        (["add", "fine", "--tag", b"caf\xe9"], b""),
        (["add", "fine", "--title", b"\xff\xfe"], b""),
        (["add", "fine", "--layer", "basement"], b""),
        (["add", "fine", "--importance", "1.5"], b""),
        (["add", "fine", "--importance", "nan"], b""),
        (["add", "fine", "--importance=-1"], b""),
        (["add", "fine", "--importance", "-inf"], b""),
        (["add", "fine", "--importance", "1e999"], b""),
        (["add", "fine", "--decay-rate", "2"], b""),
        (["add", "fine", "--type", "two words; DROP TABLE"], b""),
        (["add", "fine", "--tag", "t" * 100_000], b""),
        (["add", "fine", *[word for number in range(60) for word in ("--tag", f"t{number}")]], b""),
        (["add", "fine", "--title", "t" * 100_000], b""),
        (["search", ""], b""),
        (["search", " "], b""),
        (["search", "q", "--since", "the day after never"], b""),
        (["search", "q", "--until", "2026-13-45"], b""),
        (["search", "q", "--since", "9" * 5000], b""),
        (["search", "q", "--only", "grep"], b""),
        (["search", "q", "--limit", "0"], b""),
        (["search", "q", "--limit", "1000000"], b""),
        (["search", "q", "--min-importance", "nan"], b""),
        (["search", "q", "--layer", "basement"], b""),
        (["search", b"caf\xe9"], b""),
        (["list", "--type", "no;way"], b""),
        (["list", "--since", "0000-00-00"], b""),
        (["show", "xyz"], b""),
        (["show", "fee"], b""),
        (["show", ""], b""),
        (["show", "f" * 33], b""),
        (["show", b"\xff\xff\xff\xff"], b""),
        (["edit", A, "--importance", "1.5"], b""),
        (["edit", A, "--content", " "], b""),
        (["edit", A, "--layer", "basement"], b""),
        (["edit", A], b""),
        (["undo", "latest"], b""),
        (["done", A], b""),
        (["forget", A, "--purge"], b""),
    ],
)  # fmt: skip
def test_what_cannot_be_used_exits_2(product: Product, arguments: list[str | bytes], stdin: bytes) -> None:
    assert_refused(product, 2, "invalid_input", *arguments, stdin=stdin)


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", UNKNOWN],
        ["show", "0123"],
        ["edit", UNKNOWN, "--title", "x"],
        ["forget", UNKNOWN],
        ["forget", A, UNKNOWN],
        ["forget", UNKNOWN, "--purge", "--yes"],
        ["restore", UNKNOWN],
        ["history", UNKNOWN],
        ["done", UNKNOWN],
        ["undo", "99999999"],
        ["add", "fine", "--project", "nobody-made-it"],
        ["search", "q", "--project", "nobody-made-it"],
        ["list", "--session", "nobody-made-it"],
    ],
)
def test_what_is_not_there_exits_4(product: Product, arguments: list[str]) -> None:
    assert_refused(product, 4, "not_found", *arguments)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["add", ""], 2), (["add", b"caf\xe9"], 2), (["search", "q", "--since", "9" * 5000], 2), (["show", UNKNOWN], 4)],
)
def test_a_person_reads_a_sentence_and_a_next_step(
    product: Product, arguments: list[str | bytes], status: int
) -> None:
    said = product.run(*arguments)
    lines = said.err.splitlines()
    assert (said.status, said.out) == (status, "") and len(lines) == 2
    assert lines[0].startswith("lmem: ") and all(10 < len(line) < 200 for line in lines)


@pytest.mark.parametrize("verb", [["show"], ["history"], ["forget"], ["edit", "--title", "x"], ["restore"], ["done"]])
def test_an_ambiguous_prefix_exits_4_and_names_the_candidates(product: Product, verb: list[str]) -> None:
    assert_refused(product, 4, "ambiguous_id", verb[0], "feed", *verb[1:])
    assert "The queue is called 2" in product.run("show", "feed").err


QUERIES = [
    '"', '""', "*", "-", "--", ":", "(", ")", "()", "NEAR", "AND", "OR", "NOT", "NEAR(a b)", "a AND", "AND queue",
    '"queue', 'queue"', "queue*", "*queue", "title:queue", "-queue", "^queue", "{a b}: c", "queue + called",
    "a\\b", "'; DROP TABLE memories;--", "%s %d {}", "\x01\x02\x1b[31m", "🦆", "\u200b", "日本", "queue\nwas\tcalled",
    "rowid MATCH 'x'", "[" * 3000, '"' * 3001, "a:" * 2000, "* " * 2000, "queue " * 15_000, "q" * 100_000,
]  # fmt: skip


def answered(found: Json) -> bool:
    return not found["degraded"] and bool(found["results"] or found["empty"]["reason"])


def test_no_question_is_syntax(product: Product) -> None:
    with product.client() as client:
        for query in [*QUERIES, "queue " * 1_000_000]:
            for only in (None, "fts", "sparse", "dense"):
                found = client.result("memory/search", query=query, only=only, explain=True)
                assert answered(found), (query[:80], only)


@pytest.mark.parametrize("query", ['"', "*", "--", "NEAR(a", "a AND", "title:queue", "🦆", "q" * 100_000])
def test_a_terminal_may_ask_anything(product: Product, query: str) -> None:
    assert answered(product.good("search", "--json", "--", query).json)


def test_a_question_of_syntax_still_finds_its_words(product: Product) -> None:
    for query in ('"queue', "title:queue", "queue*", "NEAR(queue called)", "queue " * 15_000):
        ids = [result["id"] for result in product.good("search", "--json", "--", query).json["results"]]
        assert {A, B} <= set(ids), query


def test_a_refused_line_of_five_megabytes_leaves_the_others(product: Product) -> None:
    before = product.memories()
    lines = [b'{"content": "before the monster"}', b'{"content": "' + b"x" * 5_000_000 + b'"}',
             b'{"content": "after the monster"}']  # fmt: skip
    said = product.run("add", "--jsonl", "-", "--json", stdin=b"\n".join(lines))
    assert said.status == 1 and ["id" in row for row in said.rows] == [True, False, True]
    assert helpful(said.rows[1]["error"], ["invalid_input"])
    assert product.memories() == before + 2


def test_a_file_that_cannot_be_read_is_named(product: Product, tmp_path: Path) -> None:
    for arguments in (["add", "--file", "no/such/file"], ["add", "--jsonl", "no/such/file"],
                      ["add", "--file", str(tmp_path)]):  # fmt: skip
        said = product.run(*arguments, "--json")
        assert said.status == 1 and helpful(said.error, ["error"]) and arguments[2] in said.error["message"]


def test_a_huge_but_allowed_text_goes_in_and_comes_out(product: Product) -> None:
    text = "A line of a long log, with quotes \" and tabs \t and 日本語.\n" * 8000
    made = product.good("add", "-", "--json", stdin=text.encode()).json["id"]
    assert product.good("show", made, "--json").json["content"] == text.strip()
    product.good("forget", made, "--purge", "--yes")
