"""Which layers a new memory joins, and which a question reads: the two sides of the router.

Not a store: it sees types, tags and the scope of a call.
"""

from __future__ import annotations

from dataclasses import dataclass

from lmem.domain.filters import Sight
from lmem.domain.layers import LAYERS, Layers, layers
from lmem.domain.nouns import with_article
from lmem.domain.scope import Scope

PROJECT_TYPES = frozenset({"decision", "pattern", "insight", "error", "solution"})
GLOBAL_TYPES = frozenset({"preference"})
WORK_TYPES = frozenset({"task", "progress"})


@dataclass(frozen=True, slots=True)
class Rule:
    """A layer in sentences: what joins it when it is added, who reads it, how a memory leaves it."""

    writes: str
    reads: str
    leaves: str


RULES: dict[str, Rule] = {
    "session": Rule(
        "Notes, tasks and progress that are added while a session is active.",
        "Read in the session, and in the sessions that it is a parent of.",
        "When the session ends, what mattered joins its project; the rest keeps the temporal layer only.",
    ),
    "project": Rule(
        "Decisions, patterns, insights, errors and solutions inside a project, and its tasks and progress.",
        "Read in the project's directories, or with --project; from elsewhere with --all-projects only.",
        "What fades (importance under 0.1 after 30 days) moves to the temporal layer; decisions and pins do not.",
    ),
    "global": Rule(
        "Preferences, and whatever is added outside of any project and session.",
        "Read everywhere; a memory that came from a project names it.",
        "What fades moves to the temporal layer; 'lmem layer move' moves it at once.",
    ),
    "temporal": Rule(
        "Nothing by itself; 'lmem add --layer temporal' does.",
        "Read when a question is about time, when it is asked for, or when the other layers give too little.",
        "'lmem layer move' or 'lmem undo' brings a memory back.",
    ),
}
"""The table of design section 8 as 'lmem layer list' explains it."""


@dataclass(frozen=True, slots=True)
class Route:
    """A routing decision and the reason for it, as a clause for people."""

    layers: Layers
    because: str


def route(
    memory_type: str, tags: tuple[str, ...], explicit: tuple[str, ...], in_project: bool, in_session: bool
) -> Route:
    """The layers of a new memory (design section 8): an explicit layer wins, then tags, then type and context.

    Nothing becomes global only because it is important. Raises InvalidInput for an unknown explicit layer.
    """
    if explicit:
        return Route(layers(explicit), "the layer was given")
    tagged = [tag for tag in tags if tag in LAYERS]
    if tagged:
        return Route(layers(tagged), f"the tag '{tagged[0]}' names a layer")
    if memory_type in GLOBAL_TYPES:
        return Route(layers(["global"]), f"{with_article(memory_type)} holds everywhere")
    kind = with_article(memory_type)
    place = "project" if in_project else "global"
    where = "inside a project" if in_project else "outside of any project"
    if memory_type in WORK_TYPES and in_session:
        chosen = ["session", "project"] if in_project else ["session"]
        return Route(layers(chosen), f"{kind} belongs to its session")
    if memory_type not in PROJECT_TYPES and in_session:
        return Route(layers(["session"]), f"{kind} during a session belongs to it")
    return Route(layers([place]), f"{kind} {where}")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question itself says about where to look. `project` and `session` mean that only that one is asked."""

    layers: tuple[str, ...] = ()
    all_projects: bool = False
    project: bool = False
    session: bool = False
    archived: bool = False
    about_time: bool = False


@dataclass(frozen=True, slots=True)
class ReadRoute:
    """Where a question looks, and why, as clauses for people.

    `sight` is None for no limit by project. `temporal` is why the temporal layer is read ('asked', 'time'), or None;
    with `may_join` it joins when the others give too little.
    """

    layers: tuple[str, ...]
    sight: Sight | None
    temporal: str | None
    may_join: bool
    because: str


def read_route(scope: Scope, asked: Asked) -> ReadRoute:
    """Where a question looks (design section 8): current session and its parents, current project, global.

    Temporal joins when it is asked for, when the question is about time, or when the others give too little. Other
    projects only with `all_projects`; a project or a session that is asked for is all there is.
    """
    only = asked.project or asked.session
    sight = None if only or asked.all_projects else Sight(scope.project_id, scope.lineage)
    temporal = None
    if asked.layers:
        temporal = "asked" if "temporal" in asked.layers else None
    elif asked.archived or asked.session:
        temporal = "asked"
    elif asked.about_time:
        temporal = "time"
    names = asked.layers or tuple(
        layer for layer in LAYERS
        if (layer != "session" or scope.lineage or sight is None) and (layer != "temporal" or temporal)
    )  # fmt: skip
    may_join = temporal is None and not asked.layers
    return ReadRoute(names, sight, temporal, may_join, _read_reason(scope, asked, temporal, may_join))


def _read_reason(scope: Scope, asked: Asked, temporal: str | None, may_join: bool) -> str:
    parts: list[str] = []
    if asked.session:
        parts.append("the session that was named")
    elif asked.project:
        parts.append(f"project {scope.project}, which was named")
    elif asked.all_projects:
        parts.append("all projects, as asked")
    else:
        if scope.lineage:
            parts.append(f"session {scope.lineage[0][:8]}" + (" and its parents" if len(scope.lineage) > 1 else ""))
        known = scope.project_id is not None
        parts.append(f"project {scope.project} ({scope.because})" if known else f"no project ({scope.because})")
        parts.append("what is global")
    if asked.layers:
        parts.append(f"of these the {' and '.join(asked.layers)} layer, as asked")
    elif temporal is not None:
        parts.append("temporal, as asked" if temporal == "asked" else "temporal, since it is about time")
    elif may_join:
        parts.append("temporal if that is too little")
    return "; ".join(parts)
