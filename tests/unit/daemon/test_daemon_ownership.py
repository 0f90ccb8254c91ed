"""The lock and daemon.json."""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from pathlib import Path

import pytest

from lmem.client import presence
from lmem.daemon.ownership import Ownership
from lmem.errors import AlreadyRunning, StorageFull
from lmem.paths import Paths, paths


@pytest.fixture
def here(tmp_path: Path) -> Paths:
    return paths({"LMEM_HOME": str(tmp_path / "h")})


def test_the_lock_is_held_until_it_is_released(here: Paths) -> None:
    assert not presence.lock_held(here)
    ownership = Ownership(here)
    assert presence.lock_held(here) and presence.lock_holder(here) == os.getpid()
    with pytest.raises(AlreadyRunning, match=str(here.data)):
        Ownership(here)
    ownership.release()
    ownership.release()
    assert not presence.lock_held(here) and presence.lock_holder(here) is None
    assert here.daemon_lock.exists(), "the lock's file is never unlinked"
    Ownership(here).release()


def test_what_is_published_can_be_read_and_is_withdrawn(here: Paths) -> None:
    ownership = Ownership(here)
    ownership.publish({"pid": 77})
    assert presence.daemon_file(here) == {"pid": 77}
    assert oct(here.daemon_file.stat().st_mode & 0o777) == "0o600"
    assert sorted(found.name for found in here.data.iterdir()) == ["daemon.json", "daemon.lock"]
    with pytest.raises(AlreadyRunning, match="process 77"):
        Ownership(here)
    ownership.withdraw()
    assert presence.daemon_file(here) == {}
    ownership.release()


def test_what_a_dead_daemon_left_is_removed(here: Paths) -> None:
    here.data.mkdir(parents=True)
    here.daemon_file.write_text(json.dumps({"pid": 1}))
    ownership = Ownership(here)
    assert presence.daemon_file(here) == {}
    ownership.release()


def test_a_replaced_directory_is_noticed_and_not_touched(here: Paths) -> None:
    ownership = Ownership(here)
    assert ownership.holds()
    here.data.rename(here.data.with_name("away"))
    assert not ownership.holds()
    other = Ownership(here)
    other.publish({"pid": 2})
    ownership.withdraw()
    assert presence.daemon_file(here) == {"pid": 2}
    ownership.release()
    assert not ownership.holds()
    other.release()


def test_a_client_that_only_asks_does_not_keep_a_daemon_out(here: Paths) -> None:
    Ownership(here).release()
    done = threading.Event()
    asked = taken = 0

    def ask() -> None:
        nonlocal asked
        while not done.is_set():
            presence.lock_held(here)
            asked += 1

    asking = threading.Thread(target=ask)
    asking.start()
    deadline = time.monotonic() + 0.5
    while time.monotonic() < deadline:
        Ownership(here).release()
        taken += 1
    done.set()
    asking.join()
    assert asked > 10 and taken > 10


def test_a_full_disk_is_told(here: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    ownership = Ownership(here)

    def full(source: object, target: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(StorageFull, match=r"daemon\.json"):
        ownership.publish({})
    ownership.release()
