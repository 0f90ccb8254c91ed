"""Which engine the settings choose, and what the index worker is told to run."""

from __future__ import annotations

from pathlib import Path

import pytest

from lmem.config import Config, layered
from lmem.daemon import servers
from lmem.errors import InvalidInput, StoreDown, StoreUnavailable
from lmem.ports.vectors import EDGE, QDRANT
from lmem.stores.lanes import LANES, QUERY, WRITE, lanes
from lmem.stores.pipe import Spec
from lmem.stores.unusable import Unusable

OWNER = "o" * 32
URL = "http://127.0.0.1:6333"


def _config(**settings: object) -> Config:
    return layered((("user file", {key.replace("__", "."): value for key, value in settings.items()}),))


def _spec(tmp_path: Path, **settings: object) -> Spec:
    return servers.vectors_spec(_config(**settings), tmp_path, OWNER)


def test_without_a_url_edge_keeps_the_vectors(tmp_path: Path) -> None:
    config = _config(vectors__reserve_mb=3)
    assert servers.vectors_engine(config) == EDGE
    assert servers.vectors_timeout(config) is None
    spec = servers.vectors_spec(config, tmp_path, OWNER)
    assert spec == Spec("lmem.stores.qdrant.edge:EdgeVectors", {"root": str(tmp_path), "reserve_bytes": 3 << 20})


def test_a_url_chooses_the_server_with_all_its_settings(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("sesame\n")
    key.chmod(0o600)
    settings = {
        "qdrant__url": URL + "/", "qdrant__prefix": "mine_", "qdrant__api_key_file": str(key),
        "qdrant__ca_file": "~/ca.pem", "qdrant__timeout_seconds": 2.5, "qdrant__quantization": "int8",
        "qdrant__on_disk": True,
    }  # fmt: skip
    assert servers.vectors_engine(_config(**settings)) == QDRANT
    assert servers.vectors_timeout(_config(**settings)) == 2.5
    assert _spec(tmp_path, **settings) == Spec("lmem.stores.qdrant.server:ServerVectors", {
        "url": URL, "api_key": "sesame", "prefix": "mine_", "owner": OWNER, "timeout": 2.5,
        "ca_file": str(Path.home() / "ca.pem"), "quantization": "int8", "on_disk": True,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        ({"qdrant__url": "redis://127.0.0.1"}, "qdrant.url"),
        ({"qdrant__url": URL, "qdrant__api_key_file": "/absent/key"}, "qdrant.api_key_file"),
        ({"qdrant__url": URL, "qdrant__api_key_command": "false"}, "terminal"),
        ({"qdrant__url": URL, "qdrant__prefix": "a/b"}, "qdrant.prefix"),
    ],
)
def test_settings_that_cannot_be_used_make_a_store_that_says_so(
    tmp_path: Path, settings: dict[str, object], hint: str
) -> None:
    spec = _spec(tmp_path, **settings)
    assert spec.factory == "lmem.stores.unusable:Unusable"
    store = Unusable(**spec.arguments)
    for method, arguments in (("sizes", {}), ("search", {"generation": "gen-0001", "limit": 5})):
        with pytest.raises(StoreDown) as caught:
            getattr(store, method)(**arguments)
        assert hint in caught.value.hint


@pytest.mark.parametrize("url", [URL, f"{URL}/", "https://qdrant.example:443/base", "http://[::1]:6333"])
def test_an_address_is_taken(url: str) -> None:
    assert servers.checked_url(url) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:6333", "http://", "grpc://h:1", "http://h:99999", "http://me:s3cret@h:6333", "http://s3cret@h",
     "http://h:6333?api-key=s3cret", "http://h/#s3cret"],
)  # fmt: skip
def test_an_address_with_more_in_it_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        servers.checked_url(url)
    assert "s3cret" not in caught.value.message + caught.value.hint
    assert caught.value.hint


def test_what_edge_kept_is_cleared_and_nothing_else(tmp_path: Path) -> None:
    servers.clear_embedded(tmp_path / "absent")
    (tmp_path / "gen-0001" / "memory_embeddings").mkdir(parents=True)
    (tmp_path / "gen-0001" / "memory_embeddings" / "page_0.dat").write_bytes(b"x")
    (tmp_path / "notes").mkdir()
    servers.clear_embedded(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes"]
    (tmp_path / "gen-0002").touch()
    with pytest.raises(StoreUnavailable, match="cannot be removed"):
        servers.clear_embedded(tmp_path)


def test_a_servers_own_limit_ends_a_call_before_the_workers(tmp_path: Path) -> None:
    assert lanes(None) is LANES
    slow = lanes(5.0)
    assert slow.keys() == LANES.keys()
    assert slow["vectors", "search"].timeout == slow["finder", "find"].timeout == 6
    assert slow["vectors", "write"].timeout == WRITE.timeout
    assert lanes(100.0)["vectors", "write"].timeout == 400
    assert next(iter(slow.values())).name == QUERY.name, "the first lane's threads read the pipe"
    assert len({lane.name for lane in slow.values()}) == len(set(slow.values())) == 4
