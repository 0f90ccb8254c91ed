"""Git's configuration files as git itself reads them.

Not the files of a repository's state (test_daemon_gitfiles.py).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from lmem.daemon import gitconfig


def test_the_users_name_is_gits(tmp_path: Path) -> None:
    assert gitconfig.identity(tmp_path) == (None, None)
    (tmp_path / ".gitconfig").write_text(
        '# mine\n[core]\n\tname = wrong\n[user]\n\tname = "Ada Lovelace" ; me\n\temail=ada@example.org # mail\n'
        '[user "other"]\n\temail = wrong@example.org\n'
    )
    assert gitconfig.identity(tmp_path) == ("Ada Lovelace", "ada@example.org")
    (tmp_path / ".config" / "git").mkdir(parents=True)
    (tmp_path / ".config" / "git" / "config").write_text("[user]\nname = Somebody Else\n")
    assert gitconfig.identity(tmp_path)[0] == "Ada Lovelace"
    (tmp_path / ".gitconfig").write_bytes(b"\xff\xfe")
    assert gitconfig.identity(tmp_path) == ("Somebody Else", None)


def test_remotes_are_those_of_the_file(tmp_path: Path) -> None:
    assert gitconfig.remotes(tmp_path) == {}
    (tmp_path / "config").write_text(
        '[core]\n\tbare = false\n[remote "origin"] url = git@example.org:ada/api.git ; mine\n'
        '\tfetch = +refs/heads/*:refs/remotes/origin/*\n\turl = https://example.org/second\n'
        '[remote "up.stream"]\n\tURL = "https://example.org/a b"\n[branch "main"]\n\tremote = origin\n'
    )
    assert gitconfig.remotes(tmp_path) == {
        "origin": "git@example.org:ada/api.git",
        "up.stream": "https://example.org/a b",
    }


def test_the_later_file_wins(tmp_path: Path) -> None:
    (tmp_path / "one").write_text(
        '[core]\n\tfileMode = true\n\tbare = false\n[core "part"]\n\tbare = true\n[user]\n\tname = a\n'
    )
    (tmp_path / "two").write_text("[core]\nfilemode = false\n")
    found = gitconfig.core(tmp_path / "one", tmp_path / "two", tmp_path / "three")
    assert found == {"filemode": "false", "bare": "false"}


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("home/.gitconfig", "[core]\n\tattributesFile = ~/mine\n"),
        ("home/.config/git/config", "[include]\n\tpath = other\n"),
        ("top/.git/config", '[includeIf "gitdir:x"]\n\tpath = other\n'),
        ("home/.config/git/attributes", ""),
        ("etc/gitattributes", ""),
        ("top/.git/info/attributes", ""),
        ("top/.gitattributes", ""),
        ("top/src/.gitattributes", ""),
    ],
)
def test_attributes_may_be_in_many_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, text: str
) -> None:
    monkeypatch.setattr(gitconfig, "_SYSTEM", tmp_path / "etc")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    top, home = tmp_path / "top", tmp_path / "home"

    def may(file: str) -> bool:
        return gitconfig.may_convert(top, top / ".git", home, top / file)

    (top / "beside").mkdir(parents=True)
    for other in (tmp_path / ".gitattributes", top / "beside" / ".gitattributes"):
        other.touch()
    assert not may("src/file")
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).write_text(text)
    assert may("src/file")
