"""The mark on what lmem wrote by itself: a category or a summary that no user chose.

Not the making of either (lmem.domain.categories, lmem.domain.summaries). The mark lies in a memory's context under
'automatic', by field: {"category": {"by": "neighbours", "confidence": 0.72}}.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace

from lmem.domain.memories import Memory
from lmem.domain.summaries import extract

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


def after_edit(before: Memory, after: Memory, fields: Set[str]) -> Memory:
    """`after` with the marks that are still true once a user has set these fields of `before`.

    What somebody chose carries no mark, also when it is what stood there. A summary made of the text's own sentences
    follows the text.
    """
    marks = {name: facts for name, facts in _marks(before.context).items() if name not in fields}
    summary = after.summary
    if "summary" in marks and after.content != before.content:
        found = extract(after.content)
        summary = found.text if found else None
        marks = {**marks, "summary": found.facts} if found else {k: v for k, v in marks.items() if k != "summary"}
    rest = {name: value for name, value in after.context.items() if name != KEY}
    return replace(after, summary=summary, context={**rest, KEY: marks} if marks else rest)


def _marks(context: Context) -> Mapping[str, object]:
    found = context.get(KEY)
    return found if isinstance(found, Mapping) else {}
