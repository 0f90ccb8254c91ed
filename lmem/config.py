"""Settings: one table of every setting, and their values where several levels may give them.

Not the place of what is stored in SQLite (lmem.service.settings brings those levels), nor the writing of config.toml
(lmem.configfile); a leaf that both sides may import.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lmem.errors import InvalidInput

Value = str | int | float | bool


ORIGINS = ("environment", "project file", "project", "preferences", "user file", "system_config", "default")
"""Where a value may come from, the strongest first; a command's own flag is stronger than all of them.

'project' is `projects.config_json`, 'preferences' is `users.preferences_json`.
"""

PROJECT_FILE = ".lmem.toml"
"""The project's file, at the top of its working tree."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: key as in config.toml, default (its type is the setting's type), meaning in a sentence.

    `least` and `most` bound a number, `choices` a text. A `live` one is taken from every level and in force at once;
    the others are read from environment and user file when the daemon starts. A `shared` one may stand in a project's
    file too, which others than the user may have written: it must not widen what lmem may do or whom it trusts.
    """

    key: str
    default: Value
    meaning: str
    least: float = 0
    most: float | None = None
    choices: tuple[str, ...] = ()
    live: bool = False
    shared: bool = False

    @property
    def variable(self) -> str:
        """The environment variable that overrides it, as LMEM_EMBEDDING_ENGINE for embedding.engine."""
        return "LMEM_" + self.key.replace(".", "_").upper()


TYPES = ("decision", "task", "progress", "insight", "pattern", "error", "solution", "preference", "note", "commit")
"""The types that have a decay rate of their own: lmem.domain's KNOWN_TYPES (a house test compares them)."""

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "embedding.engine", "light", "Engine that embeds text: light (ONNX Runtime) or sentence-transformers.",
        choices=("light", "sentence-transformers"),
    ),
    Setting("embedding.model", "all-MiniLM-L6-v2", "Name of the embedding model."),
    Setting("embedding.threads", 0, "Threads of the document session; 0 lets lmem choose."),
    Setting("vectors.optimise_after", 20000, "New points after which a collection is optimised in the background."),
    Setting("vectors.reserve_mb", 64, "Free disk space in MB kept in reserve before the index is written."),
    Setting("daemon.idle_exit_minutes", 0, "Minutes without a client after which the daemon exits; 0 never."),
    Setting("daemon.max_connections", 256, "Connections served at once.", least=1),
    Setting("daemon.max_in_flight", 64, "Requests of one connection worked on at once.", least=1),
    Setting(
        "daemon.log_level", "info", "Level of the daemon's log: debug, info, warning or error.",
        choices=("debug", "info", "warning", "error"),
    ),
    Setting(
        "sessions.idle_hours", 12, "Hours without a call after which a session ends by itself; 0 never.",
        most=87_600, live=True,
    ),
    Setting(
        "context.budget", 2000, "Tokens that 'lmem context' may use when no --budget is given.", least=1, live=True
    ),
    Setting("memory.max_bytes", 1_000_000, "Largest text of one memory, in bytes of UTF-8.", least=1, live=True),
    Setting("memory_decay_enabled", True, "Whether importance fades with time.", live=True, shared=True),
    Setting(
        "default_decay_rate", 0.1, "Share of importance that a new memory loses per week without use.",
        most=1, live=True, shared=True,
    ),
    *(
        Setting(
            f"decay.rates.{kind}", -1.0, f"The same for a new {kind}; -1 leaves it to default_decay_rate.",
            least=-1, most=1, live=True, shared=True,
        )
        for kind in TYPES
    ),
    Setting("max_memories_per_session", 1000, "Most memories of one session.", least=1, live=True),
    Setting(
        "semantic_search_threshold", 0.7, "Least cosine of a result of 'search --semantic' and 'related --similar'.",
        most=1, live=True, shared=True,
    ),
    Setting(
        "auto_categorization_enabled", True, "Whether memories without a category are given one.",
        live=True, shared=True,
    ),
    Setting(
        "summaries.automatic", True, "Whether long texts without a summary are given one, made of their own sentences.",
        live=True, shared=True,
    ),
    Setting(
        "audit.keep_days", 0, "Days after which entries of the audit log are let go; 0 keeps all.",
        most=36_500, live=True,
    ),
)  # fmt: skip


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
        raise InvalidInput(
            f"The setting {setting.key} wants {_wanted(setting)}, not {value!r}.",
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
