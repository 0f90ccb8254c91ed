"""A question taken apart: plain words, quoted phrases, prefixes, identifiers, text without spaces.

Not a parser of FTS5 syntax: nothing a person types is passed on as syntax, so nothing they type can fail.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

UNSPACED = "ぁ-ヿㇰ-ㇿ㐀-䶿一-鿿豈-﫿ｦ-ﾟก-๛ກ-ໟက-႟ក-៹𠀀-𱍏"
"""Scripts written without spaces: Japanese, Chinese, Thai, Lao, Burmese, Khmer. Never more than what migration 001
calls is_unspaced: a question that leaves plain full text has to find its rows in the other."""

_STOPWORDS = """
a about after again all also am an and any are as at be because been before being but by can could did do does
doing done for from get got had has have having he her here him his how i if in into is it its just me my no not of off
on or our out over own s she should so some such t than that the their them then there these they this those to too up
us very was we were what when where which while who whom why will with would you your
"""
STOPWORDS = frozenset(_STOPWORDS.split())
MAX_QUERY = 4000
"""Characters of a question that are read; the model itself sees fewer."""
MAX_WORDS = 64
MAX_PARTS = 16
"""Phrases, prefixes and identifiers of a question, each: every one of them costs a look-up of its own."""
_AROUND = "\"',;:!?()[]{}<>"
_NOT_TEXT = re.compile("[\0\ud800-\udfff]")
_PHRASE = re.compile(r'"([^"]{1,400})"')
_UNSPACED_RUN = re.compile(f"[{UNSPACED}]+")
_WORD = re.compile(r"[^\W_]+")
_ENDINGS = """
    s ed er ers or ors ing ings e ee y ies ied al ally ial ical ically ly ic ics ism ist ists ity ities
    ive ives iveness ively
    ment ments ion ions ional ionally ation ations ational ative atively ator ators ate ated ates ating ately ise ised
    iser ises ising isation isations ize ized izer izes izing ization izations able ably ability ible ibly ibility
    ance ances ence ences ancy ency encies ant ants ent ents ently ful fully fulness ness nesses ous ously ousness less
    """
ENDINGS = tuple(_ENDINGS.split())
"""Endings of English words, which Porter's stemmer takes off."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_PREFIX = re.compile(r"(\w[\w./:@#-]*[^\W_])\*")
_STEM = re.compile(r"(.{3,5}?)(?:(?:ings?|ed|es?|(?<!s)s)?$|(?<=.{5}))")
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
    """What a query asks for. `text` is what the model sees; phrases, prefixes and identifiers lead.

    `is_literal`: there is no plain word beside those and text without spaces, so phrases and prefixes must be met and
    identifiers come first.
    Among plain words a quotation is only a preference: made a condition, it cost .03 recall@10 (measured).
    `words` are lower case, without stopwords (unless there is nothing else) and without what `prefixes` holds.
    """

    text: str
    words: tuple[str, ...]
    phrases: tuple[str, ...]
    prefixes: tuple[str, ...]
    identifiers: tuple[str, ...]
    unspaced: tuple[str, ...]
    is_literal: bool

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
    query = unicodedata.normalize("NFC", _NOT_TEXT.sub(" ", query))[:MAX_QUERY]
    text = " ".join(query.replace('"', " ").replace("*", " ").split()) or query.strip()
    # Full text takes a run without spaces for one word, so what has one can only be met by the trigrams in it.
    phrases = [found for found in _PHRASE.findall(query) if _WORD.search(found) and not _UNSPACED_RUN.search(found)]
    prefixes: list[str] = []
    identifiers: list[str] = []
    plain = []
    for token in _PHRASE.sub(" ", query).split():
        bare = token.lstrip(_AROUND).rstrip(_AROUND + ".")
        prefix = _PREFIX.fullmatch(bare)
        if prefix and not _UNSPACED_RUN.search(bare):
            prefixes.append(prefix[1].lower())
        elif len(bare) > 1 and bare.isascii() and _IDENTIFIER.fullmatch(bare):
            identifiers.append(bare)
        else:
            plain.append(bare)
    cut = {word for prefix in prefixes for word in words_of(prefix)}
    words = list(dict.fromkeys(word for word in words_of(_UNSPACED_RUN.sub(" ", text)) if word not in cut))
    return Question(
        text,
        tuple([word for word in words if word not in STOPWORDS] or words)[:MAX_WORDS],
        _distinct(phrase.strip() for phrase in phrases),
        _distinct(prefixes),
        _distinct(identifiers),
        tuple(dict.fromkeys(_UNSPACED_RUN.findall(text))),
        is_literal=not any(words_of(_UNSPACED_RUN.sub(" ", word)) for word in plain),
    )


