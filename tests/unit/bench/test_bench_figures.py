"""The benchmarks' own arithmetic: a wrong percentile or gain would make every table a lie."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench.harness import Row, percentile, table
from tests.bench.retrieval import Question, ndcg, read, recall, word_overlap
from tests.bench.texts import Texts


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 1), (0.5, 5), (0.95, 10), (0.9, 9), (1.0, 10)]
)
def test_percentile_is_a_value_that_was_measured(share: float, expected: int) -> None:
    assert percentile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], share) == expected


def test_recall_is_the_share_of_gold_among_the_first_ten() -> None:
    found = [str(number) for number in range(20)]
    assert recall(found, frozenset({"0", "9", "10", "99"})) == 0.5


def test_ndcg_is_one_for_the_best_order_and_less_for_a_later_hit() -> None:
    assert ndcg(["a", "b", "x"], frozenset("ab")) == pytest.approx(1)
    assert ndcg(["x", "a"], frozenset("a")) == pytest.approx(0.6309, abs=1e-4)
    assert ndcg(["x"], frozenset("a")) == 0


def test_word_overlap_counts_words_and_keeps_to_the_project() -> None:
    find = word_overlap([
        {"id": "1", "text": "one lamp", "project": "p"},
        {"id": "2", "text": "two lamps and one lamp", "project": "p"},
        {"id": "3", "text": "one lamp and more", "project": "q"},
    ])
    assert find(Question("one lamp more", frozenset(), None)) == ["3", "1", "2"]
    assert find(Question("one lamp more", frozenset(), "p")) == ["1", "2"]
    assert find(Question("nothing", frozenset(), None)) == []


def test_a_data_file_is_read_as_documented(tmp_path: Path) -> None:
    file = tmp_path / "set.json"
    file.write_text(json.dumps({
        "docs": [{"id": 7, "text": "t", "date": "2026-01-02", "session": None, "colour": "red"}],
        "queries": [{"q": "what", "gold": [7], "project": "p"}],
    }))
    data = read(file)
    assert data.name == "set"
    assert data.docs == [{"text": "t", "id": "7", "date": "2026-01-02"}]
    assert data.questions == [Question("what", frozenset({"7"}), "p")]


def test_texts_are_the_same_for_the_same_seed_and_long_enough() -> None:
    first, second = list(Texts(3).items(5)), list(Texts(3).items(5))
    assert first == second
    assert len(set(first)) == 5
    assert all(60 <= len(item.split()) <= 90 for item in first)


def test_a_table_has_one_column_for_each_figure_and_the_goal_last() -> None:
    lines = table("title", [Row("a", {"p50": 1.234}), Row("bb", {"max": 1000.4, "p50": 0.5}, "at most 2")]).splitlines()
    assert lines[0].split() == ["title", "p50", "max", "goal"]
    assert lines[2].split() == ["a", "1.23"]
    assert lines[3].split() == ["bb", "0.500", "1000", "at", "most", "2"]
