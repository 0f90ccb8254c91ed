"""The audit log: what is in it, and that a changed, removed, inserted or cut-off entry shows."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lmem.domain.audit import GENESIS, Verdict, Wanted, chained
from lmem.errors import Forbidden
from lmem.service import audit as audit_module
from lmem.service.activity import Activity
from lmem.service.audit import Audit
from tests.unit.service.service_kit import Kit, drive

COLUMNS = "given_id, user_id, session_id, action, resource_type, resource_id, details_json, ip_address, user_agent"


async def _ten(kit: Kit) -> Audit:
    """A log of ten entries or more."""
    activity = Activity(kit.storage, kit.clock, b"key")
    for number in range(5):
        memory_id = await kit.add(f"fact number {number}")
        activity.read(kit.actor, [memory_id])
    activity.searched(kit.actor, "facts", ["a", "b"])
    return Audit(kit.storage, kit.clock, activity, kit.settings.of)


def _verdict(directory: Path, harm: Callable[[sqlite3.Connection], object] | None) -> Verdict:
    """What verify says after `harm` was done to the file behind the daemon's back."""

    async def scenario(kit: Kit) -> Verdict:
        audit = await _ten(kit)
        assert (await audit.verify()).problem is None
        if harm is not None:
            with sqlite3.connect(directory / "layered_memory.db") as other:
                for name in ("audit_log_keep", "audit_log_retain"):
                    other.execute(f"DROP TRIGGER {name}")
                harm(other)
            other.close()
        return await audit.verify()

    return drive(directory, scenario)


def _forge(other: sqlite3.Connection, seq: int) -> None:
    """An entry of somebody else's at `seq`, with hashes that fit the one before it."""
    row = other.execute("SELECT hash FROM audit_log WHERE seq = ?", (seq - 1,)).fetchone()
    fields = ("f" * 32, "u", None, "read", "memory", "m", None, "unix:0:1", "x/1")
    other.execute(
        f"INSERT INTO audit_log ({COLUMNS}, at_ms, seq, hash) VALUES ({', '.join('?' * 12)})",
        (*fields, 1795348800000, seq, chained(row[0], (*fields, "2026-11-22T12:00:00.000Z"))),
    )


def _insert(other: sqlite3.Connection) -> None:
    other.execute("UPDATE audit_log SET seq = -seq WHERE seq >= 4")
    other.execute("UPDATE audit_log SET seq = 1 - seq WHERE seq < 0")
    _forge(other, 4)


def _swap(other: sqlite3.Connection, one: int, two: int) -> None:
    for before, after in ((one, -1), (two, one), (-1, two)):
        other.execute("UPDATE audit_log SET seq = ? WHERE seq = ?", (after, before))


def _without(other: sqlite3.Connection) -> None:
    """An entry removed, and those after it numbered as if it had never been."""
    other.execute("DELETE FROM audit_log WHERE seq = 4")
    other.execute("UPDATE audit_log SET seq = -seq WHERE seq > 4")
    other.execute("UPDATE audit_log SET seq = -seq - 1 WHERE seq < 0")


def _last_again(other: sqlite3.Connection) -> None:
    """The last entry changed, with the hash that it should have then."""
    previous, seq = other.execute(
        "SELECT a.hash, b.seq FROM audit_log a JOIN audit_log b ON b.seq = a.seq + 1 ORDER BY b.seq DESC LIMIT 1"
    ).fetchone()
    *fields, at = other.execute(f"SELECT {COLUMNS}, created_at FROM audit_log WHERE seq = ?", (seq,)).fetchone()
    fields[3], fields[9:] = "delete", [at]
    other.execute(
        "UPDATE audit_log SET action = 'delete', hash = ? WHERE seq = ?", (chained(previous, tuple(fields)), seq)
    )


def test_a_log_that_nobody_touched_holds(tmp_path: Path) -> None:
    verdict = _verdict(tmp_path, None)
    assert verdict.problem is None and verdict.seq is None
    assert verdict.checked == verdict.head == 11 and verdict.start == 0


