"""Where everything lies: one function from the environment to every path lmem uses.

Not a place that creates files, except `private_directory`. Standard library only, and no `dataclasses` (25 ms here):
front ends import it on the hot path.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from lmem.errors import Forbidden

SOCKET_PATH_LIMIT = 100
"""Bytes. `sun_path` holds 108 on Linux and 104 on macOS; below both with room to spare."""


class Paths:
    """Every path of one lmem instance. `home` is LMEM_HOME when that is set, else None."""

    __slots__ = ("cache", "config", "data", "home", "runtime", "state")

    def __init__(self, home: Path | None, config: Path, data: Path, state: Path, cache: Path, runtime: Path) -> None:
        self.home, self.config, self.data = home, config, data
        self.state, self.cache, self.runtime = state, cache, runtime

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Paths) and all(getattr(self, n) == getattr(other, n) for n in self.__slots__)

    def __hash__(self) -> int:
        return hash((self.home, self.data, self.runtime))

    @property
    def config_file(self) -> Path:
        return self.config / "config.toml"

    @property
    def database(self) -> Path:
        return self.data / "layered_memory.db"

    @property
    def vectors(self) -> Path:
        return self.data / "vectors"

    @property
    def backups(self) -> Path:
        return self.data / "backups"

    @property
    def restore_note(self) -> Path:
        """Asks the next start of the daemon to restore a backup before it opens the database."""
        return self.data / "restore.json"

    @property
    def restore_outcome(self) -> Path:
        """What became of the last restore."""
        return self.state / "restored.json"

    @property
    def daemon_lock(self) -> Path:
        """Held with flock for the daemon's whole life; never unlinked."""
        return self.data / "daemon.lock"

    @property
    def startup_lock(self) -> Path:
        """Held by the client that probes, spawns and waits."""
        return self.data / "startup.lock"

    @property
    def daemon_file(self) -> Path:
        """JSON written by the daemon beside its lock: pid, socket, version, started_at. Clients read it first."""
        return self.data / "daemon.json"

    @property
    def starts_file(self) -> Path:
        """Recent start times, so that a crash loop stops."""
        return self.state / "starts.json"

    @property
    def log_file(self) -> Path:
        return self.state / "daemon.log"

    @property
    def crash_file(self) -> Path:
        """Where a daemon started on demand prints: empty unless it died of something that no log records."""
        return self.state / "daemon.stderr"

    @property
    def spool(self) -> Path:
        return self.state / "spool"

    @property
    def watched_file(self) -> Path:
        """Which repositories' commits are watched, and how far their logs were read."""
        return self.state / "repositories.json"

    @property
    def hook_runner(self) -> Path:
        """The script that hooks of husky, lefthook and the like run by hand."""
        return self.state / "hooks" / "post-commit"

    @property
    def models(self) -> Path:
        return self.cache / "models"

    @property
    def socket(self) -> Path:
        """The socket's path; a short hashed name in the temporary directory when the natural one is too long."""
        natural = self.runtime / "lmem.sock"
        if len(os.fsencode(natural)) <= SOCKET_PATH_LIMIT:
            return natural
        import hashlib  # only here: its OpenSSL takes 4 ms to load

        digest = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        return Path("/tmp") / f"lmem-{os.getuid()}" / f"{digest}.sock"  # private_directory() guards it


def paths(environ: dict[str, str] | None = None) -> Paths:
    """All paths, from LMEM_HOME if set (it moves everything at once), else by the platform's convention.

    The same answers as platformdirs, without its 45 ms import: tests/unit/test_paths.py holds both equal.
    """
    env = os.environ if environ is None else environ
    lmem_home = env.get("LMEM_HOME")
    if lmem_home:
        home = Path(lmem_home).expanduser().absolute()
        return Paths(home, home / "config", home / "data", home / "state", home / "cache", home / "run")
    user = Path(env.get("HOME") or Path.home())
    if sys.platform == "darwin":
        support, caches = user / "Library/Application Support/lmem", user / "Library/Caches/lmem"
        return Paths(None, support, support, support / "state", caches, _runtime(env))
    return Paths(
        None,
        _xdg(env, "XDG_CONFIG_HOME", user / ".config"),
        _xdg(env, "XDG_DATA_HOME", user / ".local/share"),
        _xdg(env, "XDG_STATE_HOME", user / ".local/state"),
        _xdg(env, "XDG_CACHE_HOME", user / ".cache"),
        _runtime(env),
    )


def private_directory(path: Path) -> Path:
    """`path` made with mode 0700 if absent, and checked: a real directory, ours, closed to others.

    Raises Forbidden when it is a link or belongs to somebody else.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise Forbidden(
            f"{path} is not a directory of yours, so lmem does not use it.",
            hint="Set LMEM_HOME to a directory that you own.",
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        path.chmod(0o700)
    return path


def _xdg(env: os._Environ[str] | dict[str, str], name: str, default: Path) -> Path:
    value = env.get(name, "").strip()
    return (Path(value) if os.path.isabs(value) else default) / "lmem"


def _runtime(env: os._Environ[str] | dict[str, str]) -> Path:
    for candidate in (env.get("XDG_RUNTIME_DIR", ""), f"/run/user/{os.getuid()}"):
        if candidate and _is_private(candidate):
            return Path(candidate) / "lmem"
    return Path(env.get("TMPDIR") or "/tmp") / f"lmem-{os.getuid()}"


def _is_private(directory: str) -> bool:
    try:
        found = os.lstat(directory)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & 0o077
