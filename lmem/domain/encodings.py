"""Encodings as bytes and as numbers: the one check that every vector passes before a store takes it.

Not the embedder and not a store. Standard library only, so that a store without numpy can use it.
"""

from __future__ import annotations

import math
import sys
from array import array

from lmem.errors import InvalidInput

NORM_TOLERANCE = 1e-3
_BYTE_ORDER_DIFFERS = sys.byteorder == "big"
_HINT = "The row is kept in the database; 'lmem status' lists it as parked."


def floats(data: bytes) -> list[float]:
    """Little-endian float32 bytes as numbers."""
    numbers = array("f")
    numbers.frombytes(data)
    if _BYTE_ORDER_DIFFERS:
        numbers.byteswap()
    return numbers.tolist()


def packed(values: list[float]) -> bytes:
    """Numbers as little-endian float32 bytes."""
    numbers = array("f", values)
    if _BYTE_ORDER_DIFFERS:
        numbers.byteswap()
    return numbers.tobytes()


def unit_vector(owner: str, data: bytes, dimensions: int) -> list[float]:
    """The dense vector of `owner` as numbers.

    Raises InvalidInput, naming `owner`, when it has other dimensions, is not finite or not of norm 1 (within 1e-3):
    Edge takes NaN and zero vectors silently and then answers with them.
    """
    if len(data) != 4 * dimensions:
        raise InvalidInput(f"The vector of {owner} has {len(data) / 4:g} dimensions, not {dimensions}.", hint=_HINT)
    values = floats(data)
    norm = math.hypot(*values)
    if not abs(norm - 1) <= NORM_TOLERANCE:  # written so that NaN fails it
        raise InvalidInput(f"The vector of {owner} has norm {norm:g}, not 1.", hint=_HINT)
    return values


def sparse_vector(owner: str, terms: bytes, weights: bytes) -> tuple[list[int], list[float]]:
    """The terms of `owner` and their weights as numbers.

    Raises InvalidInput, naming `owner`, unless both have one length, terms are distinct and weights positive, finite.
    """
    if len(terms) != len(weights) or len(terms) % 4:
        raise InvalidInput(f"The terms of {owner} do not match their weights.", hint=_HINT)
    indices, values = _integers(terms), floats(weights)
    if len(set(indices)) != len(indices):
        raise InvalidInput(f"The terms of {owner} are not distinct.", hint=_HINT)
    if not all(0 < value < math.inf for value in values):
        raise InvalidInput(f"A term of {owner} has a weight that is not a positive number.", hint=_HINT)
    return indices, values


def _integers(data: bytes) -> list[int]:
    numbers = array("I")
    numbers.frombytes(data)
    if _BYTE_ORDER_DIFFERS:
        numbers.byteswap()
    return numbers.tolist()
