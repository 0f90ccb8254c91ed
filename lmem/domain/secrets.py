"""Screening: credentials in a text found and replaced by marked placeholders, before the text is stored anywhere.

Not a store of rules: those are in lmem.domain.secret_shapes (by look), secret_places (by place) and secret_words (by
the words beside them). Nothing here keeps, logs or answers a value that was found.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from lmem.domain import secret_words
from lmem.domain.lazyregex import Later
from lmem.domain.secret_places import PLACES, URL_PASSWORD
from lmem.domain.secret_shapes import SHAPES, SHORTEST_WORD, Shape
from lmem.domain.secret_strength import TESTS

SHORTEST = 8
"""Characters; a shorter text holds no credential that can be told from a word."""
LONGEST_BLOCK = 60_000
BEFORE_HINT, AFTER_HINT = 300, 700
"""Characters around a hint of PLACES in which its patterns are tried."""
NEAR_KEY = 300
"""Characters around an AWS access key in which its secret key is looked for."""


def _by_hint(rows: tuple[Shape, ...]) -> dict[str, list[Shape]]:
    found: dict[str, list[Shape]] = {}
    for row in rows:
        for hint in row.hints.split(" "):
            found.setdefault(hint.replace("_-", " -"), []).append(row)
    return found


_SHAPES, _PLACES = _by_hint(SHAPES), _by_hint(PLACES)
_SHORT_HINTS = [hint for hint in _SHAPES if len(hint) < 3]
_BY_START: dict[str, list[str]] = {}
for _hint in _SHAPES:
    if len(_hint) >= 3:
        _BY_START.setdefault(_hint[:3], []).append(_hint)
_NO_NAME = Later(r"[0-9A-Z]")
_BEGIN = Later(r"-{4,5} ?BEGIN (?P<what>[A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?) ?-{4,5}")
_PUTTY = Later(r"Private-Lines: \d+\s+(?P<s>(?:[A-Za-z0-9+/=]{8,}\s*)+)(?<!\s)")
_BODY = Later(r"(?:(?:\\+[rn]|\s)+[ \t>#*\"'+|]*(?:[A-Za-z0-9+/=]{16,}|[A-Za-z-]+: [^\n]*|=[A-Za-z0-9+/]{4}))+")
_AWS_SECRET = Later(r"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_DATA_URI = Later(r"data:[\w/+.;=-]{0,60};base64,[A-Za-z0-9+/=\s]*")
_DONE = Later(r"\[redacted:[a-z0-9-]+\]")
_SCHEMES = {"postgresql": "postgres", "https": "url", "http": "url", "rediss": "redis", "amqps": "amqp", "ftps": "ftp"}


@dataclass(frozen=True, slots=True)
class Finding:
    """A credential: its kind and where it begins, line and column counted from 1."""

    kind: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Screened:
    """A text as it may be stored, and what was replaced in it, in order."""

    text: str
    findings: tuple[Finding, ...] = ()


def placeholder(kind: str) -> str:
    """What stands in a text instead of a credential."""
    return f"[redacted:{kind}]"


def screen(text: str) -> Screened:
    """`text` with every credential replaced. Screening the result again changes nothing."""
    if len(text) < SHORTEST:
        return Screened(text)
    spans = _spans(text)
    if not spans:
        return Screened(text)
    parts: list[str] = []
    findings: list[Finding] = []
    at = 0
    for start, end, kind in spans:
        parts += text[at:start], placeholder(kind)
        findings.append(Finding(kind, text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)))
        at = end
    return Screened("".join([*parts, text[at:]]), tuple(findings))


def screen_value(name: str, text: str) -> Screened:
    """As `screen`, for a text that stands under a name, as in JSON: the name may give it away."""
    if len(text) >= 6 and secret_words.is_secret_beside(name, text):
        kind = secret_words.kind_of_name(name)
        return Screened(placeholder(kind), (Finding(kind, 1, 1),))
    return screen(text)


def _spans(text: str) -> list[secret_words.Found]:
    """Start, end and kind of each credential, in order and apart from each other."""
    low = _lower(text)
    words = list(dict.fromkeys([word for word in text.split() if len(word) >= SHORTEST_WORD and _NO_NAME.search(word)]))
    found = [*_shaped(text, low, words), *secret_words.beside_words(text, low, passwords_only=not words)]
    if not found:
        return []
    safe = [match.span() for match in _DONE.finditer(text)] if "[redacted:" in low else []
    safe += [match.span() for match in _DATA_URI.finditer(text)] if ";base64," in low else []
    return _apart([item for item in found if not any(item[0] < end and start < item[1] for start, end in safe)])


def _apart(found: list[secret_words.Found]) -> list[secret_words.Found]:
    """Findings that overlap are one, of the kind that was found first: a shape is surer than a word."""
    merged: list[tuple[int, int, str, int]] = []
    for start, end, kind, order in sorted((*item, order) for order, item in enumerate(found)):
        if merged and start < merged[-1][1]:
            last = merged[-1]
            surer = kind if order < last[3] else last[2]
            merged[-1] = (last[0], max(end, last[1]), surer, min(order, last[3]))
        else:
            merged.append((start, end, kind, order))
    return [item[:3] for item in merged]


def _shaped(text: str, low: str, words: list[str]) -> Iterator[secret_words.Found]:
    """What SHAPES find in the words, and PLACES in the text, in the order of the tables."""
    if "private key" in low or "private-lines" in low:
        yield from _key_blocks(text)
    for word in words:
        found = [item for row in _rows_for(word.lower()) for item in _of_row(row, word)]
        at = text.find(word) if found else -1
        while at >= 0:
            for start, end, kind in found:
                yield at + start, at + end, kind
                if kind == "aws-access-key":
                    yield from _aws_secrets(text, at + start, at + end)
            at = text.find(word, at + len(word))
    for hint, rows in _PLACES.items():
        for begin, end in _windows(low, hint) if hint in low else ():
            for row in rows:
                yield from _of_row(row, text, begin, end)


def _rows_for(word: str) -> list[Shape]:
    """The shapes that a word may have. Its triples of characters are looked up, not each of two hundred hints in it."""
    hints = [hint for hint in _SHORT_HINTS if hint in word]
    for start in _BY_START.keys() & {word[at : at + 3] for at in range(len(word) - 2)}:
        hints += [hint for hint in _BY_START[start] if hint in word]
    return list({row: None for hint in hints for row in _SHAPES[hint]})


def _windows(low: str, hint: str) -> Iterator[tuple[int, int]]:
    """The parts of a text that are near to a hint, apart from each other."""
    at = low.find(hint)
    while at >= 0:
        begin, end = max(0, at - BEFORE_HINT), at + AFTER_HINT
        while (at := low.find(hint, at + len(hint))) >= 0 and at - BEFORE_HINT < end:
            end = at + AFTER_HINT
        yield begin, end


def _of_row(row: Shape, text: str, begin: int = 0, limit: int = sys.maxsize) -> Iterator[secret_words.Found]:
    for match in _compiled(row.pattern).finditer(text, begin, limit):
        start, end = match.span("s" if "s" in match.re.groupindex else 0)
        if end > start and _is_bounded(text, match.start()) and TESTS[row.test](text[start:end]):
            yield start, end, _kind(row, text, match.start())


def _key_blocks(text: str) -> Iterator[secret_words.Found]:
    """Private keys in PEM or PGP armour, line ends escaped or not; of one without an end, all that looks like it."""
    for lines in _PUTTY.finditer(text):
        yield *lines.span("s"), "private-key"
    for begin in _BEGIN.finditer(text):
        end = text.find(f"END {begin['what']}", begin.end(), begin.end() + LONGEST_BLOCK)
        body = _BODY.match(text, begin.end())
        if end >= 0 and end - begin.end() >= 64:
            close = text.find("-----", end)
            yield begin.start(), close + 5 if 0 <= close <= end + 60 else end + 4 + len(begin["what"]), "private-key"
        elif body is not None and end < 0 and body.end() - body.start() >= 40:
            yield begin.start(), body.end(), "private-key"


def _aws_secrets(text: str, start: int, end: int) -> Iterator[secret_words.Found]:
    for match in _AWS_SECRET.finditer(text, max(0, start - NEAR_KEY), min(len(text), end + NEAR_KEY)):
        value = match.group()
        if any(map(str.isupper, value)) and any(map(str.islower, value)) and any(map(str.isdigit, value)):
            yield *match.span(), "aws-secret-key"


def _is_bounded(text: str, start: int) -> bool:
    """Whether a match begins a word: not inside of a longer one, though it may follow an escaped line end."""
    if start == 0 or not (before := text[start - 1]).isalnum() or not text[start].isalnum():
        return True
    return before in "nrt" and text[start - 2 : start - 1] == "\\"


def _kind(row: Shape, text: str, start: int) -> str:
    if row.kind != URL_PASSWORD:
        return "sentry-dsn" if row.kind == "url-token" and "sentry" in text[start : start + 150] else row.kind
    scheme = re.search(r"[a-z][a-z0-9]*(?=(?:\+[a-z0-9]+)?$)", text[max(0, start - 20) : start].lower())
    name = scheme.group() if scheme else "url"
    return f"{_SCHEMES.get(name, name)}-password"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A row's pattern, compiled when a text first has one of its hints: the daemon's start does not wait for it."""
    return re.compile(pattern)


def _lower(text: str) -> str:
    """`text` in lower case, character for character."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(char.lower() if char.isascii() else char for char in text)
