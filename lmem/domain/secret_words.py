"""Secrets by the words beside them: assignments in any notation, and sentences such as "the password is ...".

Not by the look of a vendor's token (lmem.domain.secret_shapes). How strong a value has to look depends on the word: a
password may be weak, a token or key is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from lmem.domain.lazyregex import Later
from lmem.domain.secret_strength import is_chosen, is_class_name, is_fair, is_hex, is_opaque, is_wild

_VENDORS = (
    "heroku", "cloudflare", "algolia", "datadog", "fastly", "dropbox", "twilio", "mailgun", "okta", "linkedin",
    "twitter", "airtable", "facebook", "discord", "bitbucket", "atlassian", "jira", "confluence", "sentry", "relic",
    "launchdarkly", "pagerduty", "rollbar", "snyk", "codecov", "hubspot", "netlify", "mattermost", "trello",
)  # fmt: skip
"""Services whose keys have no shape of their own: their names count as a word for a key."""
_PASSWORDS = {
    "pass": r"pass(?:word|wd|phrase|code|wort)|pass(?![a-z])(?:(?<![a-z]pass)|(?<=requirepass)|(?<=dbpass))",
    "pwd": r"pwd",
    "pw": r"pw(?![a-z])(?<![a-z]pw)",
    "psk": r"psk(?![a-z])(?<![a-z]psk)",
}
_TOKENS = {
    "secret": r"secret",
    "token": r"token",
    "cred": r"credential|creds(?![a-z])",
    "jwt": r"jwt",
    "bearer": r"bearer",
    "auth": r"authorization|auth(?![a-z])(?<![a-z]auth)",
    "cookie": r"cookie",
    "dsn": r"dsn(?![a-z])(?<![a-z]dsn)",
    "pat": r"pat(?![a-z])(?<![a-z]pat)",
    "key": r"keys?(?![a-z])",
    "session": r"session[_-]?id",
}
"""Beginnings of the words beside which a secret stands, and what makes such a beginning one of them."""
_STEMS = {
    **{stem: ("password", Later(word)) for stem, word in _PASSWORDS.items()},
    **{stem: ("token", Later(word)) for stem, word in _TOKENS.items()},
    **{name: ("vendor", Later(name)) for name in _VENDORS},
}
_KEY_OF = Later(
    r"(?:api|access|auth|private|signing|encryption|master|account|service|client|licen[sc]e|session|webhook|admin|deploy|"
    r"host|app|ingest|server|shared|storage|write|read|sas|hmac|aes|jwt|root|tunnel|integration|personal|oauth|bot|user|"
    r"integrator|routing|function|" + "|".join(_VENDORS) + r")[ _.-]?$"
)
_OTHERWISE = Later(
    r"s?[_.\- ]?(?:len(?![a-z])|length|size|count|limit|max|min|ur[il](?![a-z])|endpoint|path|file(?!d)|dir|name|"
    r"id(?![a-z])|ids(?![a-z])|field|label|hint|polic|expir|ttl|timeout|format|regex|pattern|prefix|hash(?!i)|algorithm|"
    r"version|usage|budget|digest|checksum|fingerprint|sha\d*(?![a-z])|type|scope|status|error|help|event|prompt|address)"
)
"""What follows a word when the name is of something about the secret: token_count, key_id, password_file."""
_PUBLIC = Later(r"(?:public|cache|primary|foreign|partition|sort|idempotency|publishable|pub)[ _.-]?$")
_TYPE = r"(?:str|string|bytes|text|optional\[str\]|secretstr|str ?\| ?none|char ?\*|any|&str|&'static str)"
_ASSIGNED = Later(
    r"(?P<tail>[\w.-]{0,30}(?: \([^)\n]{0,30}\))?)"
    r"(?:\\?[\"'`]|[\])}*]|%5d){0,4}"
    r"(?P<op>[ \t]*:[ \t]*" + _TYPE + r"[ \t]*=(?!=)|\s{0,3}(?:=>|:=|={1,3}|!==?|:{1,2}|->|→|\?=|\|\|=)"
    r"|[ \t]*,?\s*\\?[\"']?(?:default)?value\\?[\"']?[ \t]*[:=]|[ \t]*[,(][ \t]*(?=\\?[\"'`])|[ \t]+(?=[\"'`])|>|%3d)"
    r"(?P<gap>[ \t]*(?:[|>][+-]?[ \t]*)?"
    r"(?:\\n|\n\s*[ \t]+|\n\s*(?=\S+(?:\n|$)))?[ \t]*(?:\*\*)?(?:<)?(?:b|r|f|u|rb|@)?)"
    r"(?:(?P<q>\\?[\"'`])(?P<quoted>(?:[^\n\\]|\\(?![nrt]))*?)(?P=q)|(?P<plain>[^\s\"'`]+))",
    re.IGNORECASE,
)
_SCHEME = Later(
    r"(?:bearer|basic|token|bot|apikey|api-key|ssws|key|digest|aws4-\S+)[ =]+"
    r"|\w{1,30}=(?=\S{12})",
    re.I,
)
_PLAIN_END = Later(r"[;&,](?=\s|$|[\w.-]+=|[\w -]+:)|</|\\[nrt]|[)\]}>,;]+$|[.:!?]$|\*\*$")
_FLAG = Later(r"(?P<tail>[\w-]{0,20})(?:[ \t]+|=)[\"']?(?P<s>[^\s\"']+)")
_SPOKEN = Later(r"[^\s\"'`“”\u2018\u2019()<>,]+")
_SAYS = frozenset(
    ("is", "was", "are", "be", "to", "=", ":", "now", "still", "currently", "equals", "stays", "it's", "being", "-",
     "->", "→", "=>", "as", "of")
)  # fmt: skip
_BEFORE = Later(
    r"(?P<s>[^\s\"'`(]{8,200})[\"'`)]?[ \t]+(?:(?P<says>as|is|for|was)[ \t]+|[(\[-]{1,2}[ \t]*)"
    r"(?:(?:the|our|my|a|his|her|your)[ \t]+)?"
    r"(?:[\w-]+[ \t]+){0,3}$"
)
_OF_WHOM = Later(
    r"[ \t]+(?:for|of|on)[ \t]+(?:(?:the|our|my|a|his|her|your)[ \t]+)?+[^\s\"'`]+[ \t]+"
    r"(?:(?:user|account|login)[ \t]+)?[\"'`(]*"
)
"""Whose a secret is, as in 'the password for root X'."""
_LINE_END = Later(r"[ \t.:*_`]*\n\s*(?=\S{14,}[ \t]*(?:\n|$))")
_TRIM = ".,;:!?)]}>*_"

Found = tuple[int, int, str]
"""Start and end of a secret, and its kind."""


class _Word(NamedTuple):
    """A word for a secret at a place in a text, and how strong a value beside it has to look."""

    start: int
    end: int
    strength: str
    text: str


def _words(low: str, passwords_only: bool = False) -> Iterator[_Word]:
    """The words for secrets in a text, in no order; or those for passwords alone."""
    for stem, (strength, pattern) in _STEMS.items():
        if strength != "password" and passwords_only:
            return
        at = low.find(stem) if stem in low else -1
        while at >= 0:
            word = pattern.match(low, at)
            if word is not None:
                bare = stem in ("key", "session") or word.group() == "auth"
                if bare and not _KEY_OF.search(low, max(0, at - 15), at):
                    yield _Word(at, word.end(), "key", word.group())
                elif stem == "key":
                    yield _Word(at, word.end(), "token", "api-key")
                else:
                    yield _Word(at, word.end(), strength, word.group())
            at = low.find(stem, at + len(stem))


def beside_words(text: str, low: str, passwords_only: bool) -> Iterator[Found]:
    """Secrets that words in `low` (`text` in lower case, of the same length) give away. They may overlap."""
    for word in _words(low, passwords_only):
        if _PUBLIC.search(low, max(0, word.start - 12), word.start):
            continue
        assigned = _ASSIGNED.match(text, word.end)
        if assigned is not None:
            value = _value_of(assigned)
            if value is not None and _accepts(word, low, assigned, text[value[0] : value[1]]):
                yield (*value, _kind(word.text))
                continue
        yield from ((start, end, _kind(word.text)) for start, end in _spoken(text, low, word))


def is_secret_beside(name: str, value: str) -> bool:
    """Whether a value under a name, as in JSON, is a secret because of the name."""
    low = name.lower()
    word = _last_word(low)
    if word is None or " " in value or _OTHERWISE.match(low, word.end) or _PUBLIC.search(low, 0, word.start):
        return False
    if word.strength == "password":
        return is_chosen(value)
    return is_opaque(value) and (word.strength != "key" or not is_hex(value))


def kind_of_name(name: str) -> str:
    """The kind of a secret that a name gave away."""
    word = _last_word(name.lower())
    return _kind(word.text) if word else "secret"


def _is_verb(low: str, word: _Word) -> bool:
    """Whether a 'pass' stands alone: what one passes to a function is no password, unless it is assigned."""
    return word.text == "pass" and not low[max(0, word.start - 1) : word.start].isalpha()


@lru_cache(maxsize=256)  # the names of fields, which are few
def _last_word(low: str) -> _Word | None:
    return max(_words(low), key=_end, default=None)


def _end(word: _Word) -> int:
    return word.end


def _kind(word: str) -> str:
    if word.startswith(("pass", "pw", "psk")):
        return "password"
    for kind in ("token", "secret", "cookie"):
        if kind in word:
            return kind
    return "api-key" if "key" in word else "secret"


def _value_of(assigned: re.Match[str]) -> tuple[int, int] | None:
    """Where the value of an assignment starts and ends; None when there is none worth a look."""
    name = "quoted" if assigned["q"] else "plain"
    start, end = assigned.span(name)
    text = assigned.string
    scheme = _SCHEME.match(text, start, end)
    if scheme is not None and name == "quoted":
        start = scheme.end()
    if name == "plain":
        cut = _PLAIN_END.search(text, start, min(len(text), end + 1))
        if cut is not None and cut.start() < end:
            end = cut.start()
    return (start, end) if end - start >= 4 else None


def _accepts(word: _Word, low: str, assigned: re.Match[str], value: str) -> bool:
    """Whether the value of an assignment is a secret."""
    tail, op = assigned["tail"].lower(), assigned["op"].strip()
    otherwise = _OTHERWISE.match(tail) is not None
    if word.strength == "password":
        if otherwise or " " in value:
            return not otherwise and "phrase" in word.text and value.count(" ") >= 3
        if _is_verb(low, word) and not op.strip("\"' ").startswith((":", "=", ">", "-")):
            return False
        firm = bool(assigned["q"]) or assigned.string[word.start : word.end].isupper()
        return is_chosen(value) if firm and op not in (",", "(") else is_fair(value)
    if " " in value:
        return False
    if not is_opaque(value):
        return word.strength == "token" and bool(assigned["q"]) and not otherwise and is_wild(value)
    if is_hex(value):
        return not otherwise and word.strength != "key"
    return not otherwise or (len(value) >= 30 and "id" not in tail)


def _spoken(text: str, low: str, word: _Word) -> Iterator[tuple[int, int]]:
    """Secrets in a sentence around a word: 'the password is X', 'token X', '--password X', 'X is the token'."""
    if (
        low[max(0, word.start - 40) : word.start].rpartition(" ")[2].startswith("--")
        or low[word.start - 1 : word.start] == "-"
    ):
        flag = _FLAG.match(text, word.end)
        if flag is not None and (is_fair(flag["s"]) if word.strength == "password" else is_opaque(flag["s"])):
            yield flag.span("s")
            return
    if _is_verb(low, word):
        return
    yield from _after(text, word)
    before = _BEFORE.search(text, max(0, text.rfind("\n", 0, word.start) + 1, word.start - 240), word.start)
    if before is None or not _convinces(before["s"], word.strength, True):
        return
    if before["says"] != "for" or not is_class_name(before["s"]):
        yield before.span("s")


def _after(text: str, word: _Word) -> Iterator[tuple[int, int]]:
    begin = word.end
    while text[begin : begin + 1].isalnum() or text[begin : begin + 1] in ("_", "-"):
        begin += 1
    alone = _LINE_END.match(text, begin)
    line_end = text.find("\n", alone.end() if alone else begin)
    stop = min(len(text) if line_end < 0 else line_end, begin + 300)
    # A class may be meant where nothing says that the value is the secret: no sign, no verb, no bare word before.
    bare = begin == word.end and word.strength in ("password", "token")
    owned = _OF_WHOM.match(text, begin, stop) if bare else None
    close, says = True, bool(alone) or bare or not {":", "=", ">"}.isdisjoint(text[begin : begin + 3])
    for token in islice(_SPOKEN.finditer(text, begin, stop), 7):
        value = token.group().rstrip(_TRIM)
        said = says or (owned is not None and token.start() == owned.end())
        if _convinces(value, word.strength, close) and (said or not is_class_name(value)):
            yield token.start(), token.start() + len(value)
            return
        close = says = value.lower() in _SAYS or token.group().endswith((":", "="))


def _convinces(value: str, strength: str, close: bool) -> bool:
    """Whether a word of a sentence is a secret: `close` when only 'is' or a colon stands between it and its name."""
    if is_opaque(value) and len(value) >= 14 and not is_hex(value) and "/" not in value[:-1]:
        return True
    if not close or strength == "key":
        return False
    if strength == "password":
        return is_fair(value) and len(value) >= 7 and any(map(str.isdigit, value)) and "/" not in value
    return is_opaque(value)
