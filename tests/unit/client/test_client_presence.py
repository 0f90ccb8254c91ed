"""What the daemon's files say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lmem.client import presence
from lmem.errors import SocketDenied
from lmem.paths import Paths, paths


@pytest.fixture
def here(tmp_path: Path) -> Paths:
    found = paths({"LMEM_HOME": str(tmp_path)})
    found.data.mkdir()
    return found


@pytest.mark.parametrize("text", ["", "{", "[]", "\udc80"])
def test_a_torn_file_says_nothing(here: Paths, text: str) -> None:
    here.daemon_file.write_bytes(text.encode(errors="surrogateescape"))
    assert presence.daemon_file(here) == {}


def test_asking_makes_no_file(tmp_path: Path) -> None:
    nowhere = paths({"LMEM_HOME": str(tmp_path / "nowhere")})
    assert not presence.lock_held(nowhere) and presence.lock_holder(nowhere) is None
    assert not (tmp_path / "nowhere").exists()


def test_a_lock_of_another_process_is_seen_and_proved(here: Paths) -> None:
    script = f"import fcntl,sys; f=open({str(here.daemon_lock)!r},'w'); fcntl.flock(f,2); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert presence.lock_held(here)
        assert presence.lock_holder(here) == holder.pid
        holder.kill()
    assert not presence.lock_held(here)


def test_denied_files_are_no_absent_daemon(here: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", deny)
    with pytest.raises(SocketDenied, match=r"daemon\.lock: Permission denied"):
        presence.lock_held(here)
    monkeypatch.setattr("builtins.open", deny)
    with pytest.raises(SocketDenied):
        presence.daemon_file(here)
