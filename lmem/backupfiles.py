"""The files of backups that the commands and the daemon both know: their names, and the note that asks for a restore.

Not what a backup holds (lmem.stores.sqlite.backup). Standard library only: the commands read these when no daemon can
start, because the database is damaged.
"""

from __future__ import annotations

import errno
import json
import re
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from lmem import durable
from lmem.errors import AmbiguousId, Forbidden, InvalidInput, NotFound, StorageFull
from lmem.paths import Paths

MANUAL, BEFORE_RESTORE, DAMAGED = "manual", "before-restore", "damaged"
"""Why a backup was made: by hand, before a restore replaced it, or kept as it was because it could not be read. Those
before a migration are 'before-schema-N'."""
_NAME = re.compile(r"layered_memory-((\d{8})T(\d{6})\.(\d{3})Z-([a-z0-9-]+))\.db")
Json = dict[str, Any]


class Named(NamedTuple):
    """What a file's name says: the name as people see it, when it was made, and why; '' for a file of other origin."""

    name: str
    at: str
    reason: str


def file_name(reason: str, at: datetime | None = None) -> str:
    """A file name that sorts by time: layered_memory-20261122T101500.123Z-REASON.db."""
    stamp = (at or datetime.now(UTC)).astimezone(UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3]
    return f"layered_memory-{stamp}Z-{reason}.db"


def named(path: Path) -> Named:
    """What the name of a backup says; of another file its time of change."""
    found = _NAME.fullmatch(path.name)
    if found is None:
        return Named(path.name, _text(datetime.fromtimestamp(path.stat().st_mtime, UTC)), "")
    name, day, time, part, reason = found.groups()
    return Named(name, _text(datetime.strptime(f"{day}{time}{part}+0000", "%Y%m%d%H%M%S%f%z")), reason)


def listed(directory: Path) -> list[Path]:
    """The databases in a directory of backups, the newest first; whatever the user put there too."""
    found = [(named(path).at, path.name, path) for path in directory.glob("*.db") if not path.name.startswith(".")]
    return [path for _, _, path in sorted(found, reverse=True)]


def resolve(directory: Path, wanted: str) -> Path:
    """The backup of a name, its first characters or its file's name; with a '/' in it any file.

    Raises NotFound, AmbiguousId, InvalidInput for a path that depends on where it is seen from.
    """
    try:
        if "/" in wanted:
            refuse_relative(wanted)
            if not Path(wanted).is_file():
                raise NotFound(f"There is no file {wanted[:200]}.", hint="Give the path of a copy of the database.")
            return Path(wanted)
        found = [path for path in listed(directory) if wanted and named(path).name.startswith(wanted)]
        exact = [path for path in listed(directory) if wanted in (path.name, named(path).name)]
    except (OSError, ValueError) as err:  # a name that no file can have
        raise NotFound(f"There is no backup of that name: {err}.", hint="Run 'lmem backup list'.") from err
    if len(exact or found) > 1:
        raise AmbiguousId(f"{len(found)} backups begin with '{wanted[:60]}'.", hint="Give more of the name.")
    for path in exact or found:
        return path
    raise NotFound(
        f"There is no backup '{wanted[:60]}'.", hint="'lmem backup list' shows the names; write a file as ./FILE."
    )


def refuse_relative(path: str) -> None:
    """Raise InvalidInput for a path that the daemon would look for elsewhere than its client, or that none can be."""
    if not path.startswith("/") or "\0" in path:
        raise InvalidInput(f"{path[:200]!r} is no path from '/' on.", hint="Give the whole path of a file.")


def ask(paths: Paths, backup: Path, address: str, agent: str) -> str:
    """Leave the note that has the next start of a daemon restore `backup`; its id, which the outcome bears.

    Durable when this returns. Raises StorageFull, Forbidden.
    """
    number = secrets.token_hex(16)
    content = {"id": number, "backup": str(backup), "at": now(), "address": address, "agent": agent}
    write(paths.restore_note, content)
    return number


def outcome(paths: Paths, number: str) -> Json | None:
    """What became of a restore: 'state' is 'done' or 'refused'; None when nothing is known of this one."""
    found = read(paths.restore_outcome)
    return found if found is not None and found.get("id") == number else None


def read(path: Path) -> Json | None:
    """The JSON object in a file; None when there is none."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def write(path: Path, content: Json) -> None:
    """Replace a file; it is whole or as it was, and durable when this returns. Raises StorageFull, Forbidden."""
    try:
        durable.replace(path, json.dumps(content).encode())
    except OSError as err:
        if err.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull(f"There is no space for {path}.") from err
        raise Forbidden(f"{path} cannot be written: {err.strerror}.") from err


def now() -> str:
    """This moment, as times are stored."""
    return _text(datetime.now(UTC))


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
