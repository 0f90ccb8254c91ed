"""What a command raises becomes a sentence, a hint and an exit status."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from lmem.errors import ERRORS, InvalidInput, LmemError, NotFound
from tests.unit.cli.fake_daemon import FakeDaemon, Params
from tests.unit.cli.terminal import Terminal


@pytest.mark.parametrize("cls", [cls for cls in ERRORS.values() if cls.exit_status != 3], ids=lambda cls: str(cls.code))
def test_the_daemons_error_is_said_with_its_status(daemon: FakeDaemon, lmem: Terminal, cls: type[LmemError]) -> None:
    def refuse(params: Params) -> None:
        raise cls()

    daemon.answers["memory/get"] = refuse
    done = lmem.run("show", "3f2a")
    assert done.status == cls.exit_status
    hint = cls().hint.replace("COMMAND", "show")
    assert done.err.splitlines() == [f"lmem: {cls().message}", hint]
    told = lmem.run("show", "3f2a", "--json")
    assert told.status == cls.exit_status
    assert told.error() == {"code": cls.code, "message": cls().message, "hint": hint}


def test_what_an_error_quotes_cannot_command_the_terminal(daemon: FakeDaemon, lmem: Terminal) -> None:
    def refuse(params: Params) -> None:
        raise NotFound("There is no \x1b[2J.", hint="Try \x07.")

    daemon.answers["memory/get"] = refuse
    assert lmem.run("show", "3f2a").err == "lmem: There is no \\x1b[2J.\nTry \\x07.\n"


def test_no_daemon_and_none_to_be_started(lmem: Terminal) -> None:
    done = lmem.run("search", "x", "--json", env={"CODEX_SANDBOX_NETWORK_DISABLED": "1"})
    assert done.status == 3
    assert done.error()["code"] == "socket_denied"


def test_a_reader_that_leaves_is_no_error(daemon: FakeDaemon, lmem: Terminal) -> None:
    memories = daemon.answers["memory/get"]({})
    daemon.answers["memory/list"] = lambda params: {"memories": [memories] * 5000, "total": 5000}
    command = f"'{sys.executable}' -m lmem list --json | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], env=lmem.environment({}), capture_output=True, check=False)
    assert (done.returncode, done.stderr, done.stdout.count(b"\n")) == (0, b"", 1)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
def test_a_full_disk_behind_stdout_is_said(daemon: FakeDaemon, lmem: Terminal) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "lmem", "list"],
            env=lmem.environment({}),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith(b"lmem: No space left on device.")


def test_ctrl_c_ends_it_without_a_traceback(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["memory/get"] = lambda params: time.sleep(2)
    process = subprocess.Popen(
        [sys.executable, "-m", "lmem", "show", "3f2a"],
        env=lmem.environment({}), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    deadline = time.monotonic() + 20
    while not daemon.asked and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (130, b"", b"")


def test_a_file_that_is_not_there(daemon: FakeDaemon, lmem: Terminal) -> None:
    done = lmem.run("add", "--file", "nowhere.md")
    assert done.status == 1
    assert done.err.startswith("lmem: No such file or directory 'nowhere.md'.\n")


def test_the_hints_of_errors_raised_here_are_steps(lmem: Terminal) -> None:
    done = lmem.run("search", " ")
    assert done.status == InvalidInput.exit_status
    assert done.err == "lmem: There is nothing to search for.\nGive a question or words: lmem search why WAL\n"


def test_a_hint_names_the_command_that_was_run(daemon: FakeDaemon, lmem: Terminal) -> None:
    def refuse(params: Params) -> None:
        raise InvalidInput("'limit' must be a whole number from 1 to 200.")

    daemon.answers["memory/search"] = daemon.answers["project/list"] = refuse
    assert lmem.run("search", "x", "-n", "0").err.splitlines()[1] == "See 'lmem search --help' for what is accepted."
    told = lmem.run("project", "list", "--json").error()
    assert told["hint"] == "See 'lmem project list --help' for what is accepted."
