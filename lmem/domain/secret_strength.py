"""Whether a value looks like a secret: made by a machine, chosen as a password, or only a name or a placeholder.

Not where it stands: callers know which words are beside it, and how much proof that asks for.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Callable, Mapping

from lmem.domain.lazyregex import Later

_NOTHING = Later(
    r"""
    <.* | \$\{?\w[\w.:-]*\}?$ | \$\{.* | \$\(.* | %\(.* | %[\w{].*% | %[a-z]$ | \{.*\}?$ | \[.* | \#\{.* | @\w+@$ |
    [*.•x_-]{2,}$ | x{4,}.* | -{1,2}[a-z][\w-]*$ | \(.* | /[\w./-]*$ | ~?/.* | \.{1,2}/.* | .*://\S*$ |
    (?:no|on|off|yes|nil|null|none|true|false|undefined|void|tbd|todo|n/a|nan|str|string|text|bytes|int|number|bool)$ |
    (?:my[_-]?|the[_-]?|your[_-]?|some[_-]?|user[_-]?|db[_-]?|api[_-]?|new[_-]?|old[_-]?|app[_-]?|test[_-]?|\w+[._])?
        (?:pass(?:word|wd|phrase|code)?|pwd?|secrets?|tokens?|keys?|api[_-]?key|user(?:name)?|value|foo|bar|baz|abc|123)$
    """,
    re.VERBOSE,
)
"""What stands where a secret would, in lower case: references, masks, types, paths, and the word for it itself."""
_HINTS_NOTHING = Later(
    r"your[-_ ]?|example|placeholder|change[-_]?me|replace[-_]?|insert[-_]|dummy|redacted|hidden|masked|xxxx|\*\*\*|"
    r"\.\.\.|…|[<>]|goes[-_]here|[-_]here$|not[-_]?set|sample|fake[-_]|^lambda\b|abcdefghijklmnopqrstuvwxyz"
)
_CODE = Later(
    r"[A-Za-z_][\w]*(?:(?:\.|->|::|\?\.)[A-Za-z_]\w*)+(?:[(\[].*)?|[A-Za-z_][\w.]*[(\[].*|[\w.-]+\.(?:py|js|ts|go|rs|md|"
    r"txt|ya?ml|json|toml|ini|cfg|conf|env|pem|key|crt|sh|sql|html|com|org|net|io|dev)|v?\d+(?:[.,:/-]\d+)*[a-z%]{0,3}"
)
"""A name with dots, a call, a file, a host, a number or version."""
_PART = Later(r"[A-Za-z0-9]+")
_CAMEL = Later(r"(?:[A-Z]?[a-z]{2,}|[A-Z]{2,}(?![a-z]))+[a-z]?")
_HUMP = Later(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
"""A word or an abbreviation of a name in CamelCase."""
_UUID = Later(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_HEX = Later(r"(?:0x)?(?:[0-9a-f]+|[0-9A-F]+)")
_BASE64 = Later(r"[A-Za-z0-9+/_-]{20,}={0,2}")
_STAMP = Later(r"\d{8}T\d{4,6}Z?|\d{4,}(?:am|pm|ms|px|kb|mb|gb)?")
_WORD_AND_NUMBER = Later(r"(?:[A-Za-z][a-z]*|[A-Z]+)\d{1,4}[a-z]?|\d{1,4}[A-Za-z]+")
_CONSONANTS = Later(r"[bcdfghjklmnpqrstvwxz]{5}")
_FOUR_CONSONANTS = Later(r"[bcdfghjklmnpqrstvwxz]{4}")
_SYMBOLS = frozenset("!@#$%^&*+=?~|;,:<>/\\")
_TAME = frozenset(
    ("required", "optional", "invalid", "incorrect", "disabled", "enabled", "protected", "encrypted", "plaintext",
     "forgotten", "unchanged", "default", "password", "passwords", "passphrase", "username", "credentials",
     "authentication", "authenticated", "bcrypt", "argon2", "scrypt", "unknown", "missing", "confirmation", "confirmed",
     "verified", "expired", "anonymous", "administrator", "localhost", "production", "development", "staging", "basic",
     "bearer", "oauth", "oauth2", "openid", "hashed", "salted", "prompt", "keyring", "keychain", "environment")
)  # fmt: skip
"""Words that stand beside 'password' in ordinary texts."""


def is_placeholder(value: str) -> bool:
    """Whether a value only stands for one: <your-token>, ${VAR}, ****, None, a type, the word 'password'."""
    low = value.lower()
    if _NOTHING.match(low) or len(set(low)) < 3:
        return True
    longest = max(_PART.findall(value), key=len, default="")
    return _HINTS_NOTHING.search(low) is not None and not _is_opaque_part(longest)


def is_hex(value: str) -> bool:
    """Whether a value has the look of a digest, a commit or a UUID, which are secret only when something says so."""
    return bool(_HEX.fullmatch(value) or _UUID.fullmatch(value))


def is_opaque(value: str) -> bool:
    """Whether a machine made a value: at least 12 characters, most of them in parts that are no words."""
    if len(value) < 12 or len(set(value)) < 7 or is_placeholder(value):
        return False
    if _UUID.fullmatch(value):
        return True
    parts = [part for part in _PART.findall(value) if _is_opaque_part(part)]
    if sum(map(len, parts)) >= 10:
        return True
    classes = sum(any(test(char) for char in value) for test in (str.isupper, str.islower, str.isdigit))
    return classes == 3 and bool(_BASE64.fullmatch(value)) and not any(map(_is_name, _PART.findall(value)))


def is_class_name(value: str) -> bool:
    """Whether a value reads as the CamelCase name of a class: at least two words of five letters, at most one
    abbreviation, and little else. Hardly a random one does: .3 % of 16 letters, .01 % of letters and digits.

    An opaque value may still be one: where two of its words meet, or an abbreviation stands, consonants come in heaps.
    """
    if not (value.isascii() and value.isalpha() and value[0].isupper()):
        return False
    humps = _HUMP.findall(value)
    words = [hump for hump in humps if len(hump) >= 4 and hump[-1].islower()]
    short = [hump for hump in humps if len(hump) == 1 or (len(hump) == 2 and hump[-1].islower())]
    if sum(len(word) >= 5 for word in words) < 2 or sum(map(str.isupper, humps)) > 1 or len(short) > 1:
        return False
    return all(map(_is_spoken, words)) and 5 * sum(map(len, words)) >= 3 * len(value)


def _is_spoken(word: str) -> bool:
    """Whether a word has vowels, not too many, and no five consonants in a row."""
    low = word.lower()
    share = sum(char in "aeiouy" for char in low) / len(low)
    return 0.14 <= share <= 0.7 and not _CONSONANTS.search(low)


def is_fair(value: str) -> bool:
    """Whether a value may be a password that somebody chose: 6 characters or more, of two kinds, no name, no code."""
    if not 6 <= len(value) <= 300 or is_placeholder(value) or _CODE.fullmatch(value) or value.lower() in _TAME:
        return False
    letters = any(char.isalpha() for char in value)
    return letters and any(char.isdigit() or char in _SYMBOLS for char in value)


def is_chosen(value: str) -> bool:
    """Whether a value beside 'password =' in quotes or in an environment file is one, though it has letters only."""
    if is_fair(value):
        return True
    if not 8 <= len(value) <= 300 or is_placeholder(value) or _CODE.fullmatch(value) or value.lower() in _TAME:
        return value.isdigit() and 6 <= len(value) <= 12
    words = re.split(r"[-. ]", value)
    return value.isalpha() or (len(words) >= 3 and all(map(str.isalpha, words)))


def _is_opaque_part(part: str) -> bool:
    """Whether a run of letters and digits is no word, no CamelCase, no word with a number."""
    size = len(part)
    if size < 8 or _STAMP.fullmatch(part) or _WORD_AND_NUMBER.fullmatch(part):
        return False
    letters, groups = sum(map(str.isalpha, part)), len(re.findall(r"\d+", part))
    if 0 < letters < size:
        return groups >= 2 or (size >= 12 and not _is_name(re.sub(r"\d", "", part)))
    return letters == size >= 16 and not _is_name(part)


def _is_name(letters: str) -> bool:
    """Whether letters read as words: CamelCase, or with vowels where a mouth needs them."""
    if len(letters) < 5:
        return False
    low = letters.lower()
    share = sum(char in "aeiouy" for char in low) / len(low)
    if letters.islower() or letters.isupper():
        return not _CONSONANTS.search(low) and 0.2 <= share <= 0.65
    if _CAMEL.fullmatch(letters) and not _CONSONANTS.search(low):
        return True
    return 0.3 <= share <= 0.6 and not _FOUR_CONSONANTS.search(low)


def _is_varied(value: str) -> bool:
    low = value.lower()
    return len(set(low)) >= min(5, len(value) // 2) and not any(mask in low for mask in ("xxxx", "****", "...", "…"))


def _is_mixed(value: str) -> bool:
    if not _is_varied(value) or not any(map(str.isalpha, value)) or not any(map(str.isdigit, value)):
        return False
    cased = any(map(str.isupper, value)) and any(map(str.islower, value)) and len(re.findall(r"\d+", value)) >= 2
    return is_opaque(value) or (cased and not _CODE.fullmatch(value))


def _is_given(value: str) -> bool:
    return not is_placeholder(value) and value.lower() not in _TAME


def is_wild(value: str) -> bool:
    """Whether a short value has letters, digits and symbols, as no name has."""
    kinds = any(map(str.isdigit, value)), any(char in "!@#$%^&*+=?~" for char in value)
    return len(value) >= 8 and all(kinds) and is_fair(value)


def _is_basic(value: str) -> bool:
    """Whether a value is a user and a password in Base64."""
    try:
        plain = b64decode(value + "=" * (-len(value) % 4), altchars=b"-_" if "-" in value or "_" in value else None)
    except (binascii.Error, ValueError):
        return False
    return b":" in plain and plain.decode("utf-8", "replace").isprintable()


TESTS: Mapping[str, Callable[[str], bool]] = {
    "varied": _is_varied,
    "mixed": _is_mixed,
    "given": _is_given,
    "fair": is_fair,
    "wild": is_wild,
    "basic": _is_basic,
}
"""What the rows of SHAPES and PLACES ask of a secret part."""
