"""Addresses of repositories in one form, and never with what lets anybody in.

Not the reading of git's configuration (test_daemon_gitconfig.py).
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.domain.remotes import last_part, local_path, remote_key


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/ada/Api.git",
        "https://GitHub.com/ada/Api/",
        "https://ada:hunter2@github.com:443/ada/Api.git",
        "https://ghp_token@github.com/ada/Api?token=hunter2#hunter2",
        "ssh://git@github.com:22/ada/Api.git",
        "git@github.com:ada/Api.git",
        "github.com:/ada/Api",
        "git://github.com:9418/ada/Api.git",
        "  git+ssh://git@github.com/ada/Api.git\n",
    ],
)
def test_every_spelling_of_an_address_is_one(url: str) -> None:
    assert remote_key(url) == "github.com/ada/Api"


@pytest.mark.parametrize(
    ("url", "key", "path"),
    [
        ("ssh://git@example.org:2222/a/b.git", "example.org:2222/a/b", None),
        ("https://example.org/a/b/c.git", "example.org/a/b/c", None),
        ("/src/api", None, "/src/api"),
        ("../api.git", None, "../api.git"),
        ("file:///src/api.git", None, "/src/api.git"),
        ("file://host/src/api", None, "/src/api"),
        ("https://example.org", None, None),
        ("https://example.org:port/a", None, None),
        ("https://[::1/a/b", None, None),
        ("", None, None),
    ],
)
def test_an_address_or_a_directory_or_neither(url: str, key: str | None, path: str | None) -> None:
    assert (remote_key(url), local_path(url)) == (key, path)


SECRETS = st.text(st.characters(codec="ascii", categories=("Lu", "Nd")), min_size=12, max_size=40)
PARTS = st.text(st.sampled_from("abcdefgh-_."), min_size=1, max_size=12).filter(lambda part: part.strip(".") == part)


@given(user=st.text(st.sampled_from("abc"), max_size=5), secret=SECRETS, host=PARTS, owner=PARTS, name=PARTS)
def test_no_credential_stays_in_an_address(user: str, secret: str, host: str, owner: str, name: str) -> None:
    for url in (
        f"https://{user}:{secret}@{host}/{owner}/{name}.git",
        f"https://{secret}@{host}/{owner}/{name}",
        f"ssh://{user}:{secret}@{host}:2222/{owner}/{name}",
        f"https://{host}/{owner}/{name}?private_token={secret}",
        f"{secret}@{host}:{owner}/{name}.git",
    ):
        assert secret not in (remote_key(url) or "")
        assert secret not in (local_path(url) or "")


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("github.com/ada/Api", ("Api", "ada")),
        ("/src/ada/api/.git", ("api", "ada")),
        ("/src/api.git", ("api", "src")),
        ("/src/api/.bare", ("api", "src")),
        ("/", ("project", None)),
    ],
)
def test_a_name_and_its_owner(key: str, parts: tuple[str, str | None]) -> None:
    assert last_part(key) == parts
