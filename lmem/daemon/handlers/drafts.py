"""New memories from the parameters of `memory/add` and from the lines of a bulk add.

Not a service: it parses, and every error names what is wrong with the input.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from lmem.daemon.params import Params
from lmem.daemon.screening import screened_object
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
from lmem.domain.secrets import screen
from lmem.errors import InvalidInput, LmemError

MAX_ITEMS = 1000
MOST_NAMED = 5
SLICE = 20
"""Items parsed at a stretch: a few milliseconds of the event loop."""
LINE_KEYS = (
    "content", "title", "summary", "type", "category", "tags", "importance", "decay_rate", "layer", "project",
    "session", "context", "author", "created_at", "source_id", "source_tool", "private", "allow_secret", "id", "line",
)  # fmt: skip
"""What a line of a bulk add may hold."""
CHOSEN = {
    "title": "title", "summary": "summary", "type": "memory_type", "category": "category", "tags": "tags",
    "importance": "importance_score", "decay_rate": "decay_rate",
}  # fmt: skip
"""What a caller may choose of a new memory and give anew for one that is known: parameter -> field of Memory."""
EXPORT_KEYS = (
    "layers", "git", "external_id", "archived", "access_count", "updated_at", "valid_until", "rev", "versions", "links",
)  # fmt: skip
"""What an exported record holds besides and no new memory takes: history and counters, which begin anew, and what says
again what another key says. A line that has a 'rev' is such a record."""
_ID_DIGITS = frozenset("0123456789abcdef")


def draft(params: Params, now: datetime, max_bytes: int, source_tool: str) -> Draft:
    """A valid draft. Raises InvalidInput for empty, oversize or undecodable text, bad numbers, dates, layers, tags."""
    content = clean_text(params.text("content"), max_bytes, remembered=True)
    title, summary = params.maybe_text("title"), params.maybe_text("summary")
    context = params.mapping("context")
    author = params.maybe_text("author")
    if author:
        context = {**context, "author": clean_text(author, 500, "author")}
    importance = params.raw("importance")
    return Draft(
        content=content,
        title=clean_title(title) if title else title_of(content),
        summary=clean_text(summary, max_bytes, "summary", remembered=True) if summary else None,
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
        id=client_id(params.maybe_text("id")),
        kept_secrets=kinds_kept(params),
        given=frozenset(field for name, field in CHOSEN.items() if params.raw(name) not in (None, "")),
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a bulk add: its number, its draft or what is wrong with it, the credentials that were replaced."""

    number: int
    draft: Draft | LmemError
    redacted: list[dict[str, object]]


async def bulk(params: Params, now: datetime, max_bytes: int, client: str) -> list[Line]:
    """The lines of a bulk add, each judged on its own. Raises InvalidInput when they are no list, or too many."""
    items = params.raw("items")
    if not isinstance(items, list) or len(items) > MAX_ITEMS:
        raise InvalidInput(f"'items' must be a list of at most {MAX_ITEMS} objects.")
    given = params.maybe_text("source_tool")
    source_tool = clean_word(given, "source tool") if given else f"{client}.bulk"
    lines = []
    for number, item in enumerate(items):
        if number % SLICE == 0:
            await asyncio.sleep(0)  # other clients are answered in between
        found, redacted = await _parsed(item, now, max_bytes, source_tool)
        lines.append(Line(_line(item, number + 1), found, redacted))
    return lines


def kinds_kept(params: Params) -> tuple[str, ...]:
    """The kinds of credentials that stay in because the caller allowed it, for the audit log."""
    return tuple(sorted({str(item["kind"]) for item in params.kept}))


def _name(params: Params, name: str) -> str | None:
    value = params.maybe_text(name)
    return clean_text(value, 500, name) if value else None


def client_id(text: str | None) -> str | None:
    """An id that a client has made, or None. Raises InvalidInput."""
    if text is not None and (len(text) != 32 or set(text) - _ID_DIGITS):
        raise InvalidInput("An id that a client makes has 32 hex digits.")
    return text


async def _parsed(
    item: object, now: datetime, max_bytes: int, source_tool: str
) -> tuple[Draft | LmemError, list[dict[str, object]]]:
    """A line of a bulk add as a draft, or what is wrong with it; and the credentials that were replaced in it."""
    if not isinstance(item, dict):
        return InvalidInput("A line must be a JSON object with a 'content'."), []
    try:
        _refuse_unknown(item)
        params = await screened_object(item, may_keep=True)
        parsed = draft(params, now, max_bytes, source_tool)
        # null says: in none
        return replace(parsed, project="") if item.get("project", "") is None else parsed, params.redacted
    except LmemError as err:
        return err, []


def _refuse_unknown(item: Mapping[str, object]) -> None:
    """Raises InvalidInput for keys that nothing would be made of: what a line says is stored, or refused."""
    known = {*LINE_KEYS, *(EXPORT_KEYS if "rev" in item else ())}
    unknown = [name for name in item if name not in known]
    if unknown:
        names = [f"'{_name_shown(name)}'" for name in unknown[:MOST_NAMED]] + ["..."][: len(unknown) - MOST_NAMED]
        raise InvalidInput(
            f"The line has {'an unknown key' if len(unknown) == 1 else 'unknown keys'}: {', '.join(names)}.",
            hint=f"Keys are: {', '.join(LINE_KEYS[:-1])}.",
        )


def _name_shown(name: str) -> str:
    """A key as an error names it, whatever somebody may have pasted there."""
    return screen(name).text[:40].encode("utf-8", "backslashreplace").decode()


def _line(item: object, default: int) -> int:
    line = item.get("line") if isinstance(item, dict) else None
    return line if isinstance(line, int) and not isinstance(line, bool) else default
