"""Installing and taking away: git runs the hook, the user's own hooks run as before, every byte comes back."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from lmem.errors import Conflict, InvalidInput, NotFound
from lmem.githooks.found import is_newest, look
from lmem.githooks.install import install, uninstall
from lmem.githooks.script import KEPT
from lmem.githooks.spool import TAKEN_AWAY
from lmem.paths import paths
from tests.unit.githooks.hooked import Place, script, tree


def test_every_commit_leaves_a_line(place: Place) -> None:
    work = place.repository()
    assert install(work, place.paths).action == "installed"
    first = place.hints()[0]
    assert (first.repository, first.commit) == (work / ".git", "")
    below = work / "a" / "b"
    below.mkdir(parents=True)
    made = [place.commit(work), place.commit(below), place.commit(work, "--no-verify"), place.commit(work, "--amend")]
    place.git(work, "checkout", "-q", "--detach")
    made.append(place.commit(work))
    assert place.noted() == made
    assert {hint.repository for hint in place.hints()} == {work / ".git"}


def test_what_was_not_there_is_not_there_again(place: Place) -> None:
    work = place.repository()
    before = tree(work)
    install(work, place.paths)
    assert look(work, place.paths).serves
    assert uninstall(work, place.paths).action == "removed"
    assert tree(work) == before
    assert place.hints()[-1].commit == TAKEN_AWAY
    place.commit(work)
    assert place.noted() == []
    assert uninstall(work, place.paths).action == "absent"


def test_a_dry_run_changes_nothing(place: Place) -> None:
    work = place.repository()
    before = tree(place.base)
    assert install(work, place.paths, dry_run=True).action == "installed"
    assert tree(place.base) == before
    install(work, place.paths)
    installed = tree(place.base)
    assert uninstall(work, place.paths, dry_run=True).action == "removed"
    assert tree(place.base) == installed


def test_again_is_safe_and_another_home_takes_over(place: Place) -> None:
    work, other = place.repository(), paths({"LMEM_HOME": str(place.base / "other")})
    install(work, place.paths)
    hook = (work / ".git/hooks/post-commit").read_bytes()
    assert install(work, place.paths).action == "unchanged"
    assert (work / ".git/hooks/post-commit").read_bytes() == hook
    assert not is_newest(look(work, other), other)
    assert install(work, other).action == "updated"
    assert (work / ".git/hooks/post-commit").read_bytes().count(b"BEGIN LMEM") == 1
    (work / ".git/hooks/post-commit").chmod(0o644)
    assert not look(work, other).serves
    assert install(work, other).action == "updated"
    assert look(work, other).serves


OWN = {
    "sh": "#!/bin/sh\necho ran >>ran\nexit 3\n",
    "sh without a last line feed": "#!/bin/sh -e\necho ran >>ran; exit 3",
    "no first line": "echo ran >>ran\nexit 3\n",
    "exec, as pre-commit's": "#!/usr/bin/env bash\n# by pre-commit\nexec sh -c 'echo ran >>ran; exit 3'\n",
    "python": f"#!{sys.executable}\nimport sys\nopen('ran', 'a').write('ran\\n')\nsys.exit(3)\n",
}


@pytest.mark.parametrize("mode", [0o755, 0o700])
@pytest.mark.parametrize("own", OWN)
def test_a_hook_that_was_there_runs_with_its_own_status_and_comes_back(place: Place, own: str, mode: int) -> None:
    work = place.repository()
    script(work / ".git/hooks/post-commit", OWN[own], mode)
    script(work / ".git/hooks/pre-commit", "#!/bin/sh\n")
    before = tree(work / ".git/hooks")
    install(work, place.paths)
    assert place.hook_status(work) == 3
    assert (work / "ran").read_text() == "ran\n"
    assert len(place.noted()) == 1
    assert look(work, place.paths).serves
    assert install(work, place.paths).action == "unchanged"
    uninstall(work, place.paths)
    assert tree(work / ".git/hooks") == before
    assert place.hook_status(work) == 3
    assert len(place.noted()) == 1


def test_a_link_and_a_program_are_run_beside(place: Place) -> None:
    work = place.repository()
    target = script(work / "tools/post-commit", "#!/bin/sh\ncd tools && echo ran >>ran\nexit 3\n")
    hook = work / ".git/hooks/post-commit"
    hook.parent.mkdir()
    hook.symlink_to("../../tools/post-commit")
    before = tree(work / ".git/hooks")
    install(work, place.paths)
    assert place.hook_status(work) == 3
    assert (work / "tools/ran").exists()
    assert target.read_text().startswith("#!/bin/sh\ncd tools")
    uninstall(work, place.paths)
    assert tree(work / ".git/hooks") == before
    hook.unlink()
    shutil.copy(shutil.which("false") or "", hook)
    before = tree(work / ".git/hooks")
    install(work, place.paths)
    assert install(work, paths({"LMEM_HOME": str(place.base / "other")})).action == "updated"
    assert place.hook_status(work) == 1
    uninstall(work, place.paths)
    assert tree(work / ".git/hooks") == before


def test_a_hook_that_git_did_not_run_is_not_run(place: Place) -> None:
    work = place.repository()
    script(work / ".git/hooks/post-commit", "#!/bin/sh\necho ran >ran\n", 0o644)
    before = tree(work / ".git/hooks")
    assert "not executable" in install(work, place.paths).notes[0]
    assert place.hook_status(work) == 0
    assert not (work / "ran").exists()
    assert len(place.noted()) == 1
    uninstall(work, place.paths)
    assert tree(work / ".git/hooks") == before


def test_what_was_written_since_stays(place: Place) -> None:
    work = place.repository()
    install(work, place.paths)
    hook = work / ".git/hooks/post-commit"
    hook.write_text(hook.read_text() + "echo ran >ran\n")
    place.commit(work)
    assert (work / "ran").exists()
    assert len(place.noted()) == 1
    uninstall(work, place.paths)
    assert hook.read_text() == "#!/bin/sh\necho ran >ran\n"
    assert os.access(hook, os.X_OK)


def test_a_wrapper_that_was_changed_is_not_thrown_away(place: Place) -> None:
    work = place.repository()
    hook = script(work / ".git/hooks/post-commit", OWN["python"])
    install(work, place.paths)
    hook.write_text(hook.read_text() + "echo mine\n")
    with pytest.raises(Conflict, match="changed since"):
        uninstall(work, place.paths)
    assert "echo mine" in hook.read_text()
    assert hook.with_name(KEPT).exists()


def test_a_hook_that_asks_for_its_name_is_left_alone(place: Place) -> None:
    work = place.repository()
    script(work / ".git/hooks/post-commit", "#!/usr/bin/env ruby\nhook = File.basename($0)\n")
    before = tree(work / ".git")
    with pytest.raises(Conflict, match="name it is called by"):
        install(work, place.paths)
    assert tree(work / ".git") == before


def test_a_hook_kept_from_before_is_not_written_over(place: Place) -> None:
    work = place.repository()
    script(work / ".git/hooks/post-commit", OWN["python"])
    script(work / f".git/hooks/{KEPT}", "precious")
    before = tree(work / ".git")
    with pytest.raises(Conflict, match="earlier installation"):
        install(work, place.paths)
    assert tree(work / ".git") == before


def test_broken_marks_are_said_and_not_guessed_at(place: Place) -> None:
    work = place.repository()
    install(work, place.paths)
    hook = work / ".git/hooks/post-commit"
    hook.write_text(hook.read_text().replace("# --- END LMEM v1 ---\n", ""))
    before = tree(work / ".git")
    for change in (install, uninstall):
        with pytest.raises(Conflict, match="no pair"):
            change(work, place.paths)
    assert tree(work / ".git") == before


# Where git runs hooks from


def test_worktrees_and_submodules(place: Place) -> None:
    work, part = place.repository(), place.repository("part")
    place.commit(part)
    place.commit(work)
    place.git(work, "submodule", "--quiet", "add", str(part), "sub")
    place.git(work, "worktree", "add", "-q", "-b", "next", str(place.base / "tree of work"))
    linked = place.base / "tree of work"
    install(linked, place.paths)
    made = [place.commit(work), place.commit(linked)]
    assert place.noted() == made
    assert {hint.repository for hint in place.hints()} == {work / ".git"}
    assert not look(work / "sub", place.paths).serves
    install(work / "sub", place.paths)
    made.append(place.commit(work / "sub"))
    assert place.noted() == made
    assert place.hints()[-1].repository == work / ".git/modules/sub"
    place.git(work, "worktree", "remove", "--force", str(linked))
    assert uninstall(work, place.paths).action == "removed"
    assert look(work / "sub", place.paths).serves


def test_hooks_that_several_repositories_share_serve_those_that_asked(place: Place) -> None:
    shared = place.base / "my hooks"
    own = script(shared / "post-commit", "#!/bin/sh\necho ran >>ran\nexit 3\n")
    before = tree(shared)
    place.git(place.base, "config", "--global", "core.hooksPath", "~/my hooks")
    first, second, third = (place.repository(name) for name in ("first", "it's second", "third"))
    install(first, place.paths)
    assert not look(second, place.paths).serves
    install(second, place.paths)
    assert install(first, place.paths).action == "unchanged"
    made = [place.commit(first), place.commit(second)]
    place.commit(third)
    assert place.noted() == made
    assert place.hook_status(third) == 3
    assert uninstall(third, place.paths).action == "absent"
    uninstall(first, place.paths)
    assert (look(first, place.paths).serves, look(second, place.paths).serves) == (False, True)
    place.commit(first)
    made.append(place.commit(second))
    assert place.noted() == made
    uninstall(second, place.paths)
    assert tree(shared) == before
    assert own.read_text().startswith("#!/bin/sh\necho")


@pytest.mark.parametrize("ignored", [False, True])
@pytest.mark.parametrize("others", [False, True], ids=["", "the repository tracks its other hooks"])
def test_hooks_in_the_working_tree_that_are_not_the_repositorys(place: Place, ignored: bool, others: bool) -> None:
    work = place.repository()
    if others:
        script(work / ".githooks/pre-commit", "#!/bin/sh\n")
        place.git(work, "add", ".githooks")
    place.git(work, "config", "core.hooksPath", ".githooks")
    if ignored:
        (work / ".gitignore").write_text(".githooks\n")
    done = install(work, place.paths)
    assert any("do not commit it" in note for note in done.notes) is not ignored
    assert any("relative" in note for note in done.notes)
    assert place.commit(work) == place.noted()[0]
    uninstall(work, place.paths)
    assert not (work / ".githooks/post-commit").exists()


def test_a_tracked_hook_is_told_about_and_not_touched(place: Place) -> None:
    work = place.repository()
    hook = script(work / ".githooks/post-commit", "#!/bin/sh -e\necho ran >>ran\n")
    place.git(work, "config", "core.hooksPath", ".githooks")
    place.git(work, "add", ".githooks")
    assert_hint_works(place, work, hook)


@pytest.mark.parametrize("setting", [".husky/_", ".husky"])
def test_husky_is_told_about_and_not_touched(place: Place, setting: str) -> None:
    work = place.repository()
    husky = '#!/usr/bin/env sh\nfile="$(dirname "$(dirname "$0")")/post-commit"\n[ ! -f "$file" ] || sh -e "$file"\n'
    if setting == ".husky/_":
        script(work / ".husky/_/post-commit", husky)
    place.git(work, "config", "core.hooksPath", setting)
    assert_hint_works(place, work, work / ".husky/post-commit")


def assert_hint_works(place: Place, work: Path, file: Path) -> None:
    """Install, do what the hint says, and see that it works; then the way back."""
    before = tree(work)
    with pytest.raises(Conflict) as caught:
        install(work, place.paths)
    assert tree(work) == before
    advice, _, line = caught.value.hint.partition("\n")
    assert advice == f"Add to {file}:"
    assert str(place.base) not in line  # others may read the file: the path begins at their own home
    assert not look(work, place.paths).serves
    text = file.read_text() if file.exists() else "#!/bin/sh\n"
    script(file, f"{text}{line}\n")
    assert look(work, place.paths).serves
    assert install(work, place.paths).action == "unchanged"
    assert place.hook_status(work) == 0
    assert len(place.noted()) == 1
    with pytest.raises(Conflict, match="keeps"):
        uninstall(work, place.paths)
    place.paths.hook_runner.unlink()  # somebody without lmem
    assert place.hook_status(work) == 0
    file.write_text(text)
    assert uninstall(work, place.paths).action == "absent"


def test_lefthook_is_told_about_and_not_touched(place: Place) -> None:
    work = place.repository()
    script(
        work / ".git/hooks/post-commit", '#!/bin/sh\ncall_lefthook()\n{\n  :\n}\ncall_lefthook run "post-commit" "$@"\n'
    )
    before = tree(work)
    with pytest.raises(Conflict) as caught:
        install(work, place.paths)
    assert "lefthook-local.yml" in caught.value.hint
    assert "post-commit:\n  commands:\n    lmem:\n      run: [ ! -x" in caught.value.hint
    assert tree(work) == before


def test_a_hook_that_pre_commit_has_moved_is_found(place: Place) -> None:
    work = place.repository()
    install(work, place.paths)
    hooks = work / ".git/hooks"
    (hooks / "post-commit").rename(hooks / "post-commit.legacy")
    theirs = '#!/bin/sh\n# File generated by pre-commit: https://pre-commit.com\n"$0.legacy" "$@"\n'
    script(hooks / "post-commit", theirs)
    assert look(work, place.paths).serves
    assert install(work, place.paths).action == "unchanged"
    assert place.commit(work) == place.noted()[0]
    uninstall(work, place.paths)
    assert sorted(path.name for path in hooks.iterdir()) == ["post-commit"]
    assert (hooks / "post-commit").read_text() == theirs


# What cannot be


def test_where_there_is_nothing_to_install_to(place: Place) -> None:
    place.git(place.base, "init", "-q", "--bare", "bare")
    (place.base / "empty").mkdir()
    with pytest.raises(NotFound, match="no repository around"):
        install(place.base / "empty", place.paths)
    with pytest.raises(NotFound, match="no directory"):
        install(place.base / "nothing", place.paths)
    with pytest.raises(InvalidInput, match="no working tree"):
        install(place.base / "bare", place.paths)
    (place.repository() / ".git/hooks/post-commit").mkdir(parents=True)
    with pytest.raises(InvalidInput, match="is a directory"):
        install(place.base / "work", place.paths)
    assert not (place.base / "home").exists()


@pytest.mark.parametrize("name", ["a\ttab", "a\nline"])
def test_a_path_that_no_line_can_hold_is_refused(place: Place, name: str) -> None:
    work = place.repository(name)
    before = tree(place.base)
    with pytest.raises(InvalidInput, match="cannot stand in lmem's spool"):
        install(work, place.paths)
    assert tree(place.base) == before


def test_variables_of_another_repository_do_not_mislead(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    work, other = place.repository(), place.repository("other")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    install(work, place.paths)
    assert (work / ".git/hooks/post-commit").exists()
    assert not (other / ".git/hooks").exists()


def test_a_home_that_cannot_be_written_stops_the_installation_and_no_commit(place: Place) -> None:
    work = place.repository()
    script(place.base / "home", "a file, so nothing can be made below it")
    with pytest.raises(OSError, match="home"):
        install(work, place.paths)
    assert not (work / ".git/hooks").exists()
    (place.base / "home").unlink()
    install(work, place.paths)
    shutil.rmtree(place.base / "home")
    assert place.hook_status(work) == 0
    done = place.git(work, "commit", "--allow-empty", "-q", "-m", "quiet")
    assert (done.stdout, done.stderr) == ("", "")
