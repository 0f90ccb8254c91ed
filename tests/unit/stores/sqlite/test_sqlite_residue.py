"""The sweep after a purge: no byte of a deleted text stays in a file."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from lmem.stores.sqlite import copies, purging
from lmem.stores.sqlite.connection import open_reader
from lmem.stores.sqlite.database import Database
from lmem.stores.sqlite.patterns import PatternRows
from lmem.stores.sqlite.residue import Sweep
from lmem.stores.sqlite.writer import Upkeep
from tests.unit.stores.sqlite.rows import add_memory, add_owner, check_full_text

COUNT = "SELECT count(*) FROM memories"


def _count(connection: sqlite3.Connection) -> int:
    return int(connection.execute(COUNT).fetchone()[0])


def _bytes_hold(folder: Path, word: str) -> bool:
    """Whether any database file holds `word`; in a child, because closing a live file here would drop its locks."""
    look = (
        "import sys, pathlib; files = pathlib.Path(sys.argv[1]).glob('*.db*');"
        "sys.exit(any(sys.argv[2].encode() in file.read_bytes() for file in files))"
    )
    return subprocess.run([sys.executable, "-c", look, str(folder), word], check=False).returncode == 1


@pytest.mark.parametrize("others", [0, 200])
def test_the_sweep_leaves_nothing_of_a_deleted_text(database: Database, path: Path, others: int) -> None:
    def add_all(connection: sqlite3.Connection) -> None:
        for number in range(1, others + 1):
            add_memory(connection, number, f"other text {number}")

    async def check() -> None:
        await database.write(add_owner)
        await database.write(add_all)
        await database.write(lambda connection: add_memory(connection, 0, "zanzibarcanary 数据库金丝雀"))
        await database.write(
            lambda c: c.execute(
                "INSERT INTO memories_pending SELECT title, content, NULL FROM memories WHERE is_unspaced"
            )
        )
        assert _bytes_hold(path.parent, "zanzibarcanary")
        await database.write(lambda connection: connection.execute("DELETE FROM memories_pending"))
        await database.write(lambda connection: connection.execute("DELETE FROM memories WHERE is_unspaced = 1"))
        await asyncio.gather(database.purge_residue(), database.purge_residue())
        assert path.with_name(path.name + "-wal").stat().st_size == 0
        for word in ("zanzibarcanar", "金丝雀"):  # the stem, as the index keeps it
            assert not _bytes_hold(path.parent, word), word
        await database.write(check_full_text)

    asyncio.run(check())


def test_the_sweep_waits_for_a_reader_while_writes_go_on(database: Database, path: Path) -> None:
    async def check() -> None:
        await database.write(add_owner)
        reader = open_reader(path)
        reader.execute("BEGIN")
        _count(reader)
        await database.write(lambda connection: add_memory(connection, 1, "text"))
        sweep = asyncio.create_task(database.purge_residue())
        started = time.monotonic()
        for number in range(2, 5):
            await database.write(lambda connection, n=number: add_memory(connection, n, "text"))  # type: ignore[misc]
        assert time.monotonic() - started < 3
        assert not sweep.done()
        assert not await database.checkpoint()
        reader.close()
        await asyncio.wait_for(sweep, 5)
        assert await database.checkpoint()

    asyncio.run(check())


def test_a_mark_goes_only_with_the_sweep_that_began_after_it(database: Database) -> None:
    async def check() -> None:
        await database.write(lambda connection: purging.mark(connection, "one"))
        late: list[str] = []

        def sweep(connection: sqlite3.Connection) -> object | None:
            done = swept(connection)
            if not late:
                purging.mark(connection, "one")
                late.append("one")
            return done

        swept = Sweep()
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        database._writer.submit(Upkeep(sweep, future))
        await future
        assert await database.read(purging.unswept) == ["one"], "the one of the second purge"
        await database.purge_residue()
        assert await database.read(purging.unswept) == []

    asyncio.run(check())


def test_a_copy_made_before_the_sweep_holds_no_word_either(database: Database, path: Path, tmp_path: Path) -> None:
    async def check() -> None:
        await database.write(add_owner)
        made = await database.write(lambda connection: add_memory(connection, 1, "zanzibarcanary in full text"))
        await database.write(lambda connection: purging.delete(connection, [made]))
        await database.backup(tmp_path / "copies" / "copy.db")

    asyncio.run(check())
    assert not _bytes_hold(tmp_path / "copies", "zanzibarcanar")
    with closing(sqlite3.connect(tmp_path / "copies" / "copy.db")) as copy:
        assert purging.unswept(copy) == []


def test_a_copy_whose_purge_was_killed_half_way_is_swept_by_the_next(database: Database, tmp_path: Path) -> None:
    copies_ = tmp_path / "copies"

    async def check() -> str:
        await database.write(add_owner)
        made = await database.write(lambda connection: add_memory(connection, 1, "zanzibarcanary in full text"))
        await database.backup(copies_ / "copy.db")
        return made

    made = asyncio.run(check())
    with closing(sqlite3.connect(copies_ / "copy.db")) as copy:
        copy.execute("PRAGMA foreign_keys=ON")
        purging.delete(copy, [made])
        copy.commit()
    assert _bytes_hold(copies_, "zanzibarcanar")
    assert copies.purge(copies_, [made]) == {"copy.db": ""}
    assert not _bytes_hold(copies_, "zanzibarcanar")


def test_a_pattern_that_was_forgotten_is_to_be_swept_too(database: Database) -> None:
    async def check() -> None:
        await database.write(lambda connection: PatternRows(connection).delete("f" * 32))
        assert await database.read(purging.unswept) == ["f" * 32]

    asyncio.run(check())


def test_sessions_forget_their_questions_and_the_files_of_what_was_purged(connection: sqlite3.Connection) -> None:
    add_owner(connection)
    asked = '{"goal": "ship", "queries": [{"text": "canary?", "client": "cli"}], "files": ["a.py", "c.py", "b.py"]}'
    connection.execute("UPDATE sessions SET context_json = ?", (asked,))
    now = add_memory(connection, 1, "one", context_json='{"file": "a.py"}')
    diff = '{"context": [{"file": "c.py"}, {"file": "a.py"}]}'
    connection.execute("UPDATE memory_versions SET diff_json = ? WHERE memory_id = ?", (diff, now))
    purging.delete(connection, [now])
    (left,) = connection.execute("SELECT context_json FROM sessions").fetchone()
    assert json.loads(left) == {"goal": "ship", "files": ["b.py"]}


def test_a_log_stays_where_its_move_would_not_fit(
    database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of a move takes the last space of a disk and gives none back."""
    log = path.with_name(path.name + "-wal")

    async def check() -> None:
        await database.write(add_owner)
        assert await database.checkpoint()
        before = path.stat().st_size
        for number in range(1, 12):  # fewer commits than the writer moves by itself
            await database.write(lambda connection, n=number: add_memory(connection, n, "text " * 2000))  # type: ignore[misc]
        grown = (await database.read(lambda c: c.execute("PRAGMA page_count").fetchone()[0])) * 16384 - before
        assert grown > 0
        for free, fits in ((grown, False), (grown + 1, True)):
            usage = shutil.disk_usage(path.parent)._replace(free=free)
            monkeypatch.setattr(shutil, "disk_usage", lambda _, found=usage: found)
            assert await database.checkpoint() is fits
            monkeypatch.undo()
            assert (log.stat().st_size == 0) is fits
        assert path.stat().st_size == before + grown

    asyncio.run(check())
