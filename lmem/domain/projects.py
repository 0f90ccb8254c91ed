"""The project record: what it is recognised by, and the name of a new one.

Not a store, and not the look at its files (lmem.domain.traits).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lmem.domain.memories import clean_text
from lmem.domain.remotes import last_part
from lmem.domain.scope import Place
from lmem.errors import InvalidInput

NAME_LIMIT = 500
"""Bytes."""


@dataclass(frozen=True, slots=True)
class Project:
    """One row of `projects`. `git_remote_url` has no credentials; `git_branch` is the remote's default branch.

    `config` holds settings of this project, by their keys. Dates are stored text; `last_accessed_at` is a counter.
    """

    id: str
    user_id: str
    name: str
    description: str | None = None
    path: str | None = None
    git_remote_url: str | None = None
    git_branch: str | None = None
    project_type: str | None = None
    language: str | None = None
    framework: str | None = None
    config: Mapping[str, object] = field(default_factory=dict)
    created_at: str = ""
    updated_at: str = ""
    last_accessed_at: str = ""
    is_active: bool = True
    rev: int = 1


@dataclass(frozen=True, slots=True)
class Move:
    """What a merge of projects moved besides memories: an identity's value, or the id of a session, of a memory that
    is linked, of a pattern in a project, of a project whose `is_active` changes ('0', '1').

    `before` and `after` are projects; None is none.
    """

    kind: str
    object_id: str
    before: str | None
    after: str | None

    @property
    def reversed(self) -> Move:
        return Move(self.kind, self.object_id, self.after, self.before)


def clean_name(name: str) -> str:
    """A project's name on one line. Raises InvalidInput."""
    cleaned = " ".join(clean_text(name, NAME_LIMIT, "name").split())
    if not cleaned.isprintable():
        raise InvalidInput("A project's name has printable characters only.", hint="Give a name such as 'api'.")
    return cleaned


def names_for(place: Place) -> tuple[str, str | None]:
    """The name that a place's project should have, and its owner: of the remote, else of the directory."""
    return last_part(place.remote or _home(place))


def free_name(wanted: str, owner: str | None, taken: Callable[[str], bool]) -> str:
    """`wanted`, else 'owner-wanted', else 'wanted-2' and so on: the first that is not taken."""
    numbered = (f"{wanted}-{number}" for number in itertools.count(2))
    candidates = itertools.chain([wanted], [f"{owner}-{wanted}"] if owner else [], numbered)
    return next(name for name in candidates if not taken(name))


def _home(place: Place) -> str:
    """The main working tree of a repository, from any worktree of it; the directory outside of one."""
    common = place.common_dir or ""
    return common.removesuffix("/.git") if common.endswith("/.git") else place.top or place.cwd
