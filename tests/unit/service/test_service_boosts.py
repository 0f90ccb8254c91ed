"""Boosts beside the words: a word of time is looked for only where it can still change what is shown."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from lmem.domain.cues import Cues, cues
from lmem.domain.memories import Memory
from lmem.domain.ranking import Evidence, Ranked, fuse
from lmem.ports.storage import UnitOfWork
from lmem.service import boosts
from tests.unit.service.service_kit import START, Kit, drive


@pytest.mark.parametrize("limit", [1, 3, 10, 40, 60])
def test_what_is_shown_is_the_same_as_of_looking_at_every_candidate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    chance, looked = random.Random(limit), list[str]()
    tells_when = Cues.tells_when

    def counted(self: Cues, memory: Memory) -> bool:
        looked.append(memory.id)
        return tells_when(self, memory)

    monkeypatch.setattr(Cues, "tells_when", counted)

    async def scenario(kit: Kit) -> None:
        one = (await kit.memories.get(kit.actor, await kit.add("what it is about"))).memory
        found: list[tuple[Ranked, Memory]] = []
        for item in fuse([Evidence(f"{at:032x}", chance.random(), chance.random() * 20) for at in range(40)]):
            told = "yesterday" if chance.random() < 0.3 else "some day"
            found.append((item, replace(one, id=item.id, content=told, importance_score=chance.random())))
        named = cues("when was it", None)

        def ranked(tx: UnitOfWork, first: int) -> list[tuple[str, float]]:
            lifted = boosts.apply(tx, found, named, kit.actor.user_id, START, True, first)
            return [(item.id, round(item.score, 9)) for item, _ in lifted]

        everything = await kit.storage.read(lambda tx: ranked(tx, len(found) + 1))
        assert len(looked) == len(found)
        looked.clear()
        assert (await kit.storage.read(lambda tx: ranked(tx, limit)))[:limit] == everything[:limit]
        assert len(looked) < len(found) or limit >= 20

    drive(tmp_path, scenario)
