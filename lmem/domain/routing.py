"""Which layers a new memory joins: the write side of the router.

Not the read side, and not a store: it sees types, tags and whether there is a project or a session.
"""

from __future__ import annotations

from dataclasses import dataclass

from lmem.domain.layers import LAYERS, Layers, layers

PROJECT_TYPES = frozenset({"decision", "pattern", "insight", "error", "solution"})
GLOBAL_TYPES = frozenset({"preference"})
WORK_TYPES = frozenset({"task", "progress"})


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
        return Route(layers(["global"]), f"a {memory_type} holds everywhere")
    place = "project" if in_project else "global"
    where = "inside a project" if in_project else "outside of any project"
    if memory_type in WORK_TYPES and in_session:
        chosen = ["session", "project"] if in_project else ["session"]
        return Route(layers(chosen), f"a {memory_type} belongs to its session")
    if memory_type not in PROJECT_TYPES and in_session:
        return Route(layers(["session"]), f"a {memory_type} during a session belongs to it")
    return Route(layers([place]), f"a {memory_type} {where}")
