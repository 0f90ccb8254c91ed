"""Questions taken apart, and the promise that nothing a person types becomes FTS5 syntax or makes it fail."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.domain.query import (
    MAX_PARTS,
    MAX_QUERY,
    MAX_WORDS,
    UNSPACED,
    all_of,
    any_of,
    matching_line,
    parse_question,
    words_of,
)
from tests.unit.properties import PROPERTY

_SYMBOLS = ['"', '""', "*", "-", "--", ":", "(", ")", "^", "{", "}", "[", "+", ",", "'", ";", "\\", "%", "\0", "\ud800"]
_WORDS = ["NEAR", "NEAR(", "AND", "OR", "NOT", "title:", "rowid", "memories_fts", "apple", "ap*", "foo_bar", "日本"]
_OTHERS = [" ", " ", " ", "\n", "-x", "--force", "src/a.py", "E404", "ทดสอบ", "©", "🎉", "٣", "é", "re\u0301sume\u0301"]
SYNTAX = st.lists(st.sampled_from([*_SYMBOLS, *_WORDS, *_OTHERS]), max_size=30).map("".join)
TYPED = st.one_of(st.text(), SYNTAX)


class Table:
    """The full-text table of migration 001, in memory."""

    def __init__(self) -> None:
        self.db = sqlite3.connect(":memory:")
        self.db.execute(
            "CREATE VIRTUAL TABLE f USING fts5(title, content, summary, "
            "tokenize='porter unicode61 remove_diacritics 2')"
        )

    def holds(self, text: str, expression: str) -> bool:
        """Whether a table with this one text matches; an expression that FTS5 refuses raises."""
        self.db.execute("DELETE FROM f")
        self.db.execute("INSERT INTO f VALUES ('', ?, '')", (text,))
        found: list[tuple[int]] = self.db.execute("SELECT 1 FROM f WHERE f MATCH ?", (expression,)).fetchall()
        return found == [(1,)]


    def accepts(self, expression: str) -> bool:
        """Whether FTS5 takes an expression for sound."""
        try:
            self.holds("any text", expression)
        except sqlite3.OperationalError:
            return False
        return True


@pytest.fixture
def table() -> Iterator[Table]:
    made = Table()
    yield made
    made.db.close()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("why did we choose Postgres?", {"words": ("choose", "postgres")}),
        ("what is it", {"words": ("what", "is", "it")}),
        ("don't", {"words": ("don",)}),
        ('the "connection pool" leaks', {"phrases": ("connection pool",), "words": ("connection", "pool", "leaks")}),
        ('an "open phrase', {"phrases": (), "words": ("open", "phrase")}),
        ('"->"', {"phrases": (), "words": (), "text": "->"}),
        ("Conf* of nginx", {"prefixes": ("conf",), "words": ("nginx",)}),
        ("foo_ba*", {"prefixes": ("foo_ba",), "identifiers": (), "words": ()}),
        ("a* *", {"prefixes": (), "words": ("a",)}),
        ("run --no-verify -x", {"identifiers": ("--no-verify", "-x")}),
        ("in src/lib/a.py, fails", {"identifiers": ("src/lib/a.py",)}),
        ("parseQuestion and max_len (E404).", {"identifiers": ("parseQuestion", "max_len", "E404")}),
        ("#12 @ann v1.2", {"identifiers": ("#12", "@ann", "v1.2")}),
        ("plain well-known words.", {"identifiers": ()}),
        ("日本語 の text", {"unspaced": ("日本語", "の"), "words": ("text",)}),
        ('"日本語"', {"unspaced": ("日本語",), "phrases": (), "words": ()}),
        ("日本*", {"unspaced": ("日本",), "prefixes": (), "words": ()}),
        ("re\u0301sume\u0301", {"words": ("r\u00e9sum\u00e9",)}),
        ("a\0b \ud800", {"text": "a b"}),
        ("", {"text": "", "words": ()}),
    ],
)
def test_a_question_is_taken_apart(query: str, expected: dict[str, object]) -> None:
    question = parse_question(query)
    assert {name: getattr(question, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("query", "symbols"), [("->", True), ("🎉", True), ("a", False), ("日", False), ('"a b"', False), ("ab*", False)]
)
def test_symbols_can_only_be_found_as_written(query: str, symbols: bool) -> None:
    assert parse_question(query).is_symbols is symbols


def test_the_literal_parts_are_phrases_and_identifiers() -> None:
    assert parse_question('"as written" in a/b.py').literal == ("as written", "a/b.py")


def test_a_long_question_is_bounded() -> None:
    question = parse_question(" ".join(f'w{n} "p {n}" pre{n}*' for n in range(2000)))
    assert len(question.words) == MAX_WORDS
    assert len(question.phrases) == len(question.prefixes) == len(question.identifiers) == MAX_PARTS
    assert len(parse_question("x" * 10_000).text) == MAX_QUERY


def test_no_terms_make_no_expression() -> None:
    assert any_of([]) == all_of([], []) == ""


def test_any_of_and_all_of(table: Table) -> None:
    text = "the lamp is red"
    assert table.holds(text, any_of(["lamp", "blue"])) and not table.holds(text, all_of(["lamp", "blue"]))
    assert table.holds(text, all_of(["red", "the lamp"], ["lam"])) and not table.holds(text, all_of(["lamp the"]))


@given(typed=TYPED)
@PROPERTY
def test_whatever_is_typed_fts5_accepts(table: Table, typed: str) -> None:
    question = parse_question(typed)
    for terms in (question.words, question.phrases, question.identifiers, question.unspaced):
        for expression in (any_of(terms, question.prefixes), all_of(terms, question.prefixes)):
            if expression:
                assert table.accepts(expression)


@given(terms=st.lists(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0")), max_size=8))
@PROPERTY
def test_any_term_is_a_phrase_and_never_syntax(table: Table, terms: list[str]) -> None:
    for expression in (any_of(terms, terms), all_of(terms, terms)):
        if expression:
            assert table.accepts(expression)


@given(typed=SYNTAX)
@PROPERTY
def test_a_text_is_found_by_itself_whatever_it_holds(table: Table, typed: str) -> None:
    question = parse_question(re.sub(f"[{UNSPACED}]+", " ", typed))  # in such a run full text sees no words
    if question.words:
        assert table.holds(question.text, all_of(question.words))
    for phrase in question.phrases:
        assert table.holds(phrase, all_of([phrase]))


@pytest.mark.parametrize("word", ["NOT", "AND", "OR", "NEAR"])
def test_an_operator_is_a_word(table: Table, word: str) -> None:
    question = parse_question(f"apple {word} pear")
    assert table.holds("apple", any_of(question.words)) and table.holds("pear", any_of(question.words))


@pytest.mark.parametrize(
    "word",
    [
        "deployment", "authentication", "memoryview", "running", "optimisation", "probability", "keyerror", "happiness",
        "internationalization", "analysis", "filesystem", "dependencies", "hopefulness", "always", "fsync",
    ],
)
def test_each_beginning_of_a_word_finds_it_although_the_index_holds_stems(table: Table, word: str) -> None:
    missed = [word[:size] for size in range(2, len(word)) if not table.holds(word, all_of([], [word[:size]]))]
    assert not missed
    assert not table.holds("zebra", all_of([], [word[:4]]))


def test_a_prefix_of_an_identifier_is_met_in_order(table: Table) -> None:
    assert table.holds("call foo_bar()", all_of([], ["foo_ba"]))
    assert not table.holds("bar foo", all_of([], ["foo_ba"]))


def test_scripts_without_spaces_are_in_the_other_index_by_the_schema() -> None:
    schema = (Path(__file__).parents[3] / "migrations" / "001_initial_schema.sql").read_text(encoding="utf-8")
    ranges = re.search(r"GLOB '\*\[(.+)\]\*'", schema.partition("is_unspaced INTEGER")[2])
    assert ranges is not None
    mine = re.findall(f"[{UNSPACED}]", "".join(map(chr, range(0x32000))))
    assert len(mine) > 90_000 and not [char for char in mine if not re.match(f"[{ranges[1]}]", char)]
    assert not re.search(f"[{ranges[1]}]", "".join(map(chr, range(0xE00))))


@given(text=st.text())
@PROPERTY
def test_words_are_lower_case_and_without_symbols(text: str) -> None:
    assert all(word and word == word.lower() and "_" not in word for word in words_of(text))


@pytest.mark.parametrize(
    ("content", "query", "expected"),
    [
        ("one\ntwo lamps\nthree", "lamp", (2, "two lamps")),
        ("red\n  red lamp  \nlamp", "red lamp", (2, "red lamp")),
        ("first lamp\nsecond lamp", "lamp", (1, "first lamp")),
        ("a.b\nuse a/b.py here\nb", "where is a/b.py", (2, "use a/b.py here")),
        ("x\nthe configuration", "conf*", (2, "the configuration")),
        ("x\n私は日本語を", "日本語", (2, "私は日本語を")),
        ("form\x0cfeed\nlamp", "lamp", (2, "lamp")),
        ("a\nit caches nothing\nclass", "cached", (2, "it caches nothing")),
        ("clause\nclasses", "class", (2, "classes")),
        ("nothing here", "zebra", None),
        ("", "zebra", None),
    ],
)
def test_the_line_that_matches_best(content: str, query: str, expected: tuple[int, str] | None) -> None:
    assert matching_line(content, parse_question(query)) == expected


@given(content=st.one_of(st.text(), st.lists(SYNTAX, max_size=5).map("\n".join)), typed=TYPED)
@PROPERTY
def test_a_matching_line_is_a_line_of_the_text(content: str, typed: str) -> None:
    found = matching_line(content, parse_question(typed))
    if found is not None:
        number, line = found
        assert line and content.split("\n")[number - 1].strip() == line


@pytest.mark.parametrize(
    ("query", "literal"),
    [('"a b"', True), ("src/a.py", True), ("pre* (E404)", True), ("the E404", False), ("plain words", False)],
)
def test_a_question_of_nothing_but_literal_parts_is_literal(query: str, literal: bool) -> None:
    assert parse_question(query).is_literal is literal
