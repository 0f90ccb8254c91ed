"""Summaries are sentences of the text, the most central ones, and only of long prose."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lmem.domain.summaries import LENGTH, LONG, extract

TOPIC = [f"The cache of the planner keeps query plans for user number {number}." for number in range(1, 12)]
ASIDE = ["Lunch was late on that day.", "Somebody opened a window again.", "The train home stood in Ulm for an hour."]
LONG_TEXT = " ".join([ASIDE[0], *TOPIC[:6], ASIDE[1], *TOPIC[6:], ASIDE[2]]) + " " + " ".join(TOPIC)


def test_the_central_sentences_are_chosen_as_they_stand() -> None:
    found = extract(LONG_TEXT)
    assert found is not None
    assert len(LONG_TEXT) >= LONG and len(found.text) <= LENGTH
    assert "cache" in found.text
    assert not any(aside in found.text for aside in ASIDE[1:])
    assert found.chosen == tuple(sorted(found.chosen)) and max(found.chosen) <= found.of


def test_what_says_the_same_is_said_once() -> None:
    found = extract(" ".join(["The index is rebuilt every night by a job of the daemon."] * 30))
    assert found is not None and found.text.count("index") == 1


def test_a_short_text_is_its_own_summary() -> None:
    assert extract(" ".join(TOPIC[:3])) is None


def test_code_and_tables_are_no_prose() -> None:
    code = (
        "```\n"
        + "\n".join(f"for item in range({number}): print(item, item * 2, sep='; ')" for number in range(90))
        + "\n```"
    )
    table = "\n".join(
        f"| {number} | {number * 2} | {number * 3} | {number * 5} | {number * 7} |" for number in range(90)
    )
    assert extract(code) is None
    assert extract(table) is None


def test_sentences_without_spaces_between_them() -> None:
    sentence = "缓存层把查询的结果保留第{}分钟\uff0c然后再去问数据库有没有新的内容。"
    found = extract("".join(sentence.format(number) for number in range(60)))
    assert found is not None and found.text.endswith("。")


@given(st.text(max_size=3000))
def test_any_text_has_a_summary_of_its_own_words_or_none(text: str) -> None:
    found = extract(text + "." * LONG)
    assert found is None or set(found.text.split()) <= set(text.split()) | {""}
