"""An edit on a real store: of the revision that its caller saw, and what it takes with it.

Not what is remembered of it (test_service_history.py).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from lmem.errors import Conflict
from tests.unit.service.service_kit import Kit, drive


def test_edit_checks_the_revision(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("x")
        edited = await kit.memories.edit(kit.actor, memory_id, {"title": "y"}, None, rev=1)
        assert (edited.changed, edited.memory.rev) == (("title",), 2)
        assert (await kit.memories.edit(kit.actor, memory_id, {"title": "y"}, None)).changed == ()
        with pytest.raises(Conflict):
            await kit.memories.edit(kit.actor, memory_id, {"title": "z"}, None, rev=1)

    drive(tmp_path, scenario)


def test_a_derived_title_follows_the_text(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        derived = await kit.add("We use Postgres\n\nbecause of JSON")
        edited = await kit.memories.edit(kit.actor, derived, {"content": "We use SQLite\n\nas it is one file"}, None)
        assert (edited.memory.title, set(edited.changed)) == ("We use SQLite", {"title", "content"})
        kept = await kit.memories.edit(kit.actor, derived, {"title": "Database"}, None)
        kept = await kit.memories.edit(kit.actor, derived, {"content": "We use DuckDB"}, None)
        assert kept.memory.title == "Database"

    drive(tmp_path, scenario)
