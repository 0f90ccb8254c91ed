"""The environment of a daemon that is started on demand."""

from __future__ import annotations

import os
import site
import sys
from pathlib import Path

import pytest

from lmem.client import spawning
from lmem.client.spawning import command, environment
from lmem.paths import paths

ROOT = str(Path(spawning.__file__).parents[2])


def test_a_daemon_gets_no_repository_terminal_or_python_session(tmp_path: Path) -> None:
    given = {
        "PATH": "/bin", "HTTPS_PROXY": "http://p", "GIT_DIR": "/x", "GIT_INDEX_FILE": "/y", "LMEM_SESSION": "s",
        "PYTHONSTARTUP": "/z", "PYTHONWARNINGS": "error", "PYTHONDONTWRITEBYTECODE": "1", "LMEM_READY_FD": "9",
        "LMEM_EMBEDDING_THREADS": "2", "PYTHONPATH": "/elsewhere",
    }  # fmt: skip
    found = environment(paths({"LMEM_HOME": str(tmp_path)}), given)
    assert set(found) - {"PYTHONPATH"} == {
        "PATH", "HTTPS_PROXY", "PYTHONDONTWRITEBYTECODE", "LMEM_EMBEDDING_THREADS", "LMEM_HOME",
    }  # fmt: skip
    assert found.get("PYTHONPATH") in (None, ROOT)


def test_a_home_is_absolute_and_alone_may_move_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    own = environment(paths({"LMEM_HOME": "here"}), {"LMEM_HOME": "here", "LMEM_NOW": "2026-01-01"})
    assert own["LMEM_HOME"] == str(tmp_path / "here") and own["LMEM_NOW"] == "2026-01-01"
    assert "LMEM_NOW" not in environment(paths({"HOME": str(tmp_path)}), {"LMEM_NOW": "2026-01-01"})


def test_the_daemon_runs_the_same_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = paths({"LMEM_HOME": str(tmp_path)})
    monkeypatch.setattr(site, "getsitepackages", lambda: [ROOT])
    assert "PYTHONPATH" not in environment(here, os.environ)
    monkeypatch.setattr(site, "getsitepackages", list)
    monkeypatch.setattr(site, "getusersitepackages", lambda: "/none")
    assert environment(here, os.environ)["PYTHONPATH"] == ROOT
    assert command() == [sys.executable, "-P", "-m", "lmem.daemon", "--detached"]
