"""completions: show or write the completion script of a shell.

Not the scripts themselves; `lmem.cli.reference` makes them from the command tree.
"""

from __future__ import annotations

import os
from pathlib import Path

from lmem.cli import output
from lmem.cli.words import SHELLS
from lmem.errors import InvalidInput

LAST_STEPS = {
    "bash": "Open a new shell. (It needs the package bash-completion.)",
    "zsh": "Put this before compinit in ~/.zshrc, then open a new shell: fpath=({folder} $fpath)",
    "fish": "Open a new shell.",
}


def show(*, shell: str | None, as_json: bool) -> int:
    """lmem completions show."""
    name = _shell(shell)
    script = _script(name)
    if as_json:
        output.answer_json({"shell": name, "script": script})
    else:
        output.line(script.rstrip("\n"))
    return 0


def install(*, shell: str | None, dry_run: bool, as_json: bool) -> int:
    """lmem completions install."""
    name = _shell(shell)
    target = _target(name)
    if not dry_run:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_script(name), encoding="utf-8")
    step = LAST_STEPS[name].format(folder=target.parent)
    if as_json:
        output.answer_json({"shell": name, "path": str(target), "next": step, "dry_run": dry_run})
    else:
        output.line(f"{'Would write' if dry_run else 'Wrote'} {target}.")
        output.line(step)
    return 0


def _shell(name: str | None) -> str:
    """The shell asked for, or the user's own. Raises InvalidInput for one that lmem has no completions for."""
    found = name or os.path.basename(os.environ.get("SHELL", ""))
    if found not in SHELLS:
        which = f"the shell '{found}'" if found else "your shell, because SHELL does not name it"
        raise InvalidInput(
            f"There are no completions for {which}.",
            hint="Name one: lmem completions install bash (or zsh, fish).",
        )
    return found


def _target(shell: str) -> Path:
    """Where the user's own completions of a shell are found."""
    home = Path(os.environ.get("HOME") or Path.home())
    data = os.environ.get("XDG_DATA_HOME", "")
    config = os.environ.get("XDG_CONFIG_HOME", "")
    data_home = Path(data) if os.path.isabs(data) else home / ".local/share"
    config_home = Path(config) if os.path.isabs(config) else home / ".config"
    return {
        "bash": data_home / "bash-completion/completions/lmem",
        "zsh": data_home / "zsh/site-functions/_lmem",
        "fish": config_home / "fish/completions/lmem.fish",
    }[shell]


def _script(shell: str) -> str:
    from lmem.cli.reference import shells
    from lmem.cli.reference.tree import read_tree

    return shells.SCRIPTS[shell](read_tree())
