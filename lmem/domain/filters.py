"""Which memories are meant: the filter that list, search and export share.

Not SQL and not a Qdrant filter; the stores translate it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions that must all hold. Dates are stored text; empty tuples and None mean no condition.

    `shared` leaves private memories out: it is set for every caller but the user's own terminal.
    """

    user_id: str
    types: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    project_id: str | None = None
    session_id: str | None = None
    since: str | None = None
    until: str | None = None
    min_importance: float | None = None
    archived: bool = False
    private_only: bool = False
    shared: bool = False
