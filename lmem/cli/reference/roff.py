"""Roff for man pages: escaping and the few macros that they use.

Not the pages' contents.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lmem._version import __version__

DATE = "2026-11-22"
"""The date in every page's footer: that of the release whose pages these are."""


def escape(text: str) -> str:
    """`text` as roff prints it as it is: backslash, hyphen and a leading dot or quote mean nothing."""
    lines = text.replace("\\", "\\e").replace("-", "\\-").splitlines()
    return "\n".join(f"\\&{line}" if line[:1] in (".", "'") else line for line in lines)


def header(name: str, section: int) -> str:
    """The title line."""
    made = '.\\" Made by "python -m lmem.cli.reference"; not to be edited.'
    return f'{made}\n.TH {name.upper()} {section} "{DATE}" "lmem {__version__}"\n'


def section(title: str, body: str) -> str:
    """A section; nothing when its body is empty."""
    return f".SH {title}\n{body}" if body else ""


def subsection(title: str, body: str) -> str:
    """A section in a section."""
    return f'.SS "{escape(title)}"\n{body}'


def paragraphs(texts: Iterable[str]) -> str:
    """Paragraphs of running text."""
    return ".PP\n".join(f"{escape(text)}\n" for text in texts)


def items(rows: Iterable[tuple[str, str]]) -> str:
    """A list of terms, already in roff, each with a plain text that explains it."""
    return "".join(f".TP\n{term}\n{escape(text)}\n" for term, text in rows)


def bold(text: str) -> str:
    """A term in bold, as a part of a line."""
    return f"\\fB{escape(text)}\\fR"


def italic(text: str) -> str:
    """A placeholder, as a part of a line."""
    return f"\\fI{escape(text)}\\fR"


def examples(rows: Sequence[tuple[str, str]]) -> str:
    """Lines to type, each under what it does."""
    shown = (f"{escape(about)}\n.PP\n.RS 4\n.nf\n{bold('$ ' + line)}\n.fi\n.RE\n" for line, about in rows)
    return ".PP\n".join(shown)


def see(pages: Iterable[tuple[str, int]]) -> str:
    """References to other pages."""
    return ",\n".join(f"{bold(name)}({number})" for name, number in pages) + "\n"
