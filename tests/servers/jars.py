"""Neo4j's jars, fetched by Maven once per user and kept in the user's cache.

Not part of a checkout: nothing is written here, and several test runs may ask at once.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.servers.process import Unavailable, program

POM = Path(__file__).with_name("neo4j-pom.xml")
PATIENCE = 1200.0
"""Seconds for 130 MB on a slow line."""


def neo4j_version() -> str:
    """The version that the POM asks for."""
    (version,) = re.findall(r"<artifactId>neo4j</artifactId>\s*<version>([^<]+)<", POM.read_text(encoding="utf-8"))
    return str(version)


def neo4j_jars() -> Path:
    """The directory of jars, whole. Raises Unavailable when they are not here and Maven cannot fetch them."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lmem-tests"
    home = caches / f"neo4j-{neo4j_version()}"
    caches.mkdir(parents=True, exist_ok=True)
    with open(caches / f"{home.name}.lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.is_dir():
            _fetch(home)
    return home / "lib"


def _fetch(home: Path) -> None:
    """Into a directory beside it, which gets its name when nothing is missing."""
    unfinished = Path(tempfile.mkdtemp(prefix=f"{home.name}.", dir=home.parent))
    try:
        _copy_dependencies(unfinished / "lib")
        unfinished.rename(home)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _copy_dependencies(target: Path) -> None:
    argv = [program("mvn"), "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", "-DincludeScope=runtime",
            f"-DoutputDirectory={target}"]  # fmt: skip
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired as err:
        raise Unavailable(f"Maven did not fetch its jars within {PATIENCE:.0f} s") from err
    if done.returncode:
        first = (done.stdout + done.stderr).strip().partition("\n")[0]
        raise Unavailable(f"Maven could not fetch its jars: {first}")
