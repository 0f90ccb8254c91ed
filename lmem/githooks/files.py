"""Reading and replacing a hook's file.

Not the rules of what is written; see `lmem.githooks.install`.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from lmem.errors import InvalidInput
from lmem.githooks.script import KEPT


def kept(hook: Path) -> Path:
    """Where a hook from before stands that is run beside lmem's."""
    return hook.with_name(KEPT)


def read(hook: Path) -> bytes | None:
    """What a hook's file holds; b'' for a link that leads nowhere. Raises InvalidInput for what is no file."""
    if not os.path.lexists(hook):
        return None
    if hook.is_dir():
        raise InvalidInput(f"{hook} is a directory.", hint="Move it away, then try again.")
    return hook.read_bytes() if hook.exists() else b""


def mode(hook: Path) -> int:
    """Who may read, write and run it."""
    return stat.S_IMODE(hook.stat().st_mode)


def write(file: Path, data: bytes, mode: int) -> None:
    """Replace what a file holds, in one step; a link stays one. Raises OSError."""
    place = Path(os.path.realpath(file))
    new = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        new.write_bytes(data)
        new.chmod(mode)
        new.replace(place)
    finally:
        new.unlink(missing_ok=True)