@pytest.mark.parametrize(
    ("harm", "seq", "says"),
    [
        (lambda db: db.execute("UPDATE audit_log SET action = 'read' WHERE seq = 3"), 3, "Entry 3 was changed"),
        (lambda db: db.execute("UPDATE audit_log SET session_id = 'x' WHERE seq = 1"), 1, "Entry 1 was changed"),
        (lambda db: db.execute("DELETE FROM audit_log WHERE seq = 5"), 5, "Missing before entry 6: 5"),
        (lambda db: db.execute("DELETE FROM audit_log WHERE seq < 3"), 1, "Missing before entry 3: 1 to 2"),
        (_insert, 5, "Entry 5 is as it was written, but out of its place: that was after entry 3."),
        (lambda db: _swap(db, 4, 7), 4, "Entry 4 is as it was written, but out of its place: that was after entry 6."),
        (lambda db: _swap(db, 2, 1), 1, "Entry 1 is as it was written, but out of its place: that was after entry 2."),
        (_without, 4, "Entry 4 was changed, or what it was written after is gone."),
        (lambda db: db.execute("DELETE FROM audit_log WHERE seq > 8"), 9, "Missing at the end: 9 to 11"),
        (lambda db: db.execute("DELETE FROM audit_log WHERE seq = 11"), 11, "Missing at the end: 11."),
        (lambda db: db.execute("DELETE FROM audit_log"), 1, "Missing at the end: 1 to 11"),
        (lambda db: _forge(db, 12), 13, "After entry 11 somebody else"),
        (_last_again, 12, "Entry 11 was changed"),
        (lambda db: db.execute("DELETE FROM audit_head"), 12, "The record of the last entry is gone"),
    ],
)  # fmt: skip
def test_a_log_that_somebody_touched_does_not(
    tmp_path: Path, harm: Callable[[sqlite3.Connection], object], seq: int, says: str
) -> None:
    verdict = _verdict(tmp_path, harm)
    assert verdict.problem is not None and verdict.problem.startswith(says)
    assert verdict.seq == seq


@pytest.mark.parametrize(
    "harm",
    [
        lambda db: db.execute("DELETE FROM audit_log WHERE seq > 8"),
        lambda db: _forge(db, 12),
        lambda db: db.execute("DELETE FROM audit_head"),
    ],
)
def test_writing_goes_on_and_hides_nothing(tmp_path: Path, harm: Callable[[sqlite3.Connection], object]) -> None:
    async def scenario(kit: Kit) -> Verdict:
        audit = await _ten(kit)
        await audit.verify()
        with sqlite3.connect(tmp_path / "layered_memory.db") as other:
            other.execute("DROP TRIGGER audit_log_retain")
            harm(other)
        other.close()
        for number in range(4):
            await kit.add(f"later {number}")
        return await audit.verify()

    assert drive(tmp_path, scenario).problem is not None


def test_a_chain_longer_than_a_slice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_module, "SLICE", 3)
    assert _verdict(tmp_path, None).checked == 11
    (tmp_path / "b").mkdir()
    broken = _verdict(tmp_path / "b", lambda db: db.execute("DELETE FROM audit_log WHERE seq = 7"))
    assert broken.seq == 7 and broken.checked == 6
    (tmp_path / "c").mkdir()
    moved = _verdict(tmp_path / "c", lambda db: _swap(db, 2, 10))
    assert moved.seq == 2 and moved.problem is not None and moved.problem.endswith("that was after entry 9.")


