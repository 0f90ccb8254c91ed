"""The user: shown, changed, and kept from writing.

Not their preferences (test_service_settings.py).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from lmem.domain.users import clean_display_name, clean_email
from lmem.errors import Conflict, Forbidden, InvalidInput
from lmem.service.users import Users
from tests.unit.service.service_kit import Kit, drive


def _users(kit: Kit) -> Users:
    return Users(kit.storage, kit.clock, kit.relay.wake)


def test_a_user_is_shown_and_changed(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        users = _users(kit)
        before = await users.show(kit.actor)
        assert (before.username, before.email, before.display_name, before.is_active) == ("ada", None, None, True)
        changes = {"email": "ada@example.org", "display_name": "Ada"}
        after, changed = await users.set(kit.actor, changes)
        assert (after.email, after.display_name, after.rev) == ("ada@example.org", "Ada", before.rev + 1)
        assert changed == ("email", "display_name")
        again, changed = await users.set(kit.actor, changes)
        assert (again, changed) == (after, ())
        gone, _ = await users.set(kit.actor, {"email": None})
        assert gone.email is None

    drive(tmp_path, scenario)


def test_an_address_belongs_to_one_user(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        at = "2026-11-22T12:00:00.000Z"
        await kit.storage.write(lambda tx: tx.directory.user("bob", None, "bob@example.org", at))
        users = _users(kit)
        with pytest.raises(Conflict):
            await users.set(kit.actor, {"email": "bob@example.org"})
        assert await users.others(kit.actor) == ["bob"]

    drive(tmp_path, scenario)


def test_an_inactive_user_can_only_become_active(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        users = _users(kit)
        await users.set(kit.actor, {"is_active": False})
        with pytest.raises(Forbidden):
            await kit.add("anything")
        with pytest.raises(Forbidden):
            await users.set(kit.actor, {"display_name": "Ada"})
        assert not (await users.show(kit.actor)).is_active
        await users.set(kit.actor, {"is_active": True})
        assert await kit.add("anything")

    drive(tmp_path, scenario)


@pytest.mark.parametrize("wrong", ["", "ada", "@", "a@b c", "a@b@c", "x" * 400 + "@y.org"])
def test_what_is_no_address_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidInput):
        clean_email(wrong)
    assert clean_email(" ada@example.org ") == "ada@example.org"
    assert clean_display_name(" Ada\nLovelace ") == "Ada Lovelace"
