"""What a read is about: its filter, the scope it is asked in, and where the router sends it.

Not a handler: search, list, tags and export begin with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lmem.daemon.call import Call
from lmem.daemon.params import Params
from lmem.daemon.services import Services
from lmem.domain.actors import Actor
from lmem.domain.filters import Filter
from lmem.domain.routing import Asked, ReadRoute
from lmem.domain.scope import NOWHERE, Scope
from lmem.domain.timewords import TimeRange


@dataclass(frozen=True, slots=True)
class Reading:
    """`wanted` holds everything that the call asks for and everything that its place leaves out.

    `actor` is who asks, in the session of the scope.
    """

    actor: Actor
    wanted: Filter
    scope: Scope
    route: ReadRoute

    def to_wire(self, joined: bool = False) -> dict[str, object]:
        """The answer's `scope`: which project and session it depends on, which layers were read, and why.

        `joined` says that the temporal layer was read because the others gave too little.
        """
        temporal = "too_little" if joined else self.route.temporal
        return {
            "project": self.scope.project,
            "project_because": self.scope.because,
            "session": self.scope.session_id,
            "all_projects": self.route.sight is None and self.wanted.project_id is None,
            "layers": [*self.route.layers, *(["temporal"] if joined else [])],
            "temporal": temporal,
            "because": self.route.because,
        }


async def read(
    services: Services,
    call: Call,
    params: Params,
    span: TimeRange | None = None,
    bounds: bool = True,
    everywhere: bool = False,
) -> Reading:
    """What a call reads; `span` is the time that its question names, unless dates are given.

    With `bounds` what lies outside of it is left out. `everywhere` asks all projects, as 'all_projects' does. Raises
    NotFound for an unknown project or session, InvalidInput.
    """
    actor, now = services.actor(call), services.clock.now()
    all_projects = everywhere or params.flag("all_projects")
    project, session = "project" in params, "session" in params
    scope = NOWHERE if all_projects and not (project or session) else await services.scope(call, params)
    wanted = params.filter(actor.user_id, scope.project_id if project else None, actor.shared, now)
    asked = Asked(
        wanted.layers,
        all_projects,
        project,
        session,
        wanted.archived,
        about_time=span is not None or wanted.since is not None or wanted.until is not None,
    )
    route = await services.router.decide(scope, asked)
    wanted = replace(
        wanted,
        session_id=scope.session_id if session else None,
        since=wanted.since or (span.since if span and bounds else None),
        until=wanted.until or (span.until if span and bounds else None),
        sight=route.sight,
        temporal=not route.may_join,
    )
    return Reading(replace(actor, session_id=scope.session_id), wanted, scope, route)


def range_to_wire(span: TimeRange) -> dict[str, object]:
    """The answer's `range`: the words of the question that were read as time, and what they mean."""
    return {"words": span.words, "since": span.since, "until": span.until}
