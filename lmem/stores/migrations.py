"""The released migrations: numbered files of one ending, .sql for the truth and .cypher for a Neo4j server.

Not their running: each store does that its own way, and records what it ran with the file's checksum.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from lmem.errors import Internal


@dataclass(frozen=True, slots=True)
class Migration:
    """One released file; `checksum` is its SHA-256 in hex."""

    version: int
    name: str
    text: str
    checksum: str


def load(ending: str) -> tuple[Migration, ...]:
    """Every migration in order: from the installed package, or from the checkout this file lies in.

    Raises Internal when a number is missing.
    """
    packed = resources.files("lmem") / "_migrations"
    folder: Traversable = packed if packed.is_dir() else Path(__file__).parents[2] / "migrations"
    found = []
    for file in folder.iterdir():
        if match := re.fullmatch(rf"(\d{{3}})_(\w+)\.{ending}", file.name):
            data = file.read_bytes()
            found.append(Migration(int(match[1]), match[2], data.decode(), hashlib.sha256(data).hexdigest()))
    found.sort(key=lambda migration: migration.version)
    if not found or [migration.version for migration in found] != list(range(1, len(found) + 1)):
        raise Internal(f"The migrations in {folder} are not numbered from 1 without a gap.")
    return tuple(found)
