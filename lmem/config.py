"""The values of settings, where several levels may give them.

Not the table of settings (lmem.settings), nor the place of what is stored in SQLite (lmem.service.settings brings those
levels), nor the writing of config.toml (lmem.configfile); a leaf that both sides may import.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lmem.errors import InvalidInput
from lmem.settings import SETTINGS, Setting, Value

ORIGINS = ("environment", "project file", "project", "preferences", "user file", "system_config", "default")
"""Where a value may come from, the strongest first; a command's own flag is stronger than all of them.

'project' is `projects.config_json`, 'preferences' is `users.preferences_json`.
"""

PROJECT_FILE = ".lmem.toml"
"""The project's file, at the top of its working tree."""

LIVE = frozenset(item.variable for item in SETTINGS if item.live)
"""The variables that a client's environment may set for its own calls."""


@dataclass(frozen=True, slots=True)
class Config:
    """The values in force, by key, and where each comes from (one of ORIGINS)."""

    values: Mapping[str, Value]
    origins: Mapping[str, str]

    def text(self, key: str) -> str:
        return str(self.values[key])

    def number(self, key: str) -> int:
        return int(self.values[key])

    def share(self, key: str) -> float:
        return float(self.values[key])

    def flag(self, key: str) -> bool:
        return bool(self.values[key])


InForce = Callable[[str | None], Config]
"""The settings of a project, by its id, or of none."""


def load(file: Path, environ: Mapping[str, str] | None = None) -> Config:
    """Settings from the environment over `file` over defaults.

    Raises InvalidInput for a file that cannot be read or is not TOML, an unknown key, or a value of the wrong
    type or out of its bounds.
    """
    env = os.environ if environ is None else environ
    return layered((("environment", from_environment(env)), ("user file", from_text(text_of(file), file))))


def layered(levels: Sequence[tuple[str, Mapping[str, object]]]) -> Config:
    """Every setting from the first of `levels` (origin, values by key) that has it, else its default.

    Raises InvalidInput for a value of the wrong type or out of its bounds.
    """
    values: dict[str, Value] = {}
    origins: dict[str, str] = {}
    for setting in SETTINGS:
        values[setting.key], origins[setting.key] = setting.default, "default"
        for origin, given in levels:
            if setting.key in given:
                values[setting.key], origins[setting.key] = parse(setting, given[setting.key]), origin
                break
    return Config(values, origins)


def from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    """The settings that an environment names, by key; an empty variable counts as one that is not set."""
    return {item.key: environ[item.variable] for item in SETTINGS if environ.get(item.variable, "").strip()}


def from_text(text: str, file: Path) -> dict[str, object]:
    """The settings in the text of the user's file, by key. Raises InvalidInput for what is not TOML or not known."""
    written = flattened(text, file)
    for key in written:
        if setting(key) is None:
            raise InvalidInput(f"{file} has the unknown setting '{key}'.", hint="See 'man lmem-config'.")
    return written


def setting(key: str) -> Setting | None:
    """The setting of a key."""
    return next((item for item in SETTINGS if item.key == key), None)


def flattened(text: str, file: Path) -> dict[str, object]:
    """TOML as dotted keys with their values. Raises InvalidInput, naming `file`, for what is not TOML."""
    try:
        return _flatten(tomllib.loads(text))
    except ValueError as err:
        raise InvalidInput(f"{file} is not valid TOML: {err}.", hint=f"Correct it with an editor: {file}") from err


def text_of(file: Path) -> str:
    """The text of a file, '' when there is none. Raises InvalidInput when it cannot be read or is not UTF-8."""
    try:
        return file.read_bytes().decode()
    except FileNotFoundError:
        return ""
    except OSError as err:
        raise InvalidInput(f"{file} cannot be read: {err.strerror}.", hint="Correct its permissions.") from err
    except UnicodeDecodeError as err:
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


def parse(setting: Setting, value: object) -> Value:
    """A value as typed by a person or written in a file. Raises InvalidInput when it is not one for this setting."""
    wanted = type(setting.default)
    try:
        found = _converted(wanted, value)
        if isinstance(found, str):
            if setting.choices and found not in setting.choices:
                raise ValueError("not one of the choices")
        elif not found >= setting.least or (setting.most is not None and found > setting.most):  # NaN fails it too
            raise ValueError("out of bounds")
    except (KeyError, ValueError, OverflowError) as err:
        said = type(value).__name__ if setting.key.endswith(".url") else repr(value)  # a password may be in an address
        raise InvalidInput(
            f"The setting {setting.key} wants {_wanted(setting)}, not {said}.",
            hint=f"Its default is {setting.default!r}.",
        ) from err
    return found


def _wanted(setting: Setting) -> str:
    if setting.choices:
        return f"{', '.join(setting.choices[:-1])} or {setting.choices[-1]}"
    kind = _KINDS[type(setting.default)]
    if type(setting.default) in (bool, str):
        return kind
    return f"{kind} from {setting.least:g} to {setting.most:g}" if setting.most is not None else (
        f"{kind} of at least {setting.least:g}"
    )


def _converted(wanted: type[Value], value: object) -> Value:
    text = str(value).strip()
    if wanted is bool:
        return {"true": True, "false": False, "1": True, "0": False}[text.lower()]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("neither a number nor a text")
    return int(text) if wanted is int else float(text) if wanted is float else text
