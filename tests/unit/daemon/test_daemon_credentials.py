"""Where a password comes from, which comes first, and that no error shows it."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from lmem.config import Config, layered
from lmem.daemon.credentials import certificates, read
from lmem.errors import InvalidInput


def _config(**given: str) -> Config:
    written: Mapping[str, object] = {f"neo4j.{name}": value for name, value in given.items()}
    return layered((("user file", written),))


def _file(tmp_path: Path, text: str, mode: int = 0o600) -> str:
    file = tmp_path / "password"
    file.write_text(text)
    file.chmod(mode)
    return str(file)


def test_none_is_given() -> None:
    assert read(_config(), "neo4j.password", {}) is None


def test_the_environment_comes_before_the_file_and_the_file_before_the_command(tmp_path: Path) -> None:
    config = _config(password_file=_file(tmp_path, "of the file\n"), password_command="echo of the command")
    assert read(config, "neo4j.password", {"LMEM_NEO4J_PASSWORD": "of the environment"}) == "of the environment"
    assert read(config, "neo4j.password", {}) == "of the file"
    assert read(_config(password_command="echo of the command"), "neo4j.password", {}) == "of the command"


@pytest.mark.parametrize("command", ["/no/such/command", "'", f"{sys.executable} -c 'raise SystemExit(3)'", "true"])
def test_a_command_that_gives_nothing_is_an_error(command: str) -> None:
    with pytest.raises(InvalidInput, match=r"neo4j\.password"):
        read(_config(password_command=command), "neo4j.password", {})


def test_a_command_runs_without_a_shell(tmp_path: Path) -> None:
    found = read(_config(password_command=f"echo x > {tmp_path}/made"), "neo4j.password", {})
    assert found == f"x > {tmp_path}/made"
    assert not (tmp_path / "made").exists()


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="open to others") as caught:
        read(_config(password_file=_file(tmp_path, "hunter2", 0o644)), "neo4j.password", {})
    assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "password", 0o600)
    caught: list[InvalidInput] = []

    def asking() -> None:
        try:
            read(_config(password_file=str(tmp_path / "password")), "neo4j.password", {})
        except InvalidInput as err:
            caught.append(err)

    reading = threading.Thread(target=asking, daemon=True)
    reading.start()
    reading.join(20)
    assert "cannot be read: not a plain file" in caught[0].message
    assert "password_command" in caught[0].hint


@pytest.mark.parametrize("text", ["", "\n"])
def test_an_empty_file_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidInput, match="holds nothing"):
        read(_config(password_file=_file(tmp_path, text)), "neo4j.password", {})


def test_a_missing_file_is_an_error() -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        read(_config(password_file="/no/such/file"), "neo4j.password", {})


def test_certificates_may_be_named_from_the_home() -> None:
    assert certificates(_config(), "neo4j.ca_file") == ""
    assert certificates(_config(ca_file="~/ca.pem"), "neo4j.ca_file") == str(Path.home() / "ca.pem")
    assert certificates(_config(ca_file="/etc/ca.pem"), "neo4j.ca_file") == "/etc/ca.pem"
