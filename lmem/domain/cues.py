"""What a question names beside its words: people, files, projects and times; and how far a memory fits.

Not a search: it sees one question and one memory. Weights are those of the recipe (lmem.domain.ranking).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lmem.domain.memories import Memory
from lmem.domain.query import words_of
from lmem.domain.timewords import TimeRange

_ASKS_WHEN = re.compile(r"(?i)\bwhen\b|\b(?:what|which)\s+(?:date|day|month|year|time)\b|\bhow long ago\b")
# In lower case, with a look at the first letter before the words are tried: a third of the time.
_TIME_WORD = re.compile(
    r"\b(?=[0-9adfjlmnostwy])(?:yesterday|today|tonight|tomorrow|ago|(?:last|next|this)\s+(?:night|week|weekend|month"
    r"|year|spring|summer|autumn|fall|winter|\w+day)|(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:19|20)\d\d"
    r"|\d{1,2}(?::\d\d|\s?[ap]m)|january|february|april|june|july|august|september|october|november|december)\b"
)
_BOUNDS = re.compile(
    r"(?i)\b(?:ago|last|this|past|previous|yesterday|today|tonight|since|after|before|until|till|between|from)\b"
)
SHORTEST_NAME = 3


@dataclass(frozen=True, slots=True)
class Cues:
    """What one question names. `span` is a date that it mentions, as one detail among others."""

    words: frozenset[str]
    text: str
    asks_when: bool
    span: TimeRange | None

    @property
    def dated(self) -> bool:
        """Whether a memory's time counts."""
        return self.asks_when or self.span is not None

    def names(self, memory: Memory, projects: Mapping[str, str]) -> bool:
        """Whether the question names the memory's author, file or project."""
        author = memory.context.get("author")
        if isinstance(author, str) and any(
            len(word) >= SHORTEST_NAME and word in self.words for word in words_of(author)
        ):
            return True
        file = memory.context.get("file")
        if isinstance(file, str) and _holds_name(self.text, file.rpartition("/")[2].lower()):
            return True
        project = projects.get(memory.project_id or "", "")
        return bool(project) and _holds_name(self.text, project.lower())

    def in_span(self, memory: Memory) -> bool:
        """Whether the memory is of the time that the question mentions."""
        return self.span is not None and self.span.holds(memory.created_at)

    def tells_when(self, memory: Memory) -> bool:
        """Whether the question asks when, and the memory has a word of time."""
        return self.asks_when and _TIME_WORD.search(memory.content.lower()) is not None


def cues(question: str, span: TimeRange | None) -> Cues:
    """The cues of a question."""
    return Cues(frozenset(words_of(question)), question.lower(), _ASKS_WHEN.search(question) is not None, span)


def is_detail(span: TimeRange) -> bool:
    """Whether words of time mention a date ('in May 2023') rather than bound the question ('last week', 'since May').

    A bound leaves out what lies outside; a mentioned date is one more thing that an answer may fit, for what is told
    about a day is often told on another.
    """
    return _BOUNDS.search(span.words) is None


def _holds_name(text: str, name: str) -> bool:
    if len(name) < SHORTEST_NAME:
        return False
    at = text.find(name)
    return at >= 0 and not text[at - 1 : at].isalnum() and not text[at + len(name) : at + len(name) + 1].isalnum()
