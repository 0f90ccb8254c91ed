"""A restore: the truth is the backup's or what it was, never a mixture and never none, whenever it is killed."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lmem.backupfiles import file_name, listed, named
from lmem.domain.actors import Actor
from lmem.errors import Conflict, Damaged, ForeignFile, LmemError, NewerFile, StorageFull, StoreUnavailable
from lmem.stores.sqlite import backup, migrations
from lmem.stores.sqlite import restore as restore_module
from lmem.stores.sqlite.audit import AuditRows
from lmem.stores.sqlite.backup import check_copy, make_backup
from lmem.stores.sqlite.connection import open_writer
from lmem.stores.sqlite.database import Database
from lmem.stores.sqlite.replacing import Request
from lmem.stores.sqlite.restore import Restored, restore
from tests.unit.stores.sqlite.rows import USER, add_memory, add_owner, add_projection, identifier

AT = "2026-11-26T04:00:00.000Z"
REQUEST = Request("a" * 32, "some.db", "ada", "unix:1:2", "cli/1", AT)


def write(path: Path, *work: Callable[[sqlite3.Connection], object]) -> None:
    """Change a database as a daemon does."""
    database = Database.open(path)
    try:
        for step in work:
            asyncio.run(database.write(step))
    finally:
        database.close_now()


def memory(number: int) -> Callable[[sqlite3.Connection], object]:
    return lambda connection: add_memory(connection, number, f"text {number}")


def purge(number: int) -> Callable[[sqlite3.Connection], object]:
    def work(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM memories WHERE id = ?", (identifier(number),))
        actor, audit = Actor(USER, "unix:1:2", "cli/1"), AuditRows(connection)
        audit.append(actor, "delete", "memory", identifier(number), {"purged": True}, AT)

    return work


def ask(path: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def held(path: Path) -> set[str]:
    return {str(row[0]) for row in ask(path, "SELECT content FROM memories")}


def texts(*numbers: int) -> set[str]:
    return {f"text {number}" for number in numbers}


@dataclass
class Told:
    """What a restore said right before its rename."""

    said: list[Restored] = field(default_factory=list)

    def __call__(self, done: Restored) -> None:
        self.said.append(done)


@pytest.fixture
def source(path: Path, tmp_path: Path) -> Path:
    """A backup of the memories 1 and 2, from before the truth had 3 too."""
    write(path, add_owner, memory(1), memory(2))
    target = tmp_path / "elsewhere" / "some.db"
    make_backup(path, target)
    write(path, memory(3))
    return target


def test_the_backup_is_the_truth_and_the_old_truth_a_backup(path: Path, source: Path) -> None:
    told = Told()
    restore(path, source, REQUEST, told)
    (kept,) = listed(path.parent / "backups")
    assert told.said == [Restored(2, 0, named(kept).name)]
    assert named(kept).reason == "before-restore"
    assert held(path) == texts(1, 2) and held(kept) == texts(1, 2, 3)
    for file in (path, kept):
        check_copy(file)
        assert file.stat().st_mode & 0o777 == 0o600
    assert {item.name for item in path.parent.iterdir()} == {path.name, "backups", "elsewhere"}
    write(path, memory(4))
    assert held(path) == texts(1, 2, 4)
    restore(path, kept, Request("b" * 32, kept.name, "ada", "unix:1:2", "cli/1", AT), told)
    assert held(path) == texts(1, 2, 3)


def test_the_audit_log_says_so_and_holds(path: Path, source: Path) -> None:
    restore(path, source, REQUEST, Told())
    sql = "SELECT user_id, action, resource_type, resource_id, json_extract(details_json, '$.memories') FROM audit_log"
    assert ask(path, f"{sql} ORDER BY seq DESC LIMIT 1") == [(USER, "restore", "backup", "some.db", 2)]


def test_the_log_of_the_old_truth_is_not_applied_to_the_new_one(path: Path, source: Path) -> None:
    script = """if True:
        import asyncio, os, sys
        from pathlib import Path
        from lmem.stores.sqlite.database import Database
        from tests.unit.stores.sqlite.rows import add_memory
        database = Database.open(Path(sys.argv[1]))
        asyncio.run(database.write(lambda connection: add_memory(connection, 4, "text 4")))
        os._exit(9)"""
    assert subprocess.run([sys.executable, "-c", script, path], check=False, cwd=Path.cwd()).returncode == 9
    assert path.with_name(f"{path.name}-wal").stat().st_size > 0
    restore(path, source, REQUEST, Told())
    (kept,) = listed(path.parent / "backups")
    assert held(kept) == texts(1, 2, 3, 4)
    assert held(path) == texts(1, 2)
    check_copy(path)


def test_a_purged_memory_does_not_come_back_however_often(path: Path, source: Path) -> None:
    write(path, purge(1))
    told = Told()
    for number in "abc":
        restore(path, source, Request(number * 32, "some.db", "ada", "unix:1:2", "cli/1", AT), told)
        assert held(path) == texts(2)
        assert b"text 1" not in path.read_bytes()
    assert [(done.memories, done.left_out) for done in told.said] == [(1, 1)] * 3
    assert held(source) == texts(1, 2)  # it is the user's, and is not changed


def test_a_purged_memory_that_was_stored_again_comes_back(path: Path, source: Path) -> None:
    write(path, purge(1), memory(1))
    restore(path, source, REQUEST, Told())
    assert held(path) == texts(1, 2)


OF_THE_PLACE = "SELECT key, value FROM store_meta WHERE key IN ('instance_id', 'servers') OR key LIKE 'purged_commit%'"


def test_projections_begin_anew_and_what_belongs_to_the_place_stays(path: Path, source: Path, tmp_path: Path) -> None:
    write(source, lambda connection: add_projection(connection, "vectors-0003", "vectors", "active"))
    write(source, lambda connection: connection.execute("UPDATE store_meta SET value = 'other'"))
    write(
        path,
        lambda connection: connection.execute("UPDATE outbox_sequence SET value = 700"),
        lambda connection: connection.execute("INSERT INTO store_meta (key, value) VALUES ('servers', '[]')"),
        lambda connection: connection.execute("INSERT INTO store_meta (key, value) VALUES ('purged_commit_key', 'k')"),
        lambda connection: connection.execute("INSERT INTO store_meta (key, value) VALUES ('purged_commit/aa', '')"),
    )
    mine = dict(ask(path, OF_THE_PLACE))
    restore(path, source, REQUEST, Told())
    assert ask(path, "SELECT id FROM projections") == [("cache-0001",)]
    assert ask(path, "SELECT projection, kind, op FROM outbox") == [("cache-0001", "memory", "delete")]
    assert dict(ask(path, OF_THE_PLACE)) == mine
    assert ask(path, "SELECT value > 700 FROM outbox_sequence") == [(1,)]


def test_an_older_schema_is_brought_up(path: Path, source: Path, tmp_path: Path) -> None:
    older = tmp_path / "older.db"
    with closing(open_writer(older)) as connection:
        for migration in migrations.load()[:9]:
            migrations._apply(connection, migration)
        add_owner(connection)
        connection.commit()
    restore(path, older, REQUEST, Told())
    assert ask(path, "PRAGMA user_version") == [(len(migrations.load()),)]
    Database.open(path).close_now()


def test_the_only_user_of_a_backup_is_this_one(path: Path, source: Path) -> None:
    restore(path, source, Request("a" * 32, "some.db", "bob", "unix:1:2", "cli/1", AT), Told())
    assert ask(path, "SELECT id, username FROM users") == [(USER, "bob")]


def newer(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA user_version=999")


def foreign(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE theirs (x)")


def empty(file: Path) -> None:
    file.write_bytes(b"")


def text(file: Path) -> None:
    file.write_text("this is no database " * 100)


def torn(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.seek(file.stat().st_size // 2)
        opened.write(b"\xff" * 16384)


def gone(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize(
    ("harm", "error"),
    [(newer, NewerFile), (foreign, ForeignFile), (empty, ForeignFile), (text, ForeignFile), (torn, Damaged),
     (gone, LmemError)],
)  # fmt: skip
def test_what_cannot_be_restored_leaves_the_truth(
    path: Path, source: Path, harm: Callable[[Path], None], error: type[LmemError]
) -> None:
    harm(source)
    before, told = path.read_bytes(), Told()
    with pytest.raises(error) as caught:
        restore(path, source, REQUEST, told)
    assert ".restoring" not in caught.value.message
    assert path.read_bytes() == before and not told.said
    assert {item.name for item in path.parent.iterdir()} == {path.name, "elsewhere"}


def test_the_truth_is_no_backup_of_itself(path: Path, source: Path) -> None:
    with pytest.raises(Conflict):
        restore(path, path, REQUEST, Told())
    assert held(path) == texts(1, 2, 3)


def test_without_room_nothing_is_touched(path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "RESERVE", 2**60)
    with pytest.raises(StorageFull, match="nothing was changed"):
        restore(path, source, REQUEST, Told())
    assert {item.name for item in path.parent.iterdir()} == {path.name, "elsewhere"}


def test_another_program_that_reads_keeps_it_from_being_done(path: Path, source: Path) -> None:
    with closing(sqlite3.connect(path, timeout=0)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM memories").fetchone()
        with pytest.raises(StoreUnavailable):
            restore(path, source, REQUEST, Told())
    write(path, memory(4))
    assert held(path) == texts(1, 2, 3, 4)


@pytest.mark.parametrize("harm", [torn, text])
def test_a_truth_that_cannot_be_read_is_kept_as_it_is(path: Path, source: Path, harm: Callable[[Path], None]) -> None:
    harm(path)
    bytes_, told = path.read_bytes(), Told()
    restore(path, source, REQUEST, told)
    (kept,) = listed(path.parent / "backups")
    assert named(kept).reason == "damaged" and kept.read_bytes() == bytes_
    assert told.said[0].before == named(kept).name
    assert held(path) == texts(1, 2)


def test_another_applications_database_is_not_replaced(path: Path, source: Path) -> None:
    foreign(path)
    before = path.read_bytes()
    with pytest.raises(ForeignFile):
        restore(path, source, REQUEST, Told())
    assert path.read_bytes() == before


def test_there_need_not_be_a_truth(path: Path, source: Path) -> None:
    path.unlink()
    told = Told()
    restore(path, source, REQUEST, told)
    assert told.said == [Restored(2, 0, None)] and held(path) == texts(1, 2)


def test_what_was_done_is_not_done_again(path: Path, source: Path) -> None:
    restore(path, source, REQUEST, Told())
    told = Told()
    restore(path, source, REQUEST, told)
    assert not told.said and len(listed(path.parent / "backups")) == 1


def test_the_backups_of_older_restores_go_but_not_the_one_that_is_restored(path: Path, source: Path) -> None:
    backups = path.parent / "backups"
    for _ in range(6):
        make_backup(path, backups / file_name("before-restore"))
    oldest = listed(backups)[-1]
    restore(path, oldest, REQUEST, Told())
    assert len(listed(backups)) == 6 and oldest.exists()


@pytest.mark.parametrize("step", ["copy", "make_backup", "_withdraw_log", "sync"])
def test_a_disk_that_is_full_after_all_leaves_the_truth(
    path: Path, source: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "somewhere")

    monkeypatch.setattr(restore_module, step, full)
    told = Told()
    with pytest.raises(StorageFull, match="as it was"):
        restore(path, source, REQUEST, told)
    monkeypatch.undo()
    assert not told.said and not list(path.parent.glob(".*"))
    write(path, memory(4))
    assert held(path) == texts(1, 2, 3, 4)


STEPS = ("restore.copy", "restore.check_source", "restore._stage", "replacing.present", "replacing.rewrite",
         "restore.check_copy", "restore.make_backup", "restore._keep", "restore._withdraw_log", "restore.sync",
         "restore.rotate")  # fmt: skip
KILLED = """if True:
    import os, sys
    from pathlib import Path
    from lmem.stores.sqlite import replacing, restore
    from tests.unit.stores.sqlite.test_sqlite_restore import REQUEST, Told
    module, name = sys.argv[3].split(".")
    module, after = {"restore": restore, "replacing": replacing}[module], sys.argv[4] == "after"
    real = getattr(module, name)
    def killed(*args, **kwargs):
        if after:
            real(*args, **kwargs)
        os._exit(9)
    setattr(module, name, killed)
    restore.restore(Path(sys.argv[1]), Path(sys.argv[2]), REQUEST, Told())"""


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_the_next_start_finishes_it(path: Path, source: Path, step: str, moment: str) -> None:
    environ = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run([sys.executable, "-c", KILLED, path, source, step, moment], check=False, env=environ)
    assert done.returncode == 9
    assert held(path) in (texts(1, 2, 3), texts(1, 2))
    restore(path, source, REQUEST, Told())
    assert held(path) == texts(1, 2)
    check_copy(path)
    assert any(held(kept) == texts(1, 2, 3) for kept in listed(path.parent / "backups"))
    Database.open(path).close_now()
    assert {item.name for item in path.parent.iterdir()} == {path.name, "backups", "elsewhere"}
