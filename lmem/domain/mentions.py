"""What a text says of other memories: ids and commits that it names, and commits that it reverts.

Not their looking up (lmem.service.mentions). A name is exact, so what is found is no guess.
"""

from __future__ import annotations

from dataclasses import dataclass

from lmem.domain.lazyregex import Later

MOST = 16
"""Names of one text that are looked up."""

# As git and lmem print them: lower case, from 7 digits on. A word without a digit, or a number, is none.
_NAME = Later(r"(?<![0-9A-Za-z])(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{7,40}(?![0-9A-Za-z])")
_REVERTED = Later(r"[Tt]his reverts commit ([0-9a-f]{7,40})")


@dataclass(frozen=True, slots=True)
class Mention:
    """The beginning of an id or of a commit's, and whether the text says that it reverts that."""

    name: str
    reverts: bool


def mentions(text: str) -> list[Mention]:
    """The names in a text, each once, in the order of the text; at most MOST."""
    reverted = {found[1] for found in _REVERTED.finditer(text)}
    names = dict.fromkeys(found[0] for found in _NAME.finditer(text))
    return [Mention(name, name in reverted) for name in list(names)[:MOST]]
