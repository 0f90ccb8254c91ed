"""What a question names, and which memories fit."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lmem.domain.cues import cues, is_detail
from lmem.domain.layers import layers
from lmem.domain.memories import Memory, content_hash
from lmem.domain.timewords import extract

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
AT = "2026-05-08T10:00:00.000Z"


def _memory(content: str, **context: object) -> Memory:
    return Memory(
        1, "a" * 32, "u" * 32, "p1", None, content[:20], content, None, "note", None, (), 0.5, 0.1, 0, AT, context, {},
        layers(["global"]), "cli.add", None, False, False, AT, AT, None, 1, content_hash("", content),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("question", "context", "named"),
    [
        ("what did Caroline decide", {"author": "Caroline"}, True),
        ("what did caroline decide", {"author": "Caroline Miller"}, True),
        ("what was decided", {"author": "Caroline"}, False),
        ("who is Al", {"author": "Al"}, False),  # two letters name everybody
        ("why does parser.py skip it", {"file": "src/parser.py", "line": 3}, True),
        ("why does myparser.py skip it", {"file": "src/parser.py"}, False),
        ("how is billing-api deployed", {}, True),
        ("how is it deployed", {}, False),
    ],
)
def test_a_named_person_file_or_project_is_the_memorys(question: str, context: dict[str, object], named: bool) -> None:
    assert cues(question, None).names(_memory("text", **context), {"p1": "billing-api"}) is named


def test_a_question_that_asks_when_is_answered_by_what_has_a_word_of_time() -> None:
    asking = cues("When did she sign the contract?", None)
    assert asking.tells_when(_memory("I signed it yesterday")) and asking.tells_when(_memory("signed on 7 May 2023"))
    assert not asking.tells_when(_memory("I signed it"))
    assert not cues("Why did she sign?", None).tells_when(_memory("I signed it yesterday"))


@pytest.mark.parametrize(
    ("question", "detail"),
    [
        ("what happened on 8 May 2026", True),
        ("the release in May 2026", True),
        ("what did we decide last week", False),
        ("what was decided since March 2026", False),
        ("decisions before 2026-06-01", False),
    ],
)
def test_a_mentioned_date_is_a_detail_and_a_bound_is_none(question: str, detail: bool) -> None:
    span, _ = extract(question, NOW)
    assert span is not None and is_detail(span) is detail


def test_a_memory_of_the_mentioned_day_fits() -> None:
    span, _ = extract("what happened on 8 May 2026", NOW)
    other, _ = extract("what happened on 9 May 2026", NOW)
    assert cues("", span).in_span(_memory("text")) and not cues("", other).in_span(_memory("text"))
    assert not cues("", None).in_span(_memory("text")) and not cues("why", None).dated
