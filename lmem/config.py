"""Settings: one table of every setting, and their values from environment, user file and defaults.

Not the place of `system_config` rows (those live in SQLite); a leaf that both sides may import.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lmem.errors import InvalidInput

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: dotted key as in config.toml, default (its type is the setting's type), meaning in a sentence.

    `least` is the smallest value of a number.
    """

    key: str
    default: Value
    meaning: str
    least: int = 0

    @property
    def variable(self) -> str:
        """The environment variable that overrides it, as LMEM_EMBEDDING_ENGINE for embedding.engine."""
        return "LMEM_" + self.key.replace(".", "_").upper()


SETTINGS: tuple[Setting, ...] = (
    Setting("embedding.engine", "light", "Engine that embeds text: light (ONNX Runtime) or sentence-transformers."),
    Setting("embedding.model", "all-MiniLM-L6-v2", "Name of the embedding model."),
    Setting("embedding.threads", 0, "Threads of the document session; 0 lets lmem choose."),
    Setting("vectors.optimise_after", 20000, "New points after which a collection is optimised in the background."),
    Setting("vectors.reserve_mb", 64, "Free disk space in MB kept in reserve before the index is written."),
    Setting("daemon.idle_exit_minutes", 0, "Minutes without a client after which the daemon exits; 0 never."),
    Setting("daemon.max_connections", 256, "Connections served at once.", least=1),
    Setting("daemon.max_in_flight", 64, "Requests of one connection worked on at once.", least=1),
    Setting("daemon.log_level", "info", "Level of the daemon's log: debug, info, warning or error."),
    Setting("memory.max_bytes", 1_000_000, "Largest text of one memory, in bytes of UTF-8.", least=1),
)


@dataclass(frozen=True, slots=True)
class Config:
    """The values in force, by key, and where each comes from ('environment', 'user file' or 'default')."""

    values: Mapping[str, Value]
    origins: Mapping[str, str]

    def text(self, key: str) -> str:
        return str(self.values[key])

    def number(self, key: str) -> int:
        return int(self.values[key])


def load(file: Path, environ: Mapping[str, str] | None = None) -> Config:
    """Settings from the environment over `file` over defaults; an empty variable counts as one that is not set.

    Raises InvalidInput for a file that cannot be read or is not TOML, an unknown key, or a value of the wrong
    type or below its least.
    """
    env = os.environ if environ is None else environ
    written = _flatten(_read(file))
    known = {setting.key: setting for setting in SETTINGS}
    for key in written:
        if key not in known:
            raise InvalidInput(f"{file} has the unknown setting '{key}'.", hint="See 'man lmem-config'.")
    values: dict[str, Value] = {}
    origins: dict[str, str] = {}
    for setting in SETTINGS:
        if env.get(setting.variable, "").strip():
            values[setting.key], origins[setting.key] = _parse(setting, env[setting.variable]), "environment"
        elif setting.key in written:
            values[setting.key], origins[setting.key] = _parse(setting, written[setting.key]), "user file"
        else:
            values[setting.key], origins[setting.key] = setting.default, "default"
    return Config(values, origins)


def _read(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as err:
        raise InvalidInput(f"{file} cannot be read: {err.strerror}.", hint="Correct its permissions.") from err
    except ValueError as err:  # TOMLDecodeError and UnicodeDecodeError are
        raise InvalidInput(f"{file} is not valid TOML: {err}.", hint=f"Correct it with an editor: {file}") from err


def _flatten(table: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def _parse(setting: Setting, value: object) -> Value:
    wanted = type(setting.default)
    try:
        found = _converted(wanted, value)
        if not isinstance(found, str) and not found >= setting.least:  # NaN fails it too
            raise ValueError(f"below {setting.least}")
    except (KeyError, ValueError, OverflowError) as err:
        least = f" of at least {setting.least}" if wanted in (int, float) else ""
        raise InvalidInput(
            f"The setting {setting.key} wants {_KINDS[wanted]}{least}, not {value!r}.",
            hint=f"Its default is {setting.default!r}.",
        ) from err
    return found


def _converted(wanted: type[Value], value: object) -> Value:
    text = str(value).strip()
    if wanted is bool:
        return {"true": True, "false": False, "1": True, "0": False}[text.lower()]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("neither a number nor a text")
    return int(text) if wanted is int else float(text) if wanted is float else text
