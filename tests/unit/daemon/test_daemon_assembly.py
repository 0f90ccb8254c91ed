"""What the daemon does once the vectors' relay has caught up. What is made of what, the integration tests show."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import cast

import pytest

from lmem.daemon import assembly
from lmem.domain.outbox import Projection
from lmem.service.annotations import Annotations
from lmem.service.candidates import CachedFinder
from lmem.service.indexes import Indexes


@dataclass
class Heard:
    """The parts that are told, in one."""

    targets: tuple[Projection, ...] = ()
    woken: int = 0
    warmed: list[str] = field(default_factory=list)
    given: int = 0

    def wake(self) -> None:
        self.woken += 1

    def warm(self, generation: str) -> None:
        self.warmed.append(generation)

    def give_memory_back(self) -> None:
        self.given += 1


def test_memory_is_given_back_once_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly, "GIVEN_BACK_S", 0.05)
    heard = Heard((Projection("vectors-0001", "vectors", "edge", "gen-0001", None, "active", None, {}),))

    async def scenario() -> None:
        idle = assembly._idle(
            cast(Annotations, heard), cast(CachedFinder, heard), cast(Indexes, heard), heard.give_memory_back
        )
        for given in range(2):
            for _ in range(5):
                idle()
            assert heard.given == given
            async with asyncio.timeout(5):
                while heard.given == given:
                    await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)

    asyncio.run(scenario())
    assert (heard.woken, heard.warmed, heard.given) == (10, ["gen-0001"] * 10, 2)
