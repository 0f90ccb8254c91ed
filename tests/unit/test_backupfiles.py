"""Names of backups, and the note that asks for a restore with its outcome."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lmem import backupfiles
from lmem.backupfiles import file_name, listed, named, resolve
from lmem.errors import AmbiguousId, Forbidden, InvalidInput, NotFound
from lmem.paths import paths

AT = datetime(2026, 11, 22, 10, 15, 0, 123456, tzinfo=UTC)


def test_a_name_says_when_and_why() -> None:
    found = named(Path("/x") / file_name("before-schema-12", AT))
    assert found == ("20261122T101500.123Z-before-schema-12", "2026-11-22T10:15:00.123Z", "before-schema-12")


def test_a_file_of_other_origin_has_its_name_and_its_time(tmp_path: Path) -> None:
    other = tmp_path / "mine.db"
    other.touch()
    os.utime(other, (0, 0))
    assert named(other) == ("mine.db", "1970-01-01T00:00:00.000Z", "")


def test_the_newest_come_first_and_partial_ones_not_at_all(tmp_path: Path) -> None:
    names = [file_name("manual", AT.replace(day=day)) for day in (3, 1, 2)]
    for name in (*names, f".{names[0]}.partial", ".abc.checked.db", "other.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in listed(tmp_path)] == [names[0], names[2], names[1]]
    assert listed(tmp_path / "nothing") == []


def test_a_backup_is_found_by_name_beginning_file_or_path(tmp_path: Path) -> None:
    one, two = (tmp_path / file_name(reason, AT) for reason in ("manual", "manual-2"))
    one.touch()
    two.touch()
    assert resolve(tmp_path, "20261122T101500.123Z-manual") == one  # though the other begins so
    assert resolve(tmp_path, two.name) == two
    assert resolve(tmp_path, "20261122T101500.123Z-manual-") == two
    assert resolve(tmp_path, str(one)) == one
    with pytest.raises(AmbiguousId, match="2 backups begin"):
        resolve(tmp_path, "20261122")


@pytest.mark.parametrize("wanted", ["", "nothing", "/no/such/file", "\0", "x" * 5000, "/" + "x" * 5000, "."])
def test_what_names_no_backup_is_not_found(tmp_path: Path, wanted: str) -> None:
    (tmp_path / file_name("manual", AT)).touch()
    with pytest.raises(NotFound):
        resolve(tmp_path, wanted)


@pytest.mark.parametrize("wanted", ["./x.db", "a/b.db", "/a\0b"])
def test_a_path_is_whole(tmp_path: Path, wanted: str) -> None:
    with pytest.raises(InvalidInput, match="no path"):
        resolve(tmp_path, wanted)


def test_a_note_is_read_back_and_an_outcome_is_of_one_restore(tmp_path: Path) -> None:
    place = paths({"LMEM_HOME": str(tmp_path)})
    place.data.mkdir()
    place.state.mkdir()
    number = backupfiles.ask(place, Path("/x/b.db"), "unix:1:2", "cli/1")
    note = backupfiles.read(place.restore_note)
    assert note is not None and (note["id"], note["backup"], note["agent"]) == (number, "/x/b.db", "cli/1")
    assert place.restore_note.stat().st_mode & 0o777 == 0o600
    assert backupfiles.outcome(place, number) is None
    backupfiles.write(place.restore_outcome, {"id": number, "state": "done"})
    assert backupfiles.outcome(place, number) == {"id": number, "state": "done"}
    assert backupfiles.outcome(place, "another") is None
    place.restore_outcome.write_text("torn {")
    assert backupfiles.outcome(place, number) is None


def test_a_note_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Forbidden, match="cannot be written"):
        backupfiles.write(tmp_path / "no" / "such.json", {})
