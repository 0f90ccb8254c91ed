"""What each field of a memory must hold, what is derived from its text, and its hash."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.domain.layers import Layers
from lmem.domain.memories import (
    MAX_TAGS,
    TITLE_LIMIT,
    Memory,
    clean_context,
    clean_share,
    clean_tags,
    clean_text,
    clean_title,
    clean_word,
    content_hash,
    title_of,
    to_json,
)
from lmem.domain.times import from_text
from lmem.errors import InvalidInput
from tests.unit.properties import PROPERTY

ANY_TEXT = st.text(st.characters())  # lone surrogates and NUL too


def memory(title: str, content: str) -> Memory:
    at = "2026-11-22T09:30:00.000Z"
    fixed: dict[str, Any] = dict.fromkeys(("project_id", "session_id", "summary", "category", "external_id"))
    return Memory(
        key=1, id="0" * 32, user_id="u", title=title, content=content, memory_type="note", tags=(),
        importance_score=0.5, decay_rate=0.1, access_count=0, last_accessed_at=at, context={}, git_context={},
        layers=Layers(("global",)), source_tool="cli.add", is_private=False, is_archived=False, created_at=at,
        updated_at=at, valid_until=None, rev=1, content_hash="", **fixed,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  a  ", "a"),
        ("\n\n a\r\nb\rc \n", "a\nb\nc"),
        ("re\u0301sume\u0301", "r\u00e9sum\u00e9"),
        ("x\n  indented", "x\n  indented"),
        ("x" * 100, "x" * 100),
        ("x" + " " * 1000, "x"),
    ],
)
def test_text_as_it_is_stored(text: str, cleaned: str) -> None:
    assert clean_text(text, 100) == cleaned


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        (" \n\t", "is empty"),
        ("a\0b", "NUL byte"),
        ("a\ud800", "not valid UTF-8"),
        ("x" * 101, "101 bytes"),
        ("é" * 51, "102 bytes"),
        ("\U0001d160" * 10, "120 bytes"),  # 40 bytes that normalisation makes 120
    ],
)
def test_text_that_cannot_be_stored(text: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=says) as caught:
        clean_text(text, 100, "summary")
    assert caught.value.message.startswith("The summary") and caught.value.hint


@given(text=ANY_TEXT)
@PROPERTY
def test_clean_text_is_idempotent_and_bounded(text: str) -> None:
    try:
        once = clean_text(text, 200)
    except InvalidInput:
        return
    assert clean_text(once, 200) == once and 0 < len(once.encode()) <= 200
    assert unicodedata.is_normalized("NFC", once) and "\r" not in once


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("We chose X.\nBecause Y.", "We chose X."),
        ("# Heading\n\ntext", "Heading"),
        ("> - [ ] quoted item", "[ ] quoted item"),
        ("* item", "item"),
        ("--force is dangerous", "--force is dangerous"),
        ("#12 is fixed", "#12 is fixed"),
        ("---\nfront: matter", "front: matter"),
        ("\n\n  first \n second", "first"),
        ("tab\there", "tab here"),
        ("one\u2028two", "one"),
        ("->", "->"),
        ("#", "#"),
        ("a" * 80, "a" * 80),
        ("a" * 81, "a" * 79 + "…"),
        ("word " * 20, "word word word word word word word word word word word word word word word…"),
        ("日本語の題名", "日本語の題名"),
    ],
)
def test_a_title_from_a_text(content: str, title: str) -> None:
    assert title_of(content) == title


@given(text=st.one_of(st.text(min_size=1), st.text("ab #*->•,\n", min_size=1, max_size=300)))
@PROPERTY
def test_a_title_is_one_short_line(text: str) -> None:
    try:
        content = clean_text(text, 10_000)
    except InvalidInput:
        return
    title = title_of(content)
    assert 0 < len(title) <= TITLE_LIMIT and title.splitlines() == [title] and title.strip() == title
    assert memory(title, content).text == content


def test_what_is_embedded_has_the_title_only_once() -> None:
    assert memory("Own title", "the text").text == "Own title\nthe text"
    assert memory("the", "the text").text == "the text"
    assert memory("Heading", "# Heading\ntext").text == "# Heading\ntext"


def test_the_last_access_is_a_moment() -> None:
    assert memory("a", "b").last_access == from_text("2026-11-22T09:30:00.000Z")


def test_a_given_title_is_one_line() -> None:
    assert clean_title(" a\n b\t c ") == "a b c"
    with pytest.raises(InvalidInput, match="title is empty"):
        clean_title(" ")
    with pytest.raises(InvalidInput, match="1,001 bytes"):
        clean_title("x" * 1001)


@pytest.mark.parametrize(
    ("word", "stored"),
    [
        ("Decision", "decision"),
        (" two words ", "two-words"),
        ("c++", "c++"),
        ("c#", "c#"),
        ("v1.2/x_y", "v1.2/x_y"),
        ("Straße", "straße"),
        ("İstanbul", "i̇stanbul"),
        ("विधि", "विधि"),
        ("日本", "日本"),
        ("x" * 63, "x" * 63),
    ],
)
def test_a_word_as_it_is_stored(word: str, stored: str) -> None:
    assert clean_word(word, "tag") == stored


@pytest.mark.parametrize("word", ["", " ", "-x", "a,b", "a\nb", "a\0", "\ud800", "a(b)", "🎉", "x" * 64, "a'b"])
def test_what_is_no_word(word: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be a tag") as caught:
        clean_word(word, "tag")
    assert "one word" in caught.value.hint


@given(word=st.one_of(ANY_TEXT, st.text(st.characters(categories=["L", "M", "N"]), max_size=10)))
@PROPERTY
def test_a_stored_word_is_stored_as_it_is(word: str) -> None:
    try:
        once = clean_word(word, "type")
    except InvalidInput:
        return
    assert clean_word(once, "type") == once and len(once.split()) == 1


def test_tags_are_each_once_in_the_order_given() -> None:
    assert clean_tags(("B", "a", "b", "A ")) == ("b", "a")
    assert len(clean_tags(tuple(f"t{n}" for n in range(MAX_TAGS)))) == MAX_TAGS
    with pytest.raises(InvalidInput, match="51 tags"):
        clean_tags(tuple(f"t{n}" for n in range(MAX_TAGS + 1)))


@pytest.mark.parametrize(("value", "share"), [(0, 0.0), (1, 1.0), (0.25, 0.25), ("0.5", 0.5), (" 1 ", 1.0)])
def test_a_share(value: object, share: float) -> None:
    assert clean_share(value, "importance") == share


@pytest.mark.parametrize(
    "value", [-0.1, 1.5, 2, True, None, "", "high", [0.5], {}, float("nan"), "nan", float("inf"), 10**400, "\ud800"]
)
def test_what_is_no_share(value: object) -> None:
    with pytest.raises(InvalidInput, match="The importance must lie between 0 and 1"):
        clean_share(value, "importance")


def test_a_context_is_plain_json_below_its_limit() -> None:
    assert clean_context({"file": "a.py", "line": 3}) == {"file": "a.py", "line": 3}
    for bad in ({"a": "\ud800"}, {"a": float("nan")}, {"a": [float("inf")]}):
        with pytest.raises(InvalidInput, match="not plain JSON"):
            clean_context(bad)
    with pytest.raises(InvalidInput, match="it may have 20"):
        clean_context({"a": "x" * 20}, 20)


def test_a_context_may_be_nested_as_deep_as_it_could_be_read() -> None:
    nested: dict[str, object] = {}
    for _ in range(100_000):
        nested = {"a": nested}
    with pytest.raises(InvalidInput, match="not plain JSON"):
        clean_context(nested)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (("T", "a  b"), ("t", "A\nb"), True),
        (("T", "a"), ("T", "b"), False),
        (("T", "a"), ("U", "a"), False),
        (("", "é"), ("", "e"), False),
    ],
)
def test_a_hash_is_blind_to_case_and_spacing(one: tuple[str, str], other: tuple[str, str], equal: bool) -> None:
    assert (content_hash(*one) == content_hash(*other)) is equal
    assert len(content_hash(*one)) == 32


def test_equal_values_are_equal_json() -> None:
    assert to_json({"b": [1, "é"], "a": None}) == to_json({"a": None, "b": [1, "é"]}) == '{"a":null,"b":[1,"é"]}'
    assert json.loads(to_json({"a": "\0"})) == {"a": "\0"}
