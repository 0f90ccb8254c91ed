"""The files of a project, as far as they tell what it is: names down to the third level, texts of its manifests.

Not the conclusions (lmem.domain.traits).
"""

from __future__ import annotations

import os

from lmem.daemon import plainfiles
from lmem.domain.traits import MANIFESTS, Traits, detect

MOST_PATHS = 5000
MOST_BYTES = 1 << 18
DEPTH = 3
_PASSED = frozenset({"node_modules", "vendor", "target", "build", "dist", "venv", "__pycache__", "site-packages"})


def traits(top: str) -> Traits:
    """Language, framework and type of what lies in a directory; blocks. What cannot be read is passed over."""
    paths = _paths(top)
    texts = {}
    for name in paths:
        if name in MANIFESTS:
            try:
                texts[name] = plainfiles.begin(os.path.join(top, name), MOST_BYTES).decode(errors="replace")
            except OSError:
                continue
    return detect(paths, texts)


def _paths(top: str) -> list[str]:
    found: list[str] = []
    levels = [("", 1)]
    while levels and len(found) < MOST_PATHS:
        inside, depth = levels.pop(0)
        try:
            entries = sorted(os.scandir(os.path.join(top, inside)), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            path = f"{inside}{entry.name}"
            if entry.is_file(follow_symlinks=False):
                found.append(path)
            elif entry.is_dir(follow_symlinks=False) and depth < DEPTH and _is_own(entry.name):
                levels.append((f"{path}/", depth + 1))
    return found[:MOST_PATHS]


def _is_own(name: str) -> bool:
    return not name.startswith(".") and name not in _PASSED
