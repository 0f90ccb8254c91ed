"""A new memory from the parameters of `memory/add` and of a line of a bulk add.

Not a service: it parses, and every error names what is wrong with the input.
"""

from __future__ import annotations

from datetime import datetime

from lmem.daemon.params import Params
from lmem.domain.layers import layers
from lmem.domain.memories import (
    Draft,
    clean_context,
    clean_share,
    clean_tags,
    clean_text,
    clean_title,
    clean_word,
    title_of,
)
from lmem.errors import InvalidInput

_ID_DIGITS = frozenset("0123456789abcdef")


def draft(params: Params, now: datetime, max_bytes: int, source_tool: str) -> Draft:
    """A valid draft. Raises InvalidInput for empty, oversize or undecodable text, bad numbers, dates, layers, tags."""
    content = clean_text(params.text("content"), max_bytes)
    title, summary = params.maybe_text("title"), params.maybe_text("summary")
    context = params.mapping("context")
    author = params.maybe_text("author")
    if author:
        context = {**context, "author": clean_text(author, 500, "author")}
    importance = params.raw("importance")
    return Draft(
        content=content,
        title=clean_title(title) if title else title_of(content),
        summary=clean_text(summary, max_bytes, "summary") if summary else None,
        memory_type=clean_word(params.maybe_text("type") or "note", "type"),
        category=clean_word(params.text("category"), "category") if "category" in params else None,
        tags=clean_tags(params.texts("tags")),
        importance=0.5 if importance is None else clean_share(importance, "importance"),
        decay_rate=params.share("decay_rate", "decay rate"),
        layers=layers(params.texts("layer")).names,
        project=_name(params, "project"),
        session=_name(params, "session"),
        context=clean_context(context),
        created_at=params.moment("created_at", now),
        source_tool=clean_word(params.text("source_tool"), "source tool") if "source_tool" in params else source_tool,
        external_id=_name(params, "source_id"),
        is_private=params.flag("private"),
        id=_id(params.maybe_text("id")),
        kept_secrets=kinds_kept(params),
    )


def kinds_kept(params: Params) -> tuple[str, ...]:
    """The kinds of credentials that stay in because the caller allowed it, for the audit log."""
    return tuple(sorted({str(item["kind"]) for item in params.kept}))


def _name(params: Params, name: str) -> str | None:
    value = params.maybe_text(name)
    return clean_text(value, 500, name) if value else None


def _id(text: str | None) -> str | None:
    if text is not None and (len(text) != 32 or set(text) - _ID_DIGITS):
        raise InvalidInput("An id that a client makes has 32 hex digits.")
    return text