def any_of(terms: Iterable[str], prefixes: Iterable[str] = ()) -> str:
    """An FTS5 expression that matches any of the terms (each a phrase) or prefixes; empty when there are none."""
    return " OR ".join(_parts(terms, prefixes))


def all_of(terms: Iterable[str], prefixes: Iterable[str] = ()) -> str:
    """An FTS5 expression that matches all of them: for what a person quoted, and for near-duplicates."""
    return " AND ".join(_parts(terms, prefixes))


def words_of(text: str) -> list[str]:
    """The lower-case words of a text, in order."""
    return [word.lower() for word in _WORD.findall(text)]


def share_of_pairs(parts: Iterable[str], text: str) -> float:
    """The share of the character pairs of `parts` that `text` holds: how much of a query without spaces is met."""
    pairs = [part[at : at + 2] for part in parts for at in range(max(1, len(part) - 1))]
    return sum(pair in text for pair in pairs) / len(pairs) if pairs else 0.0


LONG_LINE = 20_000
"""Characters above which a line's words are not taken one by one (80 ms of a megabyte): that it has the stems is
enough."""


def matching_line(content: str, question: Question) -> tuple[int, str] | None:
    """The line (from 1) of a memory that shares most with the question, or None when no line shares anything."""
    wanted, stems = _shared(question)
    if "\n" not in content:
        low = content.lower()
        return (1, content.strip()) if any(part in low for part in (*wanted, *stems)) else None
    lines = content.split("\n")
    top, best = 0, None
    for number, line in enumerate(lines, 1):
        low = line.lower()
        parts = 3 * sum(part in low for part in wanted)
        score = parts + sum(stem in low for stem in stems)
        if score <= top:
            continue  # cannot be better, so the words of most lines of a long text are never taken
        if len(line) <= LONG_LINE:
            score = parts + len(stems & {_stem(word) for word in words_of(line)})
        if score > top:
            top, best = score, (number, line.strip())
    return best


@lru_cache(maxsize=8)
def _shared(question: Question) -> tuple[tuple[str, ...], frozenset[str]]:
    """What a line may share with a question: parts as written, and stems. Made once for all hits of a search."""
    wanted = tuple(part.lower() for part in (*question.literal, *question.prefixes, *question.unspaced))
    return wanted, frozenset(map(_stem, question.words))


def _stem(word: str) -> str:
    """A start that a word shares with its other forms: 'caches' and 'cached' have 'cach'. Only for showing lines."""
    found = _STEM.match(word)
    return found[1] if found else word


def _distinct(parts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(parts))[:MAX_PARTS]


def _parts(terms: Iterable[str], prefixes: Iterable[str]) -> list[str]:
    return [_quote(term) for term in terms] + [_starting_with(prefix) for prefix in prefixes]


def _starting_with(prefix: str) -> str:
    """An FTS5 expression for words that start with `prefix`.

    The index holds stems, and FTS5 stems a prefix as if it were a word: 'deploy' becomes 'deploi', which is the start
    of nothing in 'deployment'. So the prefix is completed to whole words too, and a final y, which becomes i, by each
    letter. Of 12,000 prefixes of words one in nine missed its word without this, none with it.
    """
    whole = [prefix + ending[at:] for ending in ENDINGS for at in range(len(ending)) if prefix.endswith(ending[:at])]
    longer = _LETTERS if prefix.endswith(("y", "ys")) else ""
    starts = [_quote(start) + "*" for start in (prefix, *(prefix + letter for letter in longer))]
    return "(" + " OR ".join((*starts, *map(_quote, dict.fromkeys(whole)))) + ")"


def _quote(term: str) -> str:
    return '"' + term.replace('"', '""') + '"'
