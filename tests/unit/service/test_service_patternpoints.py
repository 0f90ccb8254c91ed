"""Points of patterns: they come with the relay, change with their counts, go with the pattern, and are verified."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lmem.domain.consistency import Issue
from lmem.domain.patterns import PatternDraft
from lmem.ports.vectors import MEMORIES, PATTERNS, Point, Stored
from lmem.service.patterns import Patterns
from lmem.service.vectorcheck import VectorCheck
from tests.unit.service.service_kit import Kit, drive

OUTBOX = PatternDraft("architecture", "outbox", "the change and what is told of it are one transaction")


def _of(kit: Kit) -> Patterns:
    return Patterns(kit.storage, kit.clock, kit.relay.wake)


async def _stored(kit: Kit, *ids: str) -> list[Stored]:
    return await kit.vectors.retrieve(kit.indexes.serving(), PATTERNS, ids)


def test_a_pattern_and_a_memory_of_one_batch_each_find_their_collection(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        api = await kit.project("api")
        memory = await kit.add("a memory beside it")
        made = (await _of(kit).add(kit.actor, OUTBOX, api)).pattern
        await kit.settle()
        assert await kit.storage.read(lambda tx: (tx.outbox.pending(), tx.outbox.parked(5))) == ({}, [])
        generation = kit.indexes.serving()
        assert [await kit.vectors.count(generation, name) for name in (MEMORIES, PATTERNS)] == [1, 1]
        assert await kit.vectors.retrieve(generation, PATTERNS, [memory]) == []
        (point,) = await _stored(kit, made.id)
        told = {key: point.payload[key] for key in point.payload if key not in ("content_hash", "model")}
        assert told == {
            "pattern_id": made.id, "pattern_type": "architecture", "pattern_name": "outbox", "project_ids": [api],
            "success_rate": 1.0, "usage_count": 1, "created_at": made.created_at, "rev": 1,
        }  # fmt: skip
        assert kit.embedder.encoded == ["a memory beside it", made.text]

    drive(tmp_path, scenario)


def test_counts_move_the_payload_and_words_the_vector(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        api = await kit.project("api")
        patterns = _of(kit)
        made = (await patterns.add(kit.actor, OUTBOX, api)).pattern
        await kit.settle()
        kit.embedder.encoded.clear()
        await patterns.outcome(kit.actor, "outbox", api, False, None, None)
        await kit.settle()
        (point,) = await _stored(kit, made.id)
        assert (point.payload["usage_count"], point.payload["success_rate"], point.payload["rev"]) == (2, 0.5, 2)
        assert kit.embedder.encoded == []
        await patterns.add(kit.actor, replace(OUTBOX, description="other words"), api)
        await kit.settle()
        assert kit.embedder.encoded == ["outbox\nother words"]

    drive(tmp_path, scenario)


def test_a_forgotten_pattern_leaves_no_point_and_no_tombstone(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        patterns = _of(kit)
        made = (await patterns.add(kit.actor, OUTBOX, await kit.project("api"))).pattern
        await kit.settle()
        await patterns.forget(kit.actor, "outbox", dry_run=False)
        await kit.settle()
        assert await _stored(kit, made.id) == []
        assert await kit.storage.read(lambda tx: tx.outbox.pending()) == {}

    drive(tmp_path, scenario)


def test_damaged_points_are_named_and_put_right(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        api, patterns = await kit.project("api"), _of(kit)
        names = ("outbox", "twins", "breaker")
        ids = [(await patterns.add(kit.actor, replace(OUTBOX, name=name), api)).pattern.id for name in names]
        await kit.settle()
        check = VectorCheck(kit.storage, kit.indexes, kit.vectors)
        assert await check.truth("", "") == await check.held("", "")
        generation, (point,) = kit.indexes.serving(), await _stored(kit, ids[0])
        changed = Point(ids[0], {**point.payload, "usage_count": 9}, None)
        await kit.vectors.write(generation, PATTERNS, [changed], [ids[1]])
        truth, held = await check.truth("", ""), await check.held("", "")
        assert {item.id for item in truth if truth[item] != held.get(item)} == set(ids[:2])
        rows = check.to_repair([Issue("pattern", ids[0], "stale"), Issue("pattern", ids[1], "missing")])
        projection = await check.projection()
        await kit.storage.write(lambda tx: tx.consistency.try_again(projection, rows))
        await kit.settle()
        assert await check.truth("", "") == await check.held("", "")

    drive(tmp_path, scenario)


def test_a_rebuilt_generation_has_the_patterns_too(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        made = (await _of(kit).add(kit.actor, OUTBOX, await kit.project("api"))).pattern
        await kit.settle()
        old = kit.indexes.serving()
        kit.vectors.inner.drop(old)  # a wiped store: it is made anew under another instance id
        await kit.indexes.start()
        await kit.settle()
        assert kit.indexes.serving() != old
        assert [item.id for item in await _stored(kit, made.id)] == [made.id]

    drive(tmp_path, scenario)
