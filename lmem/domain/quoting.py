"""Stored text as it is shown to a model: quoted, so that no line of it can stand outside of its quotation.

Not a judgement of what the text says. Control, direction and invisible characters go; every kind of line end is one.
"""

from __future__ import annotations

import re
import unicodedata

_SPACE = re.compile(r"\s+")


def plain(text: str) -> str:
    """The text without characters that hide, reorder or overwrite what stands around them."""
    return text.translate(_PLAIN)


def quoted(text: str) -> str:
    """The lines of a text, each behind a '>'; blank ones go."""
    return "\n".join(f"> {line.rstrip()}" for line in plain(text).splitlines() if line.strip())


def one_line(text: str | None, longest: int = 200) -> str:
    """A name or a goal in one line of at most `longest` characters."""
    return _SPACE.sub(" ", plain(text or "")).strip()[:longest]


class _Plain(dict[int, int | str]):
    """What becomes of a character, found when it is first seen."""

    def __missing__(self, code: int) -> int | str:
        char = chr(code)
        ends = char in "\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
        hidden = unicodedata.category(char) in ("Cc", "Cf") and char not in "\n\t"
        self[code] = found = "\n" if ends else "" if hidden else code
        return found


_PLAIN = _Plain()
