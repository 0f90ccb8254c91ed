"""`python -m lmem.cli.reference [--check]`: write the generated files of a checkout, or say which are stale.

Not for an installed lmem: it needs the checkout's man/ and completions/.
"""

from __future__ import annotations

import sys
from pathlib import Path

from lmem.cli.reference import man, shells, table, topics
from lmem.cli.reference.tree import read_tree

ROOT = Path(__file__).resolve().parents[3]


def files() -> dict[Path, str]:
    """Every generated file and what it should hold."""
    root = read_tree()
    made = {ROOT / "lmem/cli/_options.py": table.source(root)}
    made |= {ROOT / "completions" / shells.FILE_NAMES[name]: script(root) for name, script in shells.SCRIPTS.items()}
    made |= {ROOT / "man" / name: text for name, text in (man.pages(root) | topics.pages()).items()}
    return made


def stale() -> list[Path]:
    """The generated files that are missing or hold something else."""
    return [path for path, text in files().items() if not path.exists() or path.read_text(encoding="utf-8") != text]


def main(argv: list[str]) -> int:
    """With --check, 1 if something is stale; else write it."""
    if argv not in ([], ["--check"]):
        print("Usage: python -m lmem.cli.reference [--check]", file=sys.stderr)
        return 2
    made = files()
    for path in stale():
        print(f"{'stale' if argv else 'wrote'}: {path.relative_to(ROOT)}")
        if not argv:
            path.parent.mkdir(exist_ok=True)
            path.write_text(made[path], encoding="utf-8")
    return 1 if argv and stale() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
