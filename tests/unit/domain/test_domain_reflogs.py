"""What a reflog tells: commits, branches, what was amended and rebased, and what is left for later."""

from __future__ import annotations

from lmem.domain.reflogs import Rebase, Told, entries, told


def _sha(letter: str) -> str:
    return letter * 40


def _log(*moves: tuple[str, str, str]) -> bytes:
    return b"".join(
        f"{_sha(old)} {_sha(new)} Ada Lovelace <a@b> 17000000{number:02} +0100\t{message}\n".encode()
        for number, (old, new, message) in enumerate(moves)
    )


def _told(*moves: tuple[str, str, str], branch: str | None = "main", rebasing: bool = False) -> Told:
    return told(entries(_log(*moves)), branch, rebasing, 0)


def test_every_way_to_make_a_commit_counts_and_no_other_move_does() -> None:
    found = _told(
        ("0", "a", "commit (initial): one"), ("a", "b", "commit: two"), ("b", "c", "cherry-pick: three"),
        ("c", "d", "revert: four"), ("d", "e", "merge x: Merge made by the 'ort' strategy."),
        ("e", "f", "commit (merge): Merge"), ("f", "1", "pull: Merge made by the 'ort'."), ("1", "2", "am: five"),
        ("2", "3", "merge x: Fast-forward"), ("3", "4", "pull: Fast-forward"), ("4", "5", "reset: moving to HEAD~1"),
        ("5", "6", "checkout: moving from x to main"), ("0", "7", "clone: from there"), ("6", "8", ""),
    )  # fmt: skip
    assert [sha[0] for sha, _ in found.made] == list("abcdef12")
    assert (found.end > 0, found.open) == (True, False)


def test_a_branch_is_the_one_that_was_checked_out_then() -> None:
    found = _told(
        ("a", "b", "commit: on x"), ("b", "c", f"checkout: moving from x to {_sha('c')}"),
        ("c", "d", "commit: detached"),
        ("d", "e", f"checkout: moving from {_sha('d')} to main"), ("e", "f", "commit: on main"),
    )  # fmt: skip
    assert [(sha[0], branch) for sha, branch in found.made] == [("b", "x"), ("d", None), ("f", "main")]


def test_an_amended_commit_is_a_pair() -> None:
    found = _told(("a", "b", "commit: x"), ("b", "c", "commit (amend): x"))
    assert found.amended == ((_sha("b"), _sha("c")),)
    assert [sha[0] for sha, _ in found.made] == ["b", "c"]


def test_a_rebase_is_told_as_one_with_what_it_made() -> None:
    found = _told(
        ("a", "b", "commit: x"), ("b", "c", "rebase (start): checkout main"), ("c", "d", "rebase (pick): x"),
        ("d", "e", "commit (amend): x"), ("e", "e", "rebase (finish): returning to refs/heads/topic"),
        ("e", "f", "commit: y"), branch="topic",
    )  # fmt: skip
    assert found.rebases == (Rebase(_sha("b"), _sha("c"), _sha("e"), (_sha("d"), _sha("e")), "topic"),)
    assert [sha[0] for sha, _ in found.made] == ["b", "f"]
    assert found.amended == ()


def test_a_rebase_of_an_address_and_one_that_was_given_up() -> None:
    found = _told(
        ("a", "b", "pull --rebase https://example.org/x (start): checkout b"), ("b", "c", "pull --rebase (pick): x"),
        ("c", "a", "pull --rebase (abort): returning to refs/heads/main"),
    )  # fmt: skip
    assert [(item.before, item.after) for item in found.rebases] == [(_sha("a"), _sha("a"))]
    assert found.made == ()


def test_a_rebase_under_way_is_left_for_later() -> None:
    moves = (("a", "b", "commit: x"), ("b", "c", "rebase (start): checkout main"), ("c", "d", "rebase (pick): x"))
    found = _told(*moves, rebasing=True)
    assert [sha[0] for sha, _ in found.made] == ["b"]
    assert (found.end, found.open) == (len(_log(moves[0])), True)
    assert _told(("c", "d", "rebase (pick): y"), rebasing=True).end == 0


def test_half_a_line_and_lines_that_are_none_are_passed_over() -> None:
    log = _log(("a", "b", "commit: x"), ("b", "c", "commit: y"))
    assert [item.new[0] for item in entries(log[:-1])] == ["b"]
    assert [item.new[0] for item in entries(b"nonsense\n" + log)] == ["b", "c"]
    assert [item.end for item in entries(log)][-1] == len(log)
    assert [item.new[0] for item in entries(log, entries(log)[0].end)] == ["c"]
