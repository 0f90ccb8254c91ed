"""The reference is fresh and complete: help, man pages, completions, and the tables they are made from."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from lmem.cli import words
from lmem.cli.examples import EXAMPLES
from lmem.cli.reference.__main__ import stale
from lmem.cli.reference.facts import exit_statuses
from lmem.cli.reference.man import page_name
from lmem.cli.reference.tree import Command, read_tree
from lmem.domain.layers import LAYERS
from lmem.domain.memories import KNOWN_TYPES
from lmem.domain.relations import RELATIONS
from lmem.errors import ERRORS
from lmem.protocol.messages import METHODS
from lmem.settings import SETTINGS, Setting
from lmem.settings import TYPES as RATED_TYPES
from tests.house.source import ROOT

MAN = sorted((ROOT / "man").iterdir())
TREE = read_tree()
LEAVES = list(TREE.leaves())


def _page(name: str) -> str:
    return (ROOT / "man" / name).read_text(encoding="utf-8").replace("\\-", "-")


def test_generated_files_are_fresh() -> None:
    assert not stale(), "run: python -m lmem.cli.reference"


@pytest.mark.parametrize("command", LEAVES, ids=lambda command: str(command.name))
def test_a_command_has_help_an_example_a_page_and_completions(command: Command) -> None:
    assert command.text[0].endswith(".")
    assert all(option.help.endswith(".") for option in command.options)
    assert all(about.endswith(".") for _, about in EXAMPLES[command.name])
    assert any(line.startswith("lmem") or "lmem " in line for line, _ in EXAMPLES[command.name])
    page = _page(f"{page_name(command)}.1")
    assert all(flag in page for option in command.options for flag in (*option.flags, *option.off))
    for script in ("lmem.bash", "_lmem", "lmem.fish"):
        assert command.name.split()[-1] in (ROOT / "completions" / script).read_text(encoding="utf-8")


def test_every_command_can_answer_in_json() -> None:
    assert all(any("--json" in option.flags for option in command.options) for command in LEAVES)


def test_no_example_is_of_a_command_that_is_not_there() -> None:
    names = {command.name for command in LEAVES} | {child.name for child in TREE.children} | {""}
    assert set(EXAMPLES) == names


@pytest.mark.parametrize("code", ERRORS)
def test_an_error_code_and_its_hint_are_in_the_page_about_the_protocol(code: str) -> None:
    page = _page("lmem-protocol.7")
    assert f"\\fB{code}\\fR" in page
    assert ERRORS[code].default_hint in page


@pytest.mark.parametrize("method", METHODS)
def test_a_method_is_in_the_page_about_the_protocol(method: str) -> None:
    assert f"\\fB{method}\\fR" in _page("lmem-protocol.7")


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: str(setting.key))
def test_a_setting_and_its_variable_are_in_the_page_about_settings(setting: Setting) -> None:
    page = _page("lmem-config.5")
    assert setting.key in page
    assert setting.variable in page


def test_every_exit_status_is_in_every_page_of_a_command() -> None:
    used = {0, 130, *(error.exit_status for error in ERRORS.values())}
    assert {status for status, _ in exit_statuses()} == used
    pages = [path for path in MAN if path.suffix == ".1"]
    assert len(pages) > len(LEAVES) / 3  # a noun with its verbs is one page
    for page in pages:
        assert all(f"\\fB{status}\\fR" in page.read_text(encoding="utf-8") for status in used), page.name


def test_completion_offers_the_domains_own_words() -> None:
    assert words.TYPES == RATED_TYPES == KNOWN_TYPES
    assert words.LAYERS == LAYERS
    assert tuple(relation.name for relation in RELATIONS) == words.RELATIONS


def test_every_page_and_script_is_in_the_wheel() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    pages = {f"man/{path.name}": f"share/man/man{path.suffix[1:]}/{path.name}" for path in MAN}
    scripts = {
        "completions/lmem.bash": "share/bash-completion/completions/lmem",
        "completions/_lmem": "share/zsh/site-functions/_lmem",
        "completions/lmem.fish": "share/fish/vendor_completions.d/lmem.fish",
    }
    assert shared == pages | scripts


@pytest.mark.skipif(not shutil.which("mandoc"), reason="mandoc is not installed")
@pytest.mark.parametrize("page", MAN, ids=lambda page: str(page.name))
def test_a_page_is_well_formed(page: Path) -> None:
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True, check=False)
    assert not done.stdout
