"""Which memories are meant: the filter that list, search and export share.

Not SQL and not a Qdrant filter; the stores translate it.
"""

from __future__ import annotations

from dataclasses import dataclass

LASTING = ("session", "project", "global")
"""The layers that are read without being asked for; a memory with none of them is temporal alone."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What a reader sees from a place: what is global, what belongs to the project, what belongs to the sessions.

    Without a project that is what belongs to no project.
    """

    project_id: str | None = None
    sessions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions that must all hold. Dates are stored text; empty tuples and None mean no condition.

    `shared` leaves private memories out: it is set for every caller but the user's own terminal. `sight` leaves other
    projects' memories out, `temporal=False` those that only the temporal layer holds.
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
    sight: Sight | None = None
    temporal: bool = True

    def widest(self) -> Filter:
        """Everything that this filter's reader may be shown from where they stand."""
        return Filter(self.user_id, project_id=self.project_id, shared=self.shared, sight=self.sight)
