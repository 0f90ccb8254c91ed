"""The memory record, what a new one needs, and what every field must hold.

Not a store: a Memory is one row as it was read, and never changes.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from lmem.domain.layers import Layers
from lmem.domain.times import from_text
from lmem.errors import InvalidInput

KNOWN_TYPES = (
    "decision", "task", "progress", "insight", "pattern", "error", "solution", "preference", "note", "commit",
)  # fmt: skip
"""Types that routing and decay know; any other short word is a type too."""

TITLE_LIMIT = 80
MAX_TAGS = 50
_PLAIN = {"L": "a", "N": "0", "M": "_"}
"""What a letter, digit or mark (half of the vowels of Hindi or Thai) outside of ASCII counts as in a word."""
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True).encode
_WORD = re.compile(r"[a-z0-9][a-z0-9_./+#-]{0,62}")
_MARKUP = re.compile(r"(?:(?:#{1,6}|[*+•>-]+)\s+)+")
"""What opens a heading, an item or a quotation. It needs the space: '--force' and '#12' are words."""


@dataclass(frozen=True, slots=True)
class Memory:
    """One row of `memories`. Dates are stored text (UTC, milliseconds); `key` is the SQLite row number."""

    key: int
    id: str
    user_id: str
    project_id: str | None
    session_id: str | None
    title: str
    content: str
    summary: str | None
    memory_type: str
    category: str | None
    tags: tuple[str, ...]
    importance_score: float
    decay_rate: float
    access_count: int
    last_accessed_at: str
    context: Mapping[str, object]
    git_context: Mapping[str, object]
    layers: Layers
    source_tool: str
    external_id: str | None
    is_private: bool
    is_archived: bool
    created_at: str
    updated_at: str
    valid_until: str | None
    rev: int
    content_hash: str
    whole_length: int | None = None
    """Characters of the text where `content` is only its beginning (lmem.domain.room): to be shown, never stored."""

    @property
    def text(self) -> str:
        """What is embedded: the title, unless it was taken from the text, and the text."""
        derived = self.content.startswith(self.title) or self.title == title_of(self.content)
        return self.content if derived else f"{self.title}\n{self.content}"

    @property
    def last_access(self) -> datetime:
        return from_text(self.last_accessed_at)


@dataclass(frozen=True, slots=True)
class Draft:
    """A memory somebody wants to add: parsed and valid, not yet routed or stored."""

    content: str
    title: str
    summary: str | None = None
    memory_type: str = "note"
    category: str | None = None
    tags: tuple[str, ...] = ()
    importance: float = 0.5
    decay_rate: float | None = None
    layers: tuple[str, ...] = ()
    project: str | None = None
    session: str | None = None
    context: Mapping[str, object] = field(default_factory=dict)
    git_context: Mapping[str, object] = field(default_factory=dict)
    created_at: datetime | None = None
    source_tool: str = "cli.add"
    external_id: str | None = None
    is_private: bool = False
    id: str | None = None
    kept_secrets: tuple[str, ...] = ()
    """Kinds of credentials in it that the caller allowed to be stored."""
    given: frozenset[str] = frozenset()
    """Fields of Memory that the caller chose; the others have what a new memory gets."""


def clean_text(text: str, limit: int, what: str = "text", remembered: bool = False) -> str:
    """`text` as it may be stored: NFC, `\\n` line ends, no white space around it.

    Raises InvalidInput when it is empty, has NUL or undecodable bytes, or has more than `limit` bytes of UTF-8.
    """
    if "\0" in text:
        raise InvalidInput(f"The {what} has a NUL byte, so it is not text.", hint="Give it as plain UTF-8 text.")
    cleaned = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").strip()
    try:
        size = len(cleaned.encode())
    except UnicodeEncodeError as err:
        raise InvalidInput(f"The {what} is not valid UTF-8.", hint="Convert it, for example with iconv.") from err
    if size > limit:
        if not remembered:
            raise InvalidInput(f"The {what} has {size:,} bytes; it may have {limit:,}.", hint="Make it shorter.")
        raise InvalidInput(
            f"The {what} has {size:,} bytes; one memory may have {limit:,}.",
            hint="Split it into several memories, or raise the setting memory.max_bytes.",
        )
    if not cleaned:
        blank = 'Say what to remember: lmem add "we chose X because Y".'
        raise InvalidInput(f"The {what} is empty.", hint=blank if remembered else "Give it at least a letter.")
    return cleaned


def title_of(content: str) -> str:
    """A title from a text: its first line with a word, without markup, cut at a word at 80 characters."""
    lines = [line.strip() for line in content.splitlines() if line.strip()] or [content]
    worded = next((line for line in lines if any(char.isalnum() for char in line)), lines[0])
    markup = _MARKUP.match(worded)
    start = markup.end() if markup else 0
    first = " ".join(worded[start : start + 4 * TITLE_LIMIT].split())  # a paragraph may be one line of a megabyte
    if len(first) <= TITLE_LIMIT:
        return first
    cut = first[: TITLE_LIMIT - 1]
    head, _, _ = cut.rpartition(" ")
    return (head if len(head) > TITLE_LIMIT // 2 else cut).rstrip(" ,;:") + "…"


def clean_title(title: str) -> str:
    """A title on one line. Raises InvalidInput when it is empty or not text."""
    return " ".join(clean_text(title, 1000, "title").split())


def clean_word(word: str, what: str) -> str:
    """A type, tag or category in its stored form: lower case, letters, digits and _ . / + # - (no spaces).

    Raises InvalidInput for anything else.
    """
    cleaned = unicodedata.normalize("NFC", word.strip().lower()).replace(" ", "-")
    plain = "".join(char if char.isascii() else _PLAIN.get(unicodedata.category(char)[0], char) for char in cleaned)
    if not _WORD.fullmatch(plain):
        raise InvalidInput(
            f"'{word[:60]}' cannot be a {what}.",
            hint=f"A {what} is one word of up to 63 letters, digits and _ . / + # -",
        )
    return cleaned


def clean_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Tags in their stored form, each once, in the order given. Raises InvalidInput."""
    if len(tags) > MAX_TAGS:
        raise InvalidInput(f"{len(tags)} tags are too many.", hint=f"A memory has at most {MAX_TAGS} tags.")
    return tuple(dict.fromkeys(clean_word(tag, "tag") for tag in tags))


