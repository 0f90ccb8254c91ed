"""docker-compose.yml: pinned images, ports for this machine only, no secret in it, every server watched."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from lmem.settings import SETTINGS
from tests.house.source import ROOT

TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
SERVERS = ("qdrant", "neo4j", "redis")


def _service(name: str) -> str:
    """What stands under a service's name, without comments."""
    services = TEXT.partition("\nservices:\n")[2].partition("\nsecrets:\n")[0]
    (found,) = re.findall(rf"^  {name}:.*\n((?:    .*\n|\n)+)", services, re.MULTILINE)
    return re.sub(r"(^|\s)#.*", "", str(found))


def test_there_are_these_servers_and_no_others() -> None:
    services = TEXT.partition("\nservices:\n")[2].partition("\nsecrets:\n")[0]
    assert tuple(re.findall(r"^  (\w+):", services, re.MULTILINE)) == SERVERS


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_is_pinned_watched_and_for_this_machine_only(name: str) -> None:
    service = _service(name)
    assert re.search(rf"image: (\w+/)?{name}:v?\d+\.\d+", service), "a version"
    assert "healthcheck:" in service
    ports = re.findall(r'- "([\d.:]+)"', service)
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    (url,) = re.findall(rf"{name}\.url = \w+://([\d.:]+)", TEXT)
    assert f"{url}:{url.partition(':')[2]}" in ports, "the comment says where it is"


@pytest.mark.parametrize("name", SERVERS)
def test_a_secret_is_read_from_its_file_inside_the_container(name: str) -> None:
    service = _service(name)
    (secret,) = re.findall(r"secrets:\n      - (\w+)", service)
    assert f"$$(cat /run/secrets/{secret})" in service
    assert f"file: ./secrets/{secret}" in TEXT
    assert f"lmem config set {secret.replace('_', '.', 1)}_file" in TEXT
    assert not re.search(r"(?i)(pass|auth|api_?key)\S*[:=] ?\"?\w+\"?$", service, re.MULTILINE), "a secret in the file"
    assert "/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_the_settings_that_the_comment_names_exist() -> None:
    named = set(re.findall(r"lmem config set (\S+)", TEXT)) | set(re.findall(r"(\w+\.url) = ", TEXT))
    assert len(named) == 6
    assert named <= {setting.key for setting in SETTINGS}


def _has_compose() -> bool:
    return bool(shutil.which("docker")) and not subprocess.run(
        ["docker", "compose", "version"], capture_output=True, check=False
    ).returncode


@pytest.mark.skipif(not _has_compose(), reason="docker compose is not installed")
def test_docker_accepts_it() -> None:
    done = subprocess.run(["docker", "compose", "config", "-q"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