def test_retention_leaves_an_anchor_that_verify_accepts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_module, "SLICE", 4)

    async def scenario(kit: Kit) -> None:
        audit = await _ten(kit)
        kit.clock.move(days=31)
        assert await audit.retain(kit.actor) == 0, "all is kept as long as nobody says otherwise"
        kit.clock.move(days=-31)
        (tmp_path / "config.toml").write_text("[audit]\nkeep_days = 30\n")
        assert await audit.retain(kit.actor) == await audit.old() == 0, "nothing is as old as that"
        kit.clock.move(days=31)
        await kit.add("a month later")
        assert await audit.old() == 11
        assert await audit.retain(kit.actor) == 11
        verdict = await audit.verify()
        assert (verdict.problem, verdict.start, verdict.checked) == (None, 11, 2)
        shown = await audit.page(kit.actor, Wanted(kit.actor.user_id), 100, 0)
        assert [entry.action for entry in shown] == ["retain", "create"]
        assert shown[0].details == {"gone": 11}
        kit.clock.move(days=31)
        assert await audit.retain(kit.actor) == 2, "everything was old"
        await kit.add("after that")
        assert (await audit.verify()).problem is None

    drive(tmp_path, scenario)


def test_a_hash_covers_every_field() -> None:
    fields = ("i", "u", None, "create", "memory", "m", "{}", "unix:1:2", "cli/1", "2026-11-22T12:00:00.000Z")
    whole = chained(GENESIS, fields)
    for at in range(len(fields)):
        assert chained(GENESIS, (*fields[:at], "other", *fields[at + 1 :])) != whole


def test_entries_are_found_by_what_they_name(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        audit = await _ten(kit)
        user = kit.actor.user_id

        async def count(**fields: str) -> int:
            return len(await audit.page(kit.actor, Wanted(user, **fields), 100, 0))

        everything = await audit.page(kit.actor, Wanted(user), 100, 0)
        one = next(entry for entry in everything if entry.action == "read")
        assert one.address == "unix:1000:1" and one.agent == "test/1"
        assert await count(action="create") == 5 and await count(action="search") == 1
        assert await count(kind="memory", object_id=one.object_id[:8]) == 2
        assert await count(since="2027-01-01T00:00:00.000Z") == 0
        assert await count(until=one.at) == 11
        assert [e.seq for e in await audit.page(kit.actor, Wanted(user), 2, 1)] == [10, 9]
        assert await count(session_id="5e") == 0
        in_session = replace(kit.actor, session_id="5e55" + "0" * 28)
        await kit.storage.write(lambda tx: tx.audit.append(in_session, "read", "memory", "m", {}, one.at))
        assert await count(session_id="5e55") == 1
        with pytest.raises(Forbidden):
            await audit.page(replace(kit.actor, shared=True), Wanted(user), 1, 0)

    drive(tmp_path, scenario)


def test_no_text_is_in_it(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        activity = Activity(kit.storage, kit.clock, b"key")
        activity.searched(kit.actor, "where is the elephant", ["a"])
        activity.listed(kit.actor, "memory", ["tag", "type"], 4)
        activity.exported(kit.actor, 9)
        activity.noted(kit.actor, "use", "model", "all-MiniLM-L6-v2")
        audit = Audit(kit.storage, kit.clock, activity, kit.settings.of)
        found = await audit.page(kit.actor, Wanted(kit.actor.user_id), 10, 0)
        shown = {entry.action: (entry.kind, entry.object_id, dict(entry.details)) for entry in found}
        assert "elephant" not in str(shown)
        assert shown["list"] == ("memory", "*", {"fields": ["tag", "type"], "results": 4})
        assert shown["export"] == ("memory", "*", {"results": 9})
        assert shown["use"] == ("model", "all-MiniLM-L6-v2", {})

    drive(tmp_path, scenario)


def test_entries_that_are_being_written_are_waited_for(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        activity = Activity(kit.storage, kit.clock, b"key")
        audit = Audit(kit.storage, kit.clock, activity, kit.settings.of)

        async def one(number: int) -> Awaitable[None] | None:
            activity.noted(kit.actor, "read", "memory", str(number))
            found = await audit.page(kit.actor, Wanted(kit.actor.user_id), 1000, 0)
            assert str(number) in {entry.object_id for entry in found}
            return None

        await asyncio.gather(*(one(number) for number in range(20)))

    drive(tmp_path, scenario)
