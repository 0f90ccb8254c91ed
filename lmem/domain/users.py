"""The user record, and what its fields may hold.

Not an account of the operating system; its name comes from there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lmem.domain.memories import clean_text
from lmem.errors import InvalidInput

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True, slots=True)
class User:
    """One row of `users`. An inactive user reads and searches, and writes nothing."""

    id: str
    username: str
    email: str | None
    display_name: str | None
    preferences: Mapping[str, object]
    created_at: str
    updated_at: str
    last_active_at: str
    is_active: bool
    rev: int


def clean_email(text: str) -> str:
    """An e-mail address. Raises InvalidInput."""
    cleaned = clean_text(text, 320, "e-mail address")
    if not _EMAIL.fullmatch(cleaned):
        raise InvalidInput(f"'{cleaned[:80]}' is not an e-mail address.", hint="Give one such as ada@example.org.")
    return cleaned


def clean_display_name(text: str) -> str:
    """A person's name on one line. Raises InvalidInput."""
    return " ".join(clean_text(text, 500, "name").split())
