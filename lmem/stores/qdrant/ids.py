"""The id of a point: 32 hex digits in lmem, a UUID in Qdrant.

Not a generator of ids; it only translates.
"""

from __future__ import annotations

import re
from uuid import UUID

from lmem.errors import InvalidInput

_HEX = re.compile(r"[0-9a-f]{32}")


def point_id(id: str) -> UUID:
    """The point's UUID; `.hex` is the way back. Raises InvalidInput unless `id` is 32 lower-case hex digits."""
    if not _HEX.fullmatch(id):
        raise InvalidInput(f"'{id}' is not an id of 32 hex digits.")
    return UUID(hex=id)
