"""Counts over the layer flags, in one look at the rows.

Not the flags of one memory (memories.py).
"""

from __future__ import annotations

import sqlite3

from lmem.domain.filters import Filter
from lmem.domain.layers import LAYERS, from_flags
from lmem.ports.layers import Kept
from lmem.stores.sqlite.memories import conditions, source

_FLAGS = ", ".join(f"m.layer_{layer}" for layer in LAYERS)


class LayerRows:
    """LayerTable on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def kept(self, wanted: Filter) -> list[Kept]:
        where, values = conditions(wanted)  # +: grouped by their index, the rows would be read in its order
        sql = f"""SELECT {_FLAGS}, m.memory_type, m.project_id, count(*) FROM {source(wanted)} m WHERE {where}
            GROUP BY +{_FLAGS}, m.memory_type, m.project_id ORDER BY count(*) DESC, m.memory_type, m.project_id"""
        found = []
        for *flags, memory_type, project_id, count in self._db.execute(sql, values):
            found.append(Kept(from_flags(*flags).names, memory_type, project_id, count))
        return found
