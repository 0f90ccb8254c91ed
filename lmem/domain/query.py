"""A question taken apart: plain words, quoted phrases, prefixes, identifiers, text without spaces.

Not a parser of FTS5 syntax: nothing a person types is passed on as syntax, so nothing they type can fail.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

UNSPACED = "\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Scripts written without spaces: Thai, Lao, Burmese, Khmer, Japanese, Chinese. The migrations name the same ranges."""

_STOPWORDS = """
a about after again all also am an and any are as at be because been before being but by can could did do does
doing done for from get got had has have having he her here him his how i if in into is it its just me my no not of off
on or our out over own she should so some such than that the their them then there these they this those to too up us
very was we were what when where which while who whom why will with would you your
"""
STOPWORDS = frozenset(_STOPWORDS.split())
MAX_QUERY = 4000
"""Characters of a question that are read; the model itself sees fewer."""
_PHRASE = re.compile(r'"([^"]{1,400})"')
_UNSPACED_RUN = re.compile(f"[{UNSPACED}]+")
_WORD = re.compile(r"[^\W_]+")
_IDENTIFIER = re.compile(
    r"""-{1,2}[A-Za-z][\w-]*            # a flag
      | .*[^\W_][/\\_:.@#=]+[^\W_].*    # a path, a dotted or snake_case name, an address
      | .*[a-z][A-Z].*                  # camelCase
      | (?=.*\d)(?=.*[^\W\d_]).{2,}     # letters and digits: an error code, a version
      | [#@][\w-]+ | [./~]+/.* """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Question:
    """What a query asks for. `text` is what the model sees; phrases and prefixes must be met, identifiers lead."""

    text: str
    words: tuple[str, ...]
    phrases: tuple[str, ...]
    prefixes: tuple[str, ...]
    identifiers: tuple[str, ...]
    unspaced: tuple[str, ...]

    @property
    def literal(self) -> tuple[str, ...]:
        """What is looked for as written."""
        return (*self.phrases, *self.identifiers)

    @property
    def is_symbols(self) -> bool:
        """Nothing in it is a word: it can only be found as written."""
        return not (self.words or self.unspaced or self.phrases or self.prefixes)


def parse_question(query: str) -> Question:
    """A question from what a person typed."""
    query = query.replace("\0", " ")[:MAX_QUERY]
    phrases = tuple(phrase.strip() for phrase in _PHRASE.findall(query) if _WORD.search(phrase))
    plain = _PHRASE.sub(" ", query)
    prefixes: list[str] = []
    identifiers: list[str] = []
    for token in plain.split():
        bare = token.strip("\"',;:!?()[]{}<>").rstrip(".")
        if bare.endswith("*") and _WORD.fullmatch(bare[:-1]) and len(bare) > 2:
            prefixes.append(bare[:-1].lower())
        elif len(bare) > 1 and bare.isascii() and _IDENTIFIER.fullmatch(bare):
            identifiers.append(bare)
    text = " ".join(query.replace('"', " ").replace("*", " ").split()) or query.strip()
    words = list(dict.fromkeys(word.lower() for word in _WORD.findall(_UNSPACED_RUN.sub(" ", text))))
    content = [word for word in words if word not in STOPWORDS] or words
    return Question(
        text,
        tuple(content[:64]),
        phrases,
        tuple(prefixes),
        tuple(dict.fromkeys(identifiers)),
        tuple(dict.fromkeys(_UNSPACED_RUN.findall(text))),
    )


def any_of(terms: Iterable[str], prefixes: Iterable[str] = ()) -> str:
    """An FTS5 expression that matches any of the terms (each a phrase) or prefixes; empty when there are none."""
    quoted = [_quote(term) for term in terms] + [_quote(prefix) + "*" for prefix in prefixes]
    return " OR ".join(quoted)


def all_of(terms: Iterable[str], prefixes: Iterable[str] = ()) -> str:
    """An FTS5 expression that matches all of them: for what a person quoted, and for near-duplicates."""
    quoted = [_quote(term) for term in terms] + [_quote(prefix) + "*" for prefix in prefixes]
    return " AND ".join(quoted)


def words_of(text: str) -> list[str]:
    """The lower-case words of a text, in order."""
    return [word.lower() for word in _WORD.findall(text)]


def matching_line(content: str, question: Question) -> tuple[int, str] | None:
    """The line (from 1) of a memory that shares most with the question, or None when no line shares anything."""
    wanted = [part.lower() for part in (*question.literal, *question.unspaced)]
    stems = {word[:5] for word in question.words}
    best: tuple[int, int, str] | None = None
    for number, line in enumerate(content.splitlines(), 1):
        low = line.lower()
        score = 3 * sum(part in low for part in wanted) + len(stems & {word[:5] for word in words_of(line)})
        if score and (best is None or score > best[0]):
            best = (score, number, line.strip())
    return (best[1], best[2]) if best else None


def _quote(term: str) -> str:
    return '"' + term.replace('"', '""') + '"'
