"""The look at a project's files: bounded, and not led astray.

Not the conclusions (test_domain_traits.py).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from lmem.daemon import projectfiles
from lmem.domain.traits import Traits


def test_manifests_and_endings_are_read(tmp_path: Path) -> None:
    (tmp_path / "src" / "deep").mkdir(parents=True)
    (tmp_path / "src" / "deep" / "main.rs").write_text("")
    (tmp_path / "Cargo.toml").write_text('[dependencies]\nclap = "4"\n')
    assert projectfiles.traits(str(tmp_path)) == Traits("rust", "clap", "cli")


def test_what_others_made_does_not_count(tmp_path: Path) -> None:
    for directory in ("node_modules/x", ".venv/lib", "target"):
        (tmp_path / directory).mkdir(parents=True)
        for number in range(5):
            (tmp_path / directory / f"{number}.js").write_text("")
    (tmp_path / "one.py").write_text("")
    assert projectfiles.traits(str(tmp_path)).language == "python"


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "pyproject.toml").write_text('[project]\ndependencies = ["django"]')
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "pyproject.toml").symlink_to(outside / "pyproject.toml")
    (inside / "src").symlink_to(outside)
    assert projectfiles.traits(str(inside)) == Traits()


def test_a_look_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projectfiles, "MOST_PATHS", 3)
    for number in range(10):
        (tmp_path / f"{number}.go").write_text("")
    assert len(projectfiles._paths(str(tmp_path))) == 3
    assert projectfiles.traits(str(tmp_path / "nowhere")) == Traits()
