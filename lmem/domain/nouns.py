"""Nouns in sentences: their number and their article.

Not a vocabulary: whoever has an irregular plural gives it.
"""

from __future__ import annotations


def count(number: int, noun: str, plural: str | None = None) -> str:
    """'1 memory', '1,204 memories'; with a verb behind the noun that goes along, as in 'row waits', 'rows wait'."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def with_article(noun: str) -> str:
    """'a task', 'an error'."""
    return f"{'an' if noun[:1].lower() in tuple('aeiou') else 'a'} {noun}"
