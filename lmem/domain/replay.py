"""A memory as it was: its versions' differences taken back from what it is now.

Not the reading of versions, nor the choice of one by date (lmem.service.past).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lmem.domain.history import LINKS, TEXT_FIELDS, Version, keeps_text
from lmem.domain.layers import layers
from lmem.domain.memories import Memory, content_hash

Texts = tuple[str, str, str | None]
"""Title, content and summary."""


def taken_back(current: Memory, version: Version, versions: Sequence[Version]) -> Memory:
    """`current` with what `version` changed as it was before; `versions` are all of the memory, with their texts.

    A version that made the memory (of an import, of `done`) is taken back by archiving it.
    """
    if version.change_type == "created":
        return replace(current, is_archived=True)
    fields = {name: _value(name, before) for name, (before, _) in version.diff.items() if _is_column(name)}
    if any(name in version.diff for name in TEXT_FIELDS):
        earlier = next(item for item in versions if item.number == version.number - 1)
        fields |= {name: getattr(earlier, name) for name in TEXT_FIELDS if name in version.diff}
    return replace(current, **fields)  # type: ignore[arg-type]  # the difference holds values of these fields


def replayed(current: Memory, versions: Sequence[Version], number: int, texts: Texts | None = None) -> Memory:
    """The memory at its version `number`, by `versions` from there on at least; `texts` are given when they are empty.

    Counters of use, which no version keeps, are those of now.
    """
    fields: dict[str, object] = {}
    for version in sorted(versions, key=lambda item: -item.number):
        if version.number > number:
            fields |= {name: _value(name, before) for name, (before, _) in version.diff.items() if _is_column(name)}
        elif version.number == number:
            newest = max(item.number for item in versions)
            title, content, summary = texts or (version.title, version.content, version.summary)
            summary = own_summaries(versions).get(number, summary)
            fields |= {"title": title, "content": content, "summary": summary, "updated_at": version.recorded_at}
            fields["whole_length"] = None
            fields |= {"rev": current.rev - (newest - number), "content_hash": content_hash(title, content)}
            return replace(current, **fields)  # type: ignore[arg-type]  # as above
    raise ValueError(f"there is no version {number}")


def own_summaries(versions: Sequence[Version]) -> dict[int, str | None]:
    """By version number, the summaries that do not go with the text that a version is read from: those before the
    summary changed by itself, on the same text. `versions` are the newest ones of a memory at least."""
    found: dict[int, str | None] = {}
    differs, summary = False, None
    for version in sorted(versions, key=lambda item: -item.number):
        if differs:
            found[version.number] = summary
        if keeps_text(version.diff):
            differs = False
        elif "summary" in version.diff:
            before = version.diff["summary"][0]
            differs, summary = True, None if before is None else str(before)
    return found


def _is_column(name: str) -> bool:
    return name not in TEXT_FIELDS and name not in LINKS


def _value(name: str, stored: object) -> object:
    if isinstance(stored, list):
        return layers(stored) if name == "layers" else tuple(stored)
    return stored