def clean_share(value: object, what: str) -> float:
    """A number from 0 to 1, as importance and decay rate are. Raises InvalidInput."""
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        number = None
    if number is None or not 0.0 <= number <= 1.0:
        shown = str(value)[:40]
        raise InvalidInput(f"The {what} must lie between 0 and 1, not {shown}.", hint="Give a number such as 0.5.")
    return number


def clean_context(context: Mapping[str, object], limit: int = 100_000) -> dict[str, object]:
    """The context of a memory (files, lines, whatever its client knows) as it may be stored.

    Raises InvalidInput for what JSON text cannot hold (undecodable bytes, NaN) and for more than `limit` bytes.
    """
    try:
        size = len(to_json(context).encode())
    except (ValueError, RecursionError) as err:  # UnicodeEncodeError is a ValueError
        raise InvalidInput("The context is not plain JSON.", hint="Give UTF-8 texts and finite numbers.") from err
    if size > limit:
        raise InvalidInput(f"The context has {size:,} bytes; it may have {limit:,}.", hint="Put text into the memory.")
    return dict(context)


def content_hash(title: str, content: str) -> str:
    """32 hex digits that are equal for texts that differ in case and spacing only."""
    words = " ".join(f"{title}\n{content}".lower().split())
    return hashlib.blake2b(words.encode(), digest_size=16).hexdigest()


def to_json(value: object) -> str:
    """JSON as columns hold it: compact, keys sorted, so that equal values are equal texts.

    Raises ValueError for NaN and infinity, which SQLite's JSON does not know.
    """
    return _encode(value)
