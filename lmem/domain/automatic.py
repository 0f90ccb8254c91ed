"""The mark on what lmem wrote by itself: a category or a summary that no user chose.

Not the making of either (lmem.domain.categories, lmem.domain.summaries). The mark lies in a memory's context under
'automatic', by field: {"category": {"by": "neighbours", "confidence": 0.72}}.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

KEY = "automatic"
SWITCHES = {"category": "auto_categorization_enabled", "summary": "summaries.automatic"}
"""What lmem may fill in by itself, and the setting that lets it."""

KIND = "automatic"
"""The kind of change set that writes them. A plain `undo` passes it over: nobody asked for it."""

Context = Mapping[str, object]


def marked(context: Context, field: str, facts: Mapping[str, object]) -> dict[str, object]:
    """A context that says that `field` was written by lmem, and how."""
    return {**context, KEY: {**_marks(context), field: dict(facts)}}


def is_automatic(context: Context, field: str) -> bool:
    """Whether the field was written by lmem and nobody has set it since."""
    return field in _marks(context)


def chosen(context: Context, fields: Iterable[str]) -> dict[str, object]:
    """A context after a user has set these fields: what somebody chose carries no mark."""
    marks = _marks(context)
    left = {name: facts for name, facts in marks.items() if name not in set(fields)}
    if left == marks:
        return dict(context)
    rest = {name: value for name, value in context.items() if name != KEY}
    return {**rest, KEY: left} if left else rest


def _marks(context: Context) -> Mapping[str, object]:
    found = context.get(KEY)
    return found if isinstance(found, Mapping) else {}
