"""Connections: their settings, and the filesystems that are refused."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from lmem.errors import Forbidden, LmemError, StoreUnavailable
from lmem.stores.sqlite.connection import (
    PAGE_SIZE,
    identity,
    inspect,
    open_reader,
    open_writer,
    refuse_remote_filesystem,
)

MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:50 / /mnt/c rw,noatime - 9p drvfs rw,dirsync
31 22 0:51 / /home/ada rw - nfs4 server:/home rw
32 31 254:1 / /home/ada/local rw shared:5 - ext4 /dev/vdb rw
33 22 0:52 / /mnt/with\\040space rw - cifs //server/share rw
34 22 0:53 / /over rw - nfs4 server:/over rw
35 34 254:2 / /over rw - xfs /dev/vdc rw
"""


@pytest.mark.parametrize(
    ("directory", "kind"),
    [
        ("/mnt/c/Users/ada/.lmem", "9p"),
        ("/home/ada/.local/share/lmem", "nfs4"),
        ("/mnt/with space/lmem", "cifs"),
        ("/home/ada/local/lmem", None),
        ("/home/adam/lmem", None),
        ("/over/lmem", None),
        ("/var/lib", None),
    ],
)
def test_network_filesystems_are_refused_by_name(tmp_path: Path, directory: str, kind: str | None) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    if kind is None:
        refuse_remote_filesystem(Path(directory), mounts)
        return
    with pytest.raises(Forbidden, match=f"on a {kind} filesystem") as refused:
        refuse_remote_filesystem(Path(directory), mounts)
    assert "LMEM_HOME" in refused.value.hint


def test_a_link_to_a_network_filesystem_is_seen_through(tmp_path: Path) -> None:
    mounts, real, link = tmp_path / "mountinfo", tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    mounts.write_text(f"{MOUNTS}36 22 0:54 / {real.resolve()} rw - fuse.sshfs me@there rw\n")
    with pytest.raises(Forbidden, match=r"fuse\.sshfs"):
        refuse_remote_filesystem(link, mounts)
    refuse_remote_filesystem(tmp_path, tmp_path / "absent")


def test_the_writer_is_durable_and_the_reader_harmless(path: Path) -> None:
    writer = open_writer(path)
    writer.execute("CREATE TABLE t (x)")
    reader = open_reader(path)

    def pragma(connection: sqlite3.Connection, name: str) -> object:
        return connection.execute(f"PRAGMA {name}").fetchone()[0]

    wanted = {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "page_size": PAGE_SIZE, "query_only": 0}
    assert {name: pragma(writer, name) for name in wanted} == wanted
    assert pragma(reader, "query_only") == 1
    for connection in (writer, reader):
        common = {
            "foreign_keys": 1,
            "recursive_triggers": 1,
            "busy_timeout": 5000,
            "cell_size_check": 1,
            "mmap_size": 0,
        }
        assert {name: pragma(connection, name) for name in common} == common
        assert pragma(connection, "wal_autocheckpoint") == 0
        connection.close()


def test_a_path_with_odd_characters_is_taken_literally(tmp_path: Path) -> None:
    path = tmp_path / "a?mode=ro&b #1%41 ü" / "layered_memory.db"
    path.parent.mkdir()
    open_writer(path).close()
    assert path.exists()
    assert inspect(path) == 0


def test_opening_what_cannot_be_opened_is_an_lmem_error(tmp_path: Path) -> None:
    with pytest.raises(LmemError):
        open_writer(tmp_path / "no such folder" / "layered_memory.db")
    with pytest.raises(LmemError):
        open_reader(tmp_path / "absent.db")
    assert not (tmp_path / "absent.db").exists()


def test_identity_tells_a_replaced_file(tmp_path: Path) -> None:
    path, other = tmp_path / "one", tmp_path / "two"
    assert identity(path) is None
    path.touch()
    other.touch()
    before = identity(path)
    assert before is not None and before == identity(path)
    other.replace(path)
    assert identity(path) != before


def test_identity_tells_what_is_absent_from_what_cannot_be_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert identity(tmp_path / "file" / "layered_memory.db") is None
    (tmp_path / "loop").symlink_to("loop")  # stat says ELOOP, to root too, whom no permission stops
    for look in (identity, inspect):
        with pytest.raises(StoreUnavailable, match="cannot be looked at"):
            look(tmp_path / "loop" / "layered_memory.db")
