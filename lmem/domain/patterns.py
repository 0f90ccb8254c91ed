"""Patterns: what repeats, in one project or in several, with its evidence and how each use of it went.

Not their detection, and not a memory of the type 'pattern', which is a note like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lmem.domain.memories import clean_text, to_json
from lmem.errors import InvalidInput

EVIDENCE = {"demonstrates": "demonstrates", "validates": "validates", "contradicts": "contradicts_pattern"}
"""What a memory says of a pattern -> the kind that `pattern_evidence` and the graph (specification 3.5) know."""

SAID = {kind: word for word, kind in EVIDENCE.items()}

ORDERS = ("usage", "success")

MAX_NAME = 200
MAX_DESCRIPTION = 10_000
MAX_OUTCOME = 500
MAX_DATA = 20_000
"""Bytes."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One row of `patterns` with what its projects add up to (`pattern_totals`). Dates are stored text.

    Its id is that of the point in the vector store and of the node in the graph; `rev` grows with every change of what
    those hold.
    """

    id: str
    user_id: str
    type: str
    name: str
    description: str
    created_at: str
    updated_at: str
    rev: int = 1
    usage_count: int = 0
    success_rate: float = 1.0
    project_ids: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What is embedded."""
        return f"{self.name}\n{self.description}"


@dataclass(frozen=True, slots=True)
class ProjectPattern:
    """A pattern as it was seen in one project: one row of `project_patterns` (specification 1.8)."""

    pattern_id: str
    project_id: str
    description: str
    data: Mapping[str, object]
    success_rate: float
    usage_count: int
    memory_ids: tuple[str, ...]
    created_at: str
    updated_at: str
    last_used_at: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A pattern in a list, with how it went in the project that the list is of, if it is of one."""

    pattern: Pattern
    here: ProjectPattern | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a memory says of a pattern: a kind of EVIDENCE, with its outcome or its reason."""

    memory_id: str
    title: str
    kind: str
    outcome: str | None
    reason: str | None
    created_at: str


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a pattern in a project, and how it went. `discovered_by` is set on that of its first finder."""

    project_id: str
    used_at: str
    success: bool
    reason: str | None = None
    discovered_by: str | None = None


@dataclass(frozen=True, slots=True)
class Cited:
    """A memory that is named as evidence, by its id or the first characters of it."""

    memory: str
    kind: str
    outcome: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PatternDraft:
    """A pattern that somebody wants to record: parsed and valid. None leaves what is stored as it is."""

    type: str
    name: str
    description: str | None = None
    data: Mapping[str, object] | None = None
    evidence: tuple[Cited, ...] = ()


@dataclass(frozen=True, slots=True)
class PatternFilter:
    """Which patterns of a user are meant. With a project `min_success` counts there, else over all projects.

    `ids` narrows to these.
    """

    user_id: str
    type: str | None = None
    project_id: str | None = None
    min_success: float | None = None
    ids: tuple[str, ...] | None = field(default=None)


def clean_pattern_name(name: str) -> str:
    """A name on one line. Raises InvalidInput when it is empty, too long or not text."""
    _refuse_empty(name, "name")
    return " ".join(clean_text(name, MAX_NAME, "name of a pattern").split())


def clean_description(text: str) -> str:
    """A description as it is stored. Raises InvalidInput when it is empty, too long or not text."""
    _refuse_empty(text, "description")
    return clean_text(text, MAX_DESCRIPTION, "description")


def clean_data(data: Mapping[str, object]) -> dict[str, object]:
    """Structured data of a pattern. Raises InvalidInput for what JSON text cannot hold, and for too much."""
    try:
        size = len(to_json(dict(data)).encode())
    except (ValueError, RecursionError) as err:  # UnicodeEncodeError is a ValueError
        raise InvalidInput("The data is not plain JSON.", hint="Give UTF-8 texts and finite numbers.") from err
    if size > MAX_DATA:
        raise InvalidInput(f"The data has {size:,} bytes; it may have {MAX_DATA:,}.", hint="Put text into a memory.")
    return dict(data)


def evidence_kind(word: str) -> str:
    """The kind that a word stands for. Raises InvalidInput."""
    found = EVIDENCE.get(word, word if word in SAID else None)
    if found is None:
        raise InvalidInput(f"A memory cannot be evidence as '{word[:40]}'.", hint=f"It {', '.join(EVIDENCE)} one.")
    return found


def _refuse_empty(text: str, what: str) -> None:
    if not text.strip():
        raise InvalidInput(
            f"The {what} of a pattern is empty.", hint='lmem patterns add TYPE NAME "what it is, and when it helps"'
        )
