"""A filter as `must` conditions on the payloads of points (specification 2.1).

Not the last word: the truth checks every hit again.
"""

from __future__ import annotations

from datetime import timedelta

from lmem.domain import times
from lmem.domain.filters import LASTING, Filter, Sight
from lmem.ports.vectors import Condition

_MOMENT = timedelta(milliseconds=1)
"""Between a stored time and the next one."""

_GLOBAL = Condition("layer_assignments", any=("global",))
_LASTING = Condition("layer_assignments", any=LASTING)


def conditions(wanted: Filter) -> list[Condition]:
    """The conditions that a point's payload must meet. The vectors know neither archived nor private memories."""
    found = [Condition("user_id", any=(wanted.user_id,))]
    for key, values in (
        ("memory_type", wanted.types),
        ("category", wanted.categories),
        ("layer_assignments", wanted.layers),
        ("project_id", (wanted.project_id,) if wanted.project_id else ()),
        ("session_id", (wanted.session_id,) if wanted.session_id else ()),
    ):
        if values:
            found.append(Condition(key, any=values))
    found += [Condition("tags", any=(tag,)) for tag in wanted.tags]
    if wanted.min_importance is not None:
        found.append(Condition("importance_score", gte=wanted.min_importance))
    if wanted.since is not None or wanted.until is not None:
        after = times.to_text(times.from_text(wanted.until) + _MOMENT) if wanted.until else None
        found.append(Condition("created_at", gte=wanted.since, lt=after))
    if wanted.sight is not None:
        found.append(_seen(wanted.sight))
    if not (wanted.temporal or (wanted.layers and set(wanted.layers) <= set(LASTING))):
        found.append(_LASTING)
    return found


def _seen(sight: Sight) -> Condition:
    """At least one of: global, of the project (or of none), of one of the sessions."""
    if sight.project_id is None:
        inside = Condition("project_id", absent=True)
    else:
        inside = Condition("project_id", any=(sight.project_id,))
    session = (Condition("session_id", any=sight.sessions),) if sight.sessions else ()
    return Condition(either=(_GLOBAL, inside, *session))
