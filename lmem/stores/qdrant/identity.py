"""What a generation says of itself, in its directory or on its server, and the name it may have.

Not its points.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass

from lmem.errors import Conflict, InvalidInput
from lmem.stores.qdrant.schema import SCHEMA

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a generation is. `instance` is made with it and never copied, so that a wiped or swapped one is noticed."""

    instance: str
    dimensions: int
    schema: int


def new_identity(dimensions: int) -> Identity:
    """That of a generation which is being made."""
    return Identity(uuid.uuid4().hex, dimensions, SCHEMA)


def check_identity(identity: Identity, generation: str, dimensions: int) -> None:
    """Raise Conflict unless the generation has this lmem's schema and these dimensions."""
    if identity.schema != SCHEMA:
        raise Conflict(f"The generation '{generation}' has schema {identity.schema}, this lmem writes {SCHEMA}.")
    if identity.dimensions != dimensions:
        raise Conflict(f"The generation '{generation}' has {identity.dimensions} dimensions, not {dimensions}.")


def check_name(generation: str) -> str:
    """The name, when a generation may have it. Raises InvalidInput otherwise."""
    if not _NAME.fullmatch(generation):
        raise InvalidInput(f"'{generation}' is not a name for a generation.")
    return generation
