"""The fixtures where there is no server: skipped and said in one line, or failed when servers are required."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.source import ROOT
from tests.servers.jars import POM, neo4j_jars, neo4j_version
from tests.servers.process import Unavailable

TESTS = """
def test_redis(redis_server): pass
def test_redis_again(redis_server): pass
def test_neo4j(neo4j_server): pass
def test_qdrant(qdrant_server): assert qdrant_server is None
"""


def run(folder: Path, select: str = "test", workers: int = 0, **environ: str) -> subprocess.CompletedProcess[str]:
    """pytest on tests that ask for servers, on a machine that has none."""
    (folder / "test_asks.py").write_text(TESTS)
    (folder / "bin").mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LMEM_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.servers.fixtures", "-p", "no:cacheprovider",
         "-c", os.devnull, "--rootdir", folder, "-k", select, f"-n{workers}", "--dist=loadfile", folder],
        env={**kept, "PATH": str(folder / "bin"), "XDG_CACHE_HOME": str(folder / "cache"), **environ},
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize("workers", [0, 2])
def test_a_server_that_is_not_there_is_said_once(tmp_path: Path, workers: int) -> None:
    done = run(tmp_path, workers=workers)
    assert done.returncode == 0, done.stdout + done.stderr
    *_, redis, neo4j, qdrant, closing = done.stdout.splitlines()
    assert redis == "Redis: there is no redis-server on the PATH; the tests that need it were skipped"
    assert neo4j == "Neo4j: there is no java on the PATH; the tests that need it were skipped"
    assert qdrant == "Qdrant: no server here; its contract runs on qdrant-client's in-memory mode"
    assert closing.startswith("1 passed, 3 skipped in")
    assert done.stdout.count("redis-server") == 1


def test_servers_nobody_asked_for_are_not_mentioned(tmp_path: Path) -> None:
    done = run(tmp_path, "test_qdrant")
    assert "Redis" not in done.stdout
    assert "Qdrant: no server here" in done.stdout


@pytest.mark.parametrize("name", ["redis", "neo4j"])
def test_a_required_server_that_is_not_there_fails(tmp_path: Path, name: str) -> None:
    done = run(tmp_path, f"test_{name}", LMEM_REQUIRE_SERVERS="1")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "on the PATH, and LMEM_REQUIRE_SERVERS is set" in done.stdout
    assert "skipped" not in done.stdout


def test_a_qdrant_elsewhere_is_used_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "test_url.py").write_text(
        "def test_url(qdrant_server):\n"
        "    assert (qdrant_server.url, qdrant_server.api_key) == ('http://127.0.0.1:1', 'key')\n"
        "    assert not hasattr(qdrant_server, 'kill')"
    )
    done = run(tmp_path, "test_url", LMEM_TEST_QDRANT_URL="http://127.0.0.1:1", LMEM_TEST_QDRANT_API_KEY="key")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Qdrant" not in done.stdout


MAVEN = """#!/bin/sh
for word; do case $word in -DoutputDirectory=*) target=${word#*=};; esac; done
mkdir -p "$target"
: > "$target/some.jar"
echo once >> "$RUNS"
exit "$STATUS"
"""


@pytest.fixture
def maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Maven that leaves one jar, ends as STATUS says and counts its runs in the file that is answered."""
    runs, program = tmp_path / "runs", tmp_path / "mvn"
    program.write_text(MAVEN)
    program.chmod(0o700)
    runs.touch()
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("RUNS", str(runs))
    monkeypatch.setenv("STATUS", "0")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return runs


def test_the_jars_are_fetched_once(maven: Path, tmp_path: Path) -> None:
    expected = tmp_path / "cache" / "lmem-tests" / f"neo4j-{neo4j_version()}" / "lib"
    assert neo4j_jars() == neo4j_jars() == expected
    assert [file.name for file in expected.iterdir()] == ["some.jar"]
    assert maven.read_text() == "once\n"


def test_two_runs_that_need_the_jars_fetch_them_once(maven: Path) -> None:
    script = "from tests.servers.jars import neo4j_jars; print(*neo4j_jars().iterdir())"
    runs = [subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE) for _ in range(3)]
    assert {run.communicate()[0].rpartition(b"/")[2] for run in runs} == {b"some.jar\n"}
    assert maven.read_text() == "once\n"


def test_what_maven_could_not_finish_is_not_kept(
    maven: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATUS", "1")
    with pytest.raises(Unavailable, match="Maven could not fetch"):
        neo4j_jars()
    assert [path.suffix for path in (tmp_path / "cache" / "lmem-tests").iterdir()] == [".lock"]
    monkeypatch.setenv("STATUS", "0")
    assert neo4j_jars().is_dir()
    assert maven.read_text() == "once\nonce\n"


def test_the_pom_names_one_version() -> None:
    assert POM.is_file()
    assert neo4j_version().startswith("5.26.")
