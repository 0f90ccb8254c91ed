"""An answer as a line of the wire, row by row where it is long: the clients who wait meanwhile are served in between.

Not the limits of a line (lmem.daemon.limits), nor the encoding of all other frames (lmem.protocol.framing).
"""

from __future__ import annotations

import asyncio
import json

from lmem.protocol.framing import encode
from lmem.protocol.messages import answer

ROWS = 64
LONG = 20_000
"""Rows of an answer, or characters of one, from which on it is encoded row by row: some 0.2 ms at once."""

SLICE = 128 * 1024
"""Characters after which others get their turn, unless one row has more: some 0.5 ms."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


async def line(number: int | str, result: object) -> bytes:
    """What lmem.protocol.framing.encode makes of the answer."""
    if not isinstance(result, dict) or not _is_long(result):
        return encode(answer(number, result))
    parts = [_encode(answer(number, None)).removesuffix("null}"), "{"]
    room = SLICE
    for place, (name, value) in enumerate(result.items()):
        parts.append(f"{',' if place else ''}{_encode(name)}:")
        if not isinstance(value, list):
            parts.append(_encode(value))
            continue
        parts.append("[")
        for at, row in enumerate(value):
            text = _encode(row)
            parts += (",", text) if at else (text,)
            room -= len(text)
            if room < 0:
                room = SLICE
                await asyncio.sleep(0)
        parts.append("]")
    parts.append("}}\n")
    try:
        return "".join(parts).encode()
    except UnicodeEncodeError:  # a lone surrogate, as in a question
        return encode(answer(number, result))


def _is_long(result: dict[str, object]) -> bool:
    for value in result.values():
        if isinstance(value, list) and (len(value) > ROWS or any(map(_is_long_row, value))):
            return True
    return False


def _is_long_row(row: object) -> bool:
    content = row.get("content") if isinstance(row, dict) else None
    return isinstance(content, str) and len(content) > LONG
