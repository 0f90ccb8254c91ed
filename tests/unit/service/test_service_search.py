"""Search on a real store with an in-memory index: filters, phrases, identifiers, empty answers, scripts without spaces.

Not the quality of ranking (tests/bench/retrieval.py measures that).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lmem.domain.memories import Draft
from lmem.domain.ranking import IMPORTANCE_BOOST
from lmem.service import search
from lmem.service.search import CANDIDATES, Rules
from tests.unit.service.service_kit import Kit, drive

TEXTS = {
    "flag": "commit with --no-verify skips the hooks",
    "path": "the parser lives in src/app/parser.py",
    "code": "the build fails with E1234 on arm",
    "phrase": "deploy the green stack before the blue one",
    "words": "green and blue paint, and a stack of deploy notes",
    "tokyo": "東京タワーの近くで会議をする",
    "arrow": "use a -> b, never b != a",
}


@pytest.mark.parametrize("settled", [False, True], ids=["before-relay", "after-relay"])
@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("--no-verify", "flag"),
        ("src/app/parser.py", "path"),
        ("E1234", "code"),
        ('"green stack"', "phrase"),
        ("pars* liv*", "path"),
        ("東京タワー", "tokyo"),
        ("会議", "tokyo"),
        ("->", "arrow"),
        ("!=", "arrow"),
    ],
)
def test_what_is_written_is_found_as_written(tmp_path: Path, query: str, first: str, settled: bool) -> None:
    async def scenario(kit: Kit) -> None:
        ids = {name: await kit.add(text) for name, text in TEXTS.items()}
        if settled:
            await kit.settle()
        assert (await kit.ids(query))[0] == ids[first]

    drive(tmp_path, scenario)


def test_a_quotation_alone_must_be_met(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        ids = {name: await kit.add(text) for name, text in TEXTS.items()}
        await kit.settle()
        assert await kit.ids('"green stack"') == [ids["phrase"]]
        assert set(await kit.ids('deploy "green stack"')) >= {ids["phrase"], ids["words"]}
        answer = await kit.search.search('"green hooks"', kit.everything, 5)
        assert answer.found == () and answer.empty is not None
        assert "quoted" in answer.empty.reason and answer.empty.near

    drive(tmp_path, scenario)


@pytest.mark.parametrize(
    "query", ['"', "*", "-", ":", "(", "NEAR(a b)", "AND", "a AND OR", 'a" OR "b', "col:x", "^x", "{}", "\\", "''"]
)
def test_no_syntax_fails(tmp_path: Path, query: str) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("a plain memory")
        for settled in (False, True):
            for only in (None, "fts", "sparse", "dense"):
                answer = await kit.search.search(query, kit.everything, 5, only)
                assert answer.found or answer.empty is not None
            if not settled:
                await kit.settle()

    drive(tmp_path, scenario)


def test_filters_hold_in_every_index(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        here = await kit.add("shared words", project="here", tags=("x",), memory_type="decision", importance=0.9)
        await kit.add("shared words", project="there", tags=("y",), memory_type="note", importance=0.1)
        await kit.settle()
        project = await kit.storage.read(lambda tx: tx.projects.named(kit.actor.user_id, "here"))
        for wanted in (
            replace(kit.everything, project_id=project),
            replace(kit.everything, tags=("x",)),
            replace(kit.everything, types=("decision",)),
            replace(kit.everything, min_importance=0.5),
            replace(kit.everything, layers=("project",), tags=("x",)),
        ):
            for only in (None, "fts", "sparse", "dense"):
                answer = await kit.search.search("shared words", wanted, 5, only)
                assert [item.memory.id for item in answer.found] == [here], (wanted, only)
        future = replace(kit.everything, since="2027-01-01T00:00:00.000Z")
        answer = await kit.search.search("shared words", future, 5)
        assert answer.empty is not None and answer.empty.reason == "No memory passes the filters."
        assert len(answer.empty.near) == 2

    drive(tmp_path, scenario)


@pytest.mark.parametrize("fields", [{"until": "2026-01-02T00:00:00.000Z"}, {"private_only": True}])
def test_a_filter_finds_what_a_hundred_others_outdo(tmp_path: Path, fields: dict[str, object]) -> None:
    async def scenario(kit: Kit) -> None:
        new_year = datetime(2026, 1, 1, 12, tzinfo=UTC)
        wanted = await kit.add("shared, and many others beside it", created_at=new_year, is_private=True)
        drafts = [Draft("shared words", f"title {number}") for number in range(CANDIDATES + 10)]
        await kit.memories.add_many(kit.actor, drafts)
        await kit.settle()
        answer = await kit.search.search("shared words", replace(kit.everything, **fields), 5)  # type: ignore[arg-type]
        assert [item.memory.id for item in answer.found] == [wanted]
        assert answer.degraded == ()

    drive(tmp_path, scenario)


def test_what_the_truth_refuses_hides_nothing(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        wanted = await kit.add("a long memory in which shared words are two of very many others")
        drafts = [Draft("shared words", f"title {number}", is_private=True) for number in range(CANDIDATES * 6)]
        await kit.memories.add_many(kit.actor, drafts)
        await kit.settle()
        answer = await kit.search.search("shared words", replace(kit.everything, shared=True), 5)
        assert [item.memory.id for item in answer.found] == [wanted]
        assert answer.degraded == () and "dense" in answer.served_by

    drive(tmp_path, scenario)


def test_without_decay_the_raw_importance_ranks(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("an old decision", importance=0.8)
        kit.clock.move(days=700)
        found = (await kit.search.search("decision", kit.everything, 5)).found[0]
        faded = found.ranked.parts["importance"]
        unfading = await kit.search.search("decision", kit.everything, 5, rules=Rules(fades=False))
        found = unfading.found[0]
        assert found.ranked.parts["importance"] == pytest.approx(0.8 * IMPORTANCE_BOOST)
        assert faded < 0.8 * IMPORTANCE_BOOST

    drive(tmp_path, scenario)


def test_a_date_lifts_what_stands_behind_the_rows_that_are_read_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(kit: Kit) -> None:
        text = "we signed the contract " + " ".join(f"w{number}" for number in range(20))
        for _ in range(20):
            await kit.add(text, importance=0.0)
        lifted = await kit.add(f"{text} yesterday", importance=1.0)
        await kit.settle()

        async def best(question: str, limit: int) -> list[str]:
            answer = await kit.search.search(question, kit.everything, limit)
            return [item.memory.id for item in answer.found]

        assert await best("was the contract signed", 1) != [lifted]  # it stands behind the rows that are read
        assert await best("when was the contract signed", 1) == [lifted]
        monkeypatch.setattr(search, "HEAD", 1000)
        assert await best("when was the contract signed", 1) == [lifted]

    drive(tmp_path, scenario)


def test_an_empty_store_says_so(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        answer = await kit.search.search("anything", kit.everything, 5)
        assert answer.empty is not None
        assert (answer.empty.reason, answer.empty.corpus) == ("No memory is stored yet.", 0)

    drive(tmp_path, scenario)


def test_archived_memories_are_asked_for_by_name(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("old decision")
        await kit.settle()
        await kit.lifecycle.forget(kit.actor, [memory_id], None, dry_run=False)
        await kit.settle()
        answer = await kit.search.search("old decision", replace(kit.everything, archived=True), 5)
        assert [item.memory.id for item in answer.found] == [memory_id]
        assert (answer.served_by, answer.degraded) == (("fts",), ())

    drive(tmp_path, scenario)


def test_the_matching_line_and_the_reasons(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("Title here\n\nsomething else\nthe retry budget is 30 seconds\nend")
        await kit.settle()
        found = (await kit.search.search("retry budget", kit.everything, 5)).found[0]
        assert found.line == (4, "the retry budget is 30 seconds")
        assert found.ranked.score == pytest.approx(sum(found.ranked.parts.values()))
        assert found.ranked.evidence.cosine > 0 and found.ranked.evidence.bm25 > 0

    drive(tmp_path, scenario)
