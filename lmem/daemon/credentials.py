"""Passwords and keys of the stores' servers: from the environment, a file or a command, the first that is given.

Not in a setting, an argument or a log: what is read here goes to the store's driver and nowhere else.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from lmem.config import Config
from lmem.daemon import plainfiles
from lmem.errors import InvalidInput

MOST_BYTES = 1 << 16
"""Of a file."""

PATIENCE = 15.0
"""Seconds that a command may take, as one that asks a key ring."""


def read(config: Config, key: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """The secret `key` (as 'neo4j.password'), None when none is given.

    LMEM_NEO4J_PASSWORD comes before neo4j.password_file, that before neo4j.password_command; a trailing newline does
    not count. Blocks as long as the command. Raises InvalidInput, which never shows what was read.
    """
    given = environ.get("LMEM_" + key.replace(".", "_").upper())
    if given:
        return given
    if file := config.text(f"{key}_file"):
        return _from_file(key, Path(file).expanduser())
    if command := config.text(f"{key}_command"):
        return _from_command(key, command)
    return None


def certificates(config: Config, key: str) -> str:
    """The file that `key` (as 'redis.ca_file') names, of authorities to trust; '' for the system's."""
    file = config.text(key)
    return str(Path(file).expanduser()) if file else ""


def _from_file(key: str, file: Path) -> str:
    try:
        with plainfiles.opened(file) as opened:  # a pipe would be waited for at each try to reach the server
            open_to_others = os.fstat(opened.fileno()).st_mode & 0o077
            found = opened.read(MOST_BYTES).decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as err:
        raise InvalidInput(
            f"The file of {key}, {file}, cannot be read: {_reason(err)}.",
            hint=f"Correct {key}_file, or say in {key}_command what prints it.",
        ) from err
    if open_to_others:
        raise InvalidInput(f"The file of {key}, {file}, is open to others.", hint=f"chmod 600 {file}")
    return _some(key, found, str(file))


def _reason(err: OSError | UnicodeDecodeError) -> str:
    return (err.strerror if isinstance(err, OSError) else "") or type(err).__name__


def _from_command(key: str, command: str) -> str:
    try:
        done = subprocess.run(
            shlex.split(command), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=PATIENCE,
        )  # fmt: skip
    except (OSError, ValueError, subprocess.TimeoutExpired) as err:
        raise InvalidInput(
            f"The command of {key} did not run ({type(err).__name__}).", hint=f"Correct {key}_command."
        ) from err
    if done.returncode:
        raise InvalidInput(f"The command of {key} ended with status {done.returncode}.", hint="Run it in a terminal.")
    return _some(key, done.stdout.rstrip("\r\n"), "its command")


def _some(key: str, found: str, place: str) -> str:
    if not found:
        raise InvalidInput(f"{place} holds nothing for {key}.", hint=f"Put the secret of {key} there.")
    return found
