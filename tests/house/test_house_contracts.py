"""The layers of the picture, checked: import-linter's contracts, and what is finer than they can say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.source import PACKAGE, ROOT, sources

HOT = ("lmem", "lmem._version", "lmem.errors", "lmem.paths")


def test_contracts_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("layer", ["protocol", "client", "githooks"])
def test_both_sides_of_the_socket_need_the_standard_library_only(layer: str) -> None:
    own = ("lmem.protocol", f"lmem.{layer}")
    foreign = [
        f"{source.name}: {name}"
        for source in sources(PACKAGE / layer)
        for name in source.imports()
        if name.split(".")[0] not in sys.stdlib_module_names and name not in HOT and not name.startswith(own)
    ]
    assert not foreign


def test_the_error_tree_imports_nothing_of_ours() -> None:
    (errors,) = [source for source in sources() if source.module == "lmem.errors"]
    assert all(name.split(".")[0] in sys.stdlib_module_names for name in errors.imports())


def test_only_bootstrap_knows_services_and_stores() -> None:
    both = []
    for source in sources(PACKAGE / "daemon"):
        names = set(source.imports())
        if any(n.startswith("lmem.service") for n in names) and any(n.startswith("lmem.stores") for n in names):
            both.append(source.module)
    assert both in ([], ["lmem.daemon.bootstrap"])
