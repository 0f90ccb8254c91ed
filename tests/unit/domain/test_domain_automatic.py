"""The mark on what lmem wrote by itself goes when a user decides."""

from __future__ import annotations

from dataclasses import replace

from lmem.domain.automatic import after_edit, is_automatic, marked
from tests.unit.domain.test_domain_memories import memory
from tests.unit.domain.test_domain_summaries import LONG_TEXT

GUESSED = replace(
    memory("words", "words"), category="garden", context=marked({"file": "a.py"}, "category", {"by": "neighbours"})
)


def test_a_mark_stands_beside_the_context() -> None:
    assert is_automatic(GUESSED.context, "category") and not is_automatic(GUESSED.context, "summary")
    assert GUESSED.context["file"] == "a.py"
    assert not is_automatic({"automatic": "yes"}, "category")


def test_what_a_user_sets_carries_no_mark_also_when_it_stays_the_same() -> None:
    assert after_edit(GUESSED, GUESSED, {"category"}).context == {"file": "a.py"}


def test_another_edit_leaves_the_mark_also_when_the_context_is_given_whole() -> None:
    given = after_edit(GUESSED, replace(GUESSED, context={"line": 3}), {"context"})
    assert is_automatic(given.context, "category") and given.context["line"] == 3


def test_a_summary_of_the_texts_own_sentences_follows_the_text() -> None:
    summed = replace(memory("old", "old"), summary="old", context=marked({}, "summary", {"by": "extraction"}))
    longer = after_edit(summed, replace(summed, content=LONG_TEXT), {"content"})
    assert longer.summary is not None and "cache" in longer.summary
    assert is_automatic(longer.context, "summary")
    shorter = after_edit(summed, replace(summed, content="short"), {"content"})
    assert shorter.summary is None and shorter.context == {}
    assert (
        after_edit(summed, replace(summed, content="short", summary="mine"), {"content", "summary"}).summary == "mine"
    )
