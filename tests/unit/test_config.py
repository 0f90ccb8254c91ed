"""Settings: where each value comes from, and what a wrong one says."""

from __future__ import annotations

from pathlib import Path

import pytest

from lmem import config
from lmem.config import load
from lmem.errors import InvalidInput
from lmem.settings import SETTINGS, Setting


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_without_a_file_everything_is_the_default(file: Path) -> None:
    found = load(file, {})
    assert found.values == {setting.key: setting.default for setting in SETTINGS}
    assert set(found.origins.values()) == {"default"} and found.origins.keys() == found.values.keys()


def test_the_environment_wins_over_the_file_over_the_default(file: Path) -> None:
    file.write_text('[embedding]\nengine = "sentence-transformers"\nthreads = 3\n[daemon]\nlog_level = "debug"\n')
    found = load(file, {"LMEM_EMBEDDING_THREADS": " 2 ", "LMEM_DAEMON_LOG_LEVEL": "", "LMEM_HOME": "/x"})
    assert (found.number("embedding.threads"), found.origins["embedding.threads"]) == (2, "environment")
    assert (found.text("daemon.log_level"), found.origins["daemon.log_level"]) == ("debug", "user file")
    assert found.text("embedding.engine") == "sentence-transformers"
    assert (found.number("memory.max_bytes"), found.origins["memory.max_bytes"]) == (1_000_000, "default")


def test_the_process_environment_is_the_default_one(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMEM_MEMORY_MAX_BYTES", "77")
    assert load(file).number("memory.max_bytes") == 77


def test_a_quoted_dotted_key_is_the_same_setting(file: Path) -> None:
    file.write_text('"vectors.reserve_mb" = 5\n')
    assert load(file, {}).number("vectors.reserve_mb") == 5


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[embedding", "is not valid TOML"),
        ("\xff", "is not valid TOML"),
        ("a = 1\na = 2", "is not valid TOML"),
        ("colour = 1", "has the unknown setting 'colour'"),
        ("[embedding]\nmodle = 'x'", "has the unknown setting 'embedding.modle'"),
        ("embedding = 1", "has the unknown setting 'embedding'"),
        ("[memory.max_bytes]\nx = 1", "unknown setting 'memory.max_bytes.x'"),
        ("[memory]\nmax_bytes = 'many'", "memory.max_bytes wants a whole number of at least 1, not 'many'"),
        ("[memory]\nmax_bytes = 0", "a whole number of at least 1, not 0"),
        ("[memory]\nmax_bytes = 1.5", "a whole number of at least 1, not 1.5"),
        ("[memory]\nmax_bytes = true", "a whole number of at least 1, not True"),
        ("[daemon]\nidle_exit_minutes = -1", "a whole number of at least 0, not -1"),
        ("[embedding]\nmodel = ['x']", r"embedding.model wants a text, not \['x'\]"),
        ("[embedding]\nmodel = true", "embedding.model wants a text, not True"),
        ("[redis]\nurl = ['redis://ada:hunter22@h']", r"redis.url wants a text, not list\.$"),
    ],
)
def test_a_file_that_is_wrong(file: Path, text: str, says: str) -> None:
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(InvalidInput, match=says) as caught:
        load(file, {})
    assert caught.value.hint


def test_a_variable_that_is_wrong_names_its_setting(file: Path) -> None:
    with pytest.raises(InvalidInput, match=r"daemon\.max_connections wants a whole number of at least 1, not 'x'"):
        load(file, {"LMEM_DAEMON_MAX_CONNECTIONS": "x"})


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        load(tmp_path, {})


@pytest.mark.parametrize(
    ("default", "written", "value"),
    [
        (False, "true", True),
        (True, "0", False),
        (True, "False", False),
        (0.5, "0.25", 0.25),
        (0.5, "1", 1.0),
        (0.5, "nan", None),
        (0.5, "-1", None),
        (0.5, "x", None),
        (True, "maybe", None),
    ],
)
def test_each_kind_of_value(
    file: Path, monkeypatch: pytest.MonkeyPatch, default: bool | float, written: str, value: bool | float | None
) -> None:
    monkeypatch.setattr(config, "SETTINGS", (Setting("some.thing", default, "A setting."),))
    if value is None:
        with pytest.raises(InvalidInput, match=r"some\.thing wants"):
            load(file, {"LMEM_SOME_THING": written})
    else:
        found = load(file, {"LMEM_SOME_THING": written}).values["some.thing"]
        assert found == value and type(found) is type(default)


def test_every_setting_says_what_it_is() -> None:
    assert len({setting.key for setting in SETTINGS}) == len(SETTINGS)
    assert len({setting.variable for setting in SETTINGS}) == len(SETTINGS)
    assert all(setting.meaning.endswith(".") for setting in SETTINGS)
    assert all(setting.live for setting in SETTINGS if setting.shared)
    assert all(not setting.choices or setting.default in setting.choices for setting in SETTINGS)
    assert all(isinstance(setting.default, str) or setting.default >= setting.least for setting in SETTINGS)
