"""What every command shares: exit statuses, variables and files.

Not read at run time; the man pages are made from it.
"""

from __future__ import annotations

from lmem.errors import ERRORS
from lmem.settings import SETTINGS, Setting

_MEANINGS = {
    0: "It was done. A search that finds nothing is done too.",
    1: "It failed: a full disk, a failed download, a refused line of 'add --jsonl', a failed check of 'doctor'.",
    2: "The command line or the input cannot be used as it is.",
    3: "The daemon does not run, does not answer, or may not be reached.",
    4: "There is no such memory, or more than one.",
    5: "The change does not fit what is stored, or another daemon owns the data.",
    6: "A store or the model that this needs is not available.",
    10: "The database did not pass its check, or belongs to something else.",
    130: "Ctrl-C.",
}


def exit_statuses() -> list[tuple[int, str]]:
    """Each exit status and what it means, with the codes of the errors that have it."""
    rows = []
    for status, meaning in _MEANINGS.items():
        codes = [error.code for error in ERRORS.values() if error.exit_status == status]
        rows.append((status, f"{meaning} Codes: {', '.join(codes)}." if codes else meaning))
    return rows


ENVIRONMENT: tuple[tuple[str, str], ...] = (
    ("LMEM_HOME", "A directory for configuration, data, state, model and socket, instead of the platform's places."),
    ("LMEM_PROJECT", "The project of every command, by name or alias, instead of that of the directory."),
    ("LMEM_SESSION", "The session of every command, by name or id, instead of the current one of the directory."),
    ("LMEM_NOW", "The time at which a daemon's clock starts, in ISO 8601: for tests; only with LMEM_HOME."),
    ("LMEM_MODEL_DIR", "A directory with the embedding model, to be read only and shared between homes."),
    ("VISUAL, EDITOR", "The editor of 'lmem add --edit', 'lmem edit' and 'lmem config edit'."),
    ("NO_COLOR", "If not empty: no colours."),
    ("FORCE_COLOR", "If not empty: colours in a pipe too."),
    ("TERM", "If dumb: no colours and no progress bars."),
    ("COLUMNS", "The width of the terminal."),
)
"""The variables that are no settings; each setting has one too, see lmem-config(5)."""

FILES: tuple[tuple[str, str], ...] = (
    ("~/.config/lmem/config.toml", "Settings, see lmem-config(5)."),
    (".lmem.toml", "Settings of a project, at the top of its working tree."),
    ("~/.local/share/lmem/layered_memory.db", "All memories: an SQLite database."),
    ("~/.local/share/lmem/vectors", "The vector index; it can be rebuilt from the database."),
    ("~/.local/share/lmem/backups", "Verified copies of the database."),
    ("~/.local/state/lmem/daemon.log", "The daemon's log, as JSON lines."),
    ("~/.local/state/lmem/spool", "Commits that git hooks noted and the daemon has not taken yet."),
    ("~/.cache/lmem/models", "Embedding models."),
    ("$XDG_RUNTIME_DIR/lmem/lmem.sock", "The daemon's socket."),
)
"""On Linux; 'lmem status' prints the real ones."""


def settings() -> list[tuple[str, str, str]]:
    """Each setting: key, variable, and what it is."""
    return [
        (
            setting.key,
            setting.variable,
            f"{setting.meaning} Default: {_value(setting)}. Variable: {setting.variable}. {_when(setting)}.",
        )
        for setting in SETTINGS
    ]


def _value(setting: Setting) -> str:
    return str(setting.default).lower() if isinstance(setting.default, bool) else str(setting.default)


def _when(setting: Setting) -> str:
    """When it is read, and whether a project's file may set it."""
    return "At once; project file" if setting.shared else "At once" if setting.live else "At start"
