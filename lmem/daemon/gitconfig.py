"""Git's configuration files, as far as lmem reads them: who the user is, and where a repository came from.

Not all of git's syntax: an include and a continued line are passed over. No process is started.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from lmem.daemon import plainfiles

MOST_BYTES = 1 << 20
"""Of one file."""

_SYSTEM = Path("/etc")
_SECTION = re.compile(r'\s*\[\s*([A-Za-z0-9.-]+)\s*(?:"((?:[^"\\]|\\.)*)")?\s*\]')
_VALUE = re.compile(r'\s*([A-Za-z][A-Za-z0-9-]*)\s*=\s*("[^"]*"|[^#;\n]*)')


def identity(home: Path) -> tuple[str | None, str | None]:
    """The user's name and e-mail address as git's configuration gives them."""
    known: dict[str, str] = {}
    for file in (home / ".config" / "git" / "config", home / ".gitconfig"):  # the later one wins, as in git
        for section, part, key, value in _values(file):
            if section == "user" and part is None:
                known[key] = value
    return known.get("name") or None, known.get("email") or None


def remotes(common_dir: Path) -> dict[str, str]:
    """The address of each of a repository's remotes as written there; the first, where one has several."""
    found: dict[str, str] = {}
    for section, part, key, value in _values(common_dir / "config"):
        if section == "remote" and part and key == "url" and value:
            found.setdefault(part, value)
    return found


def worktree(common_dir: Path) -> str | None:
    """Where the working tree of a repository lies whose git directory is elsewhere, as a submodule's is."""
    values = _values(common_dir / "config")
    return next((value for section, _, key, value in values if (section, key) == ("core", "worktree")), None)


def core(*files: Path) -> dict[str, str]:
    """The settings of the section [core] in these files, of which the later win; their names in lower case."""
    found = (item for file in files for item in _values(file))
    return {key: value for section, part, key, value in found if section == "core" and part is None}


def may_convert(top: Path, common_dir: Path, home: Path, file: Path) -> bool:
    """Whether git's attributes may change the text of a file on its way into an object; their patterns are not read."""
    own = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "git"
    configs = (_SYSTEM / "gitconfig", own / "config", home / ".gitconfig", common_dir / "config")
    if any(
        (section, key) == ("core", "attributesfile") or section.startswith("include")
        for config in configs
        for section, _, key, _ in _values(config)
    ):
        return True
    places = [_SYSTEM / "gitattributes", own / "attributes", common_dir / "info" / "attributes"]
    around = [folder / ".gitattributes" for folder in file.parents if folder == top or top in folder.parents]
    return any(os.path.lexists(place) for place in places + around)


def _values(file: Path) -> Iterator[tuple[str, str | None, str, str]]:
    """(section, its part in quotes, key, value) of each line; nothing of a file that is none, or none of git's."""
    try:
        lines = plainfiles.begin(file, MOST_BYTES).decode().splitlines()
    except (OSError, ValueError):
        return
    section, part = "", None
    for line in lines:
        rest = line
        if header := _SECTION.match(line):
            section, part, rest = header[1].lower(), header[2], line[header.end() :]
        if pair := _VALUE.match(rest):
            yield section, part, pair[1].lower(), pair[2].strip().strip('"')
