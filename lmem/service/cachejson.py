"""What is cached, as JSON and back: memories, sessions, encodings, what the indexes found.

Not the wire's records (lmem.daemon.handlers.records): these are for lmem alone, and hold every field. What cannot be
read is None, so that a value of another lmem is a miss.
"""

from __future__ import annotations

import json
from array import array
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import fields
from typing import TypeVar

from lmem.domain.layers import Layers
from lmem.domain.memories import Memory
from lmem.domain.sessions import Session
from lmem.ports.cache import Value
from lmem.ports.embedder import Encoding
from lmem.ports.vectors import Candidate, Candidates

T = TypeVar("T")
_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode  # ASCII: a lone surrogate has no UTF-8
_MEMORY = tuple(item.name for item in fields(Memory))
_SESSION = tuple(item.name for item in fields(Session))


def packed(value: object) -> bytes:
    """Anything made of JSON's types."""
    return _encode(value).encode()


def unpacked(value: Value | None, parse: Callable[[object], T]) -> T | None:
    """What `parse` makes of a cached JSON text; None for none, and for what it cannot read."""
    if not isinstance(value, bytes):
        return None
    try:
        return parse(json.loads(value))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None


def memory_to_json(memory: Memory) -> dict[str, object]:
    """Every field of a memory."""
    own = {"layers": memory.layers.names, "context": dict(memory.context), "git_context": dict(memory.git_context)}
    return {name: getattr(memory, name) for name in _MEMORY} | own


def memory_from_json(found: object) -> Memory:
    """Raises KeyError or TypeError for what is none."""
    row = mapping(found)
    if row.keys() != set(_MEMORY):
        raise KeyError("fields")
    return Memory(**{**row, "layers": Layers(tuple(_list(row["layers"]))), "tags": tuple(_list(row["tags"]))})  # type: ignore[arg-type]


def session_to_json(session: Session) -> dict[str, object]:
    """Every field of a session."""
    return {**{name: getattr(session, name) for name in _SESSION}, "context": dict(session.context)}


def session_from_json(found: object) -> Session:
    """Raises KeyError or TypeError for what is none."""
    row = mapping(found)
    if row.keys() != set(_SESSION):
        raise KeyError("fields")
    return Session(**row)  # type: ignore[arg-type]


def encoding_to_json(encoding: Encoding) -> list[object]:
    """Bytes as base64."""
    dense, terms, weights, tokens = encoding
    return [text(dense), text(terms), text(weights), tokens]


def encoding_from_json(found: object) -> Encoding:
    """Raises ValueError or TypeError for what is none."""
    dense, terms, weights, tokens = _list(found)
    return Encoding(data(dense), data(terms), data(weights), int(str(tokens)))


def candidates_to_json(found: Candidates) -> list[str]:
    """Columns: ids, cosines, weights. No text of a memory is in it."""
    rows = found.found
    cosines, weights = array("d", [row.cosine for row in rows]), array("d", [row.bm25 for row in rows])
    return [" ".join([row.id for row in rows]), text(cosines.tobytes()), text(weights.tobytes())]


def candidates_from_json(found: object) -> Candidates:
    """With no time taken. Raises ValueError or TypeError for what is none."""
    ids, cosines, weights = _list(found)
    columns = zip(str(ids).split(), array("d", data(cosines)), array("d", data(weights)), strict=True)
    return Candidates(tuple(map(Candidate._make, columns)), 0.0, 0.0)


def text(raw: bytes) -> str:
    """Bytes as base64."""
    return b64encode(raw).decode()


def data(encoded: object) -> bytes:
    """Base64 as bytes. Raises ValueError for what is none."""
    return b64decode(str(encoded), validate=True)


def mapping(found: object) -> dict[str, object]:
    """A JSON object. Raises TypeError for what is none."""
    if not isinstance(found, dict):
        raise TypeError
    return found


def _list(found: object) -> list[object]:
    if not isinstance(found, list):
        raise TypeError
    return found
