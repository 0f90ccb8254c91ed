"""config: read, change and edit the settings.

Not their rules: the daemon checks a value and says which level wins. `edit` and `path` need no daemon, because a file
that is not right keeps it from starting.
"""

from __future__ import annotations

import sys

from lmem.cli import output
from lmem.cli.link import ask, given
from lmem.errors import Conflict, DaemonError, InvalidInput
from lmem.paths import paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from lmem.cli.link import Answer

START = """\
# Settings of lmem; 'man lmem-config' tells of each, 'lmem config list' shows what is in force.
"""


def get(*, key: str, project: str | None, show_origin: bool, as_json: bool) -> int:
    """lmem config get."""
    found = ask("config/get", given({"key": key, "project": project}), idempotent=True)
    if as_json:
        output.answer_json(found)
        return 0
    if show_origin:
        for level in found["levels"]:
            output.line("\t".join((_value(level["value"]), _origin(level))))
        output.line("\t".join((_value(found["default"]), "default")))
    else:
        output.line(_value(found["value"]))
    return 0


def set_(*, key: str, value: str, level: str | None, project: str | None, as_json: bool) -> int:
    """lmem config set."""
    request = {"key": key, "value": value, **given({"level": level, "project": project})}
    return _say_changed(ask("config/set", request), as_json)


def unset(*, key: str, level: str | None, project: str | None, as_json: bool) -> int:
    """lmem config unset."""
    found = ask("config/unset", given({"key": key, "level": level, "project": project}))
    if as_json:
        output.answer_json(found)
        return 0
    start = found["at_start"]
    when, then = ("at the next start", start) if start else ("now", found)
    output.line(f"{found['key']} = {_said(then['value'])} {when}, by {_origin(then)}")
    _say_restart(found)
    return 0


def list_settings(*, project: str | None, show_origin: bool, as_json: bool) -> int:
    """lmem config list."""
    found = ask("config/list", given({"project": project}), idempotent=True)
    if as_json:
        output.answer_json(found)
        return 0
    for item in found["settings"]:
        origin = f"\t{_origin(item)}" if show_origin else ""
        line = f"{item['key']} = {_value(item['value'])}{origin}"
        output.line(line if item["origin"] != "default" else output.paint(line, "dim"))
    for item in found["ignored"]:
        output.note(f"Not in force: {output.visible(item['why'])} ({output.visible(item['file'])})")
    return 0


def path(*, as_json: bool) -> int:
    """lmem config path."""
    file = paths().config_file
    output.answer_json({"path": str(file), "exists": file.exists()}) if as_json else output.line(str(file))
    return 0


def edit(*, as_json: bool) -> int:
    """lmem config edit."""
    from lmem import config, configfile
    from lmem.cli.texts import Kept

    file = paths().config_file
    before = config.text_of(file) if file.exists() else ""
    new = _edited(before)
    if new != (before or START):
        with Kept(new, ".toml"):
            configfile.write(file, lambda text: _unless_changed(file, before, text, new))
    changed = config.text_of(file) != before if file.exists() else False
    restart = changed and _needs_restart(before, config.text_of(file))
    if as_json:
        output.answer_json({"path": str(file), "changed": changed, "restart": restart})
    else:
        output.line(f"Saved {file}." if changed else "Nothing was changed.")
        if restart:
            output.line("Run 'lmem daemon restart' for all of it to be in force.")
    return 0


def _edited(text: str) -> str:
    """The text of the settings file as the user wants it. Raises InvalidInput when it is not right and stays so."""
    from pathlib import Path

    from lmem import config
    from lmem.cli.texts import Kept, edited

    new = text or START
    while True:
        new = edited(new, "the settings", ".toml", "Use 'lmem config set KEY VALUE'.")
        try:
            config.layered((("user file", config.from_text(new, Path("What you wrote"))),))
        except InvalidInput as err:
            output.note(f"{output.paint('lmem:', 'red', sys.stderr)} {output.visible(err.message)}")
            output.note("Edit it again? [Y/n]")
            if sys.stdin.readline().strip(" \t").lower()[:1] in ("y", "\n"):
                continue
            with Kept(new, ".toml"):
                raise InvalidInput("It was not saved.", hint="The settings are as they were.") from err
        return new


def _unless_changed(file: Path, before: str, now: str, new: str) -> str:
    if now != before:
        raise Conflict(f"{file} was changed by somebody else meanwhile.", hint="Run the command again.")
    return new


def _needs_restart(before: str, after: str) -> bool:
    """Whether a setting that a running daemon read when it started is another one now."""
    from pathlib import Path

    from lmem.config import flattened
    from lmem.settings import SETTINGS

    try:
        ask("status/get", idempotent=True, autostart=False)
        old = flattened(before, Path("config.toml"))
    except DaemonError:
        return False
    except InvalidInput:
        old = {}
    new = flattened(after, Path("config.toml"))
    return any(old.get(item.key) != new.get(item.key) for item in SETTINGS if not item.live)


def _say_changed(found: Answer, as_json: bool) -> int:
    if as_json:
        output.answer_json(found)
        return 0
    where = f" in {output.stored(found['file'])}" if found.get("file") else ""
    output.line(f"{found['key']} = {_said(found['stored'])}{where}")
    start = found["at_start"]
    if found["hidden_by"]:
        output.note(f"The {_origin(found)} wins over it.")
    elif start and start["origin"] == "environment":
        output.note(f"The {_origin(start)} wins over it.")
    _say_restart(found)
    return 0


def _say_restart(found: Answer) -> None:
    if found.get("left_behind"):
        output.note(output.stored(found["left_behind"]))
    if found["restart"]:
        output.note("The daemon reads it when it starts: run 'lmem daemon restart'.")


def _origin(item: Answer) -> str:
    place = f" ({output.stored(item['place'])})" if item.get("place") else ""
    return f"{item['origin']}{place}"


def _said(value: object) -> str:
    """A value in a sentence, where nothing would look like an oversight."""
    return _value(value) or "(empty)"


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else output.stored(value)
