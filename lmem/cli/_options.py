"""Every command's argument, options and defaults for `lmem.cli.fast`.

Not written by hand: `python -m lmem.cli.reference` makes it from the Typer tree.
"""

# ruff: noqa: E501
# fmt: off

from __future__ import annotations

COMMANDS: dict[str, tuple[tuple[str, str] | None, dict[str, tuple[str, str]]]] = {
    "add": (("words", "any"), {"--title": ("title", "text"), "--type": ("type", "text"), "-t": ("type", "text"), "--tag": ("tag", "many"), "--importance": ("importance", "float"), "-i": ("importance", "float"), "--layer": ("layer", "many"), "-l": ("layer", "many"), "--project": ("project", "text"), "-p": ("project", "text"), "--session": ("session", "text"), "--category": ("category", "text"), "--summary": ("summary", "text"), "--decay-rate": ("decay_rate", "float"), "--private": ("private", "on"), "--at": ("at", "text"), "--created-at": ("created_at", "text"), "--source-id": ("source_id", "text"), "--edit": ("edit", "on"), "-e": ("edit", "on"), "--file": ("file", "text"), "-f": ("file", "text"), "--jsonl": ("jsonl", "text"), "--json": ("as_json", "on")}),
    "search": (("words", "some"), {"--type": ("type", "many"), "-t": ("type", "many"), "--tag": ("tag", "many"), "--project": ("project", "text"), "-p": ("project", "text"), "--layer": ("layer", "many"), "-l": ("layer", "many"), "--category": ("category", "many"), "--session": ("session", "text"), "--since": ("since", "text"), "--until": ("until", "text"), "--min-importance": ("min_importance", "float"), "--all-projects": ("all_projects", "on"), "-a": ("all_projects", "on"), "--archived": ("archived", "on"), "--private": ("private", "on"), "--limit": ("limit", "int"), "-n": ("limit", "int"), "--explain": ("explain", "on"), "-x": ("explain", "on"), "--only": ("only", "text"), "--json": ("as_json", "on")}),
    "show": (("ids", "some"), {"--json": ("as_json", "on")}),
    "list": (None, {"--type": ("type", "many"), "-t": ("type", "many"), "--tag": ("tag", "many"), "--project": ("project", "text"), "-p": ("project", "text"), "--layer": ("layer", "many"), "-l": ("layer", "many"), "--category": ("category", "many"), "--session": ("session", "text"), "--since": ("since", "text"), "--until": ("until", "text"), "--min-importance": ("min_importance", "float"), "--all-projects": ("all_projects", "on"), "-a": ("all_projects", "on"), "--archived": ("archived", "on"), "--private": ("private", "on"), "--limit": ("limit", "int"), "-n": ("limit", "int"), "--offset": ("offset", "int"), "--newest": ("newest", "on"), "--json": ("as_json", "on")}),
    "edit": (("id", "one"), {"--title": ("title", "text"), "--content": ("content", "text"), "--type": ("type", "text"), "-t": ("type", "text"), "--tag": ("tag", "many"), "--add-tag": ("add_tag", "many"), "--remove-tag": ("remove_tag", "many"), "--importance": ("importance", "float"), "-i": ("importance", "float"), "--layer": ("layer", "many"), "-l": ("layer", "many"), "--category": ("category", "text"), "--summary": ("summary", "text"), "--decay-rate": ("decay_rate", "float"), "--private": ("private", "on"), "--no-private": ("private", "off"), "--reason": ("reason", "text"), "--json": ("as_json", "on")}),
    "done": (("id", "one"), {"--failed": ("failed", "on"), "--by": ("by", "text"), "--reason": ("reason", "text"), "--json": ("as_json", "on")}),
    "forget": (("ids", "some"), {"--purge": ("purge", "on"), "--dry-run": ("dry_run", "on"), "-n": ("dry_run", "on"), "--yes": ("yes", "on"), "-y": ("yes", "on"), "--reason": ("reason", "text"), "--json": ("as_json", "on")}),
    "restore": (("ids", "some"), {"--json": ("as_json", "on")}),
    "history": (("id", "one"), {"--json": ("as_json", "on")}),
    "undo": (("change_set", "maybe"), {"--json": ("as_json", "on")}),
    "tags": (None, {"--json": ("as_json", "on")}),
    "export": (None, {"--type": ("type", "many"), "-t": ("type", "many"), "--tag": ("tag", "many"), "--project": ("project", "text"), "-p": ("project", "text"), "--layer": ("layer", "many"), "-l": ("layer", "many"), "--category": ("category", "many"), "--session": ("session", "text"), "--since": ("since", "text"), "--until": ("until", "text"), "--min-importance": ("min_importance", "float"), "--all-projects": ("all_projects", "on"), "-a": ("all_projects", "on"), "--archived": ("archived", "on"), "--private": ("private", "on"), "--output": ("to", "text"), "-o": ("to", "text"), "--json": ("as_json", "on")}),
    "status": (None, {"--wait": ("wait", "on"), "-w": ("wait", "on"), "--timeout": ("timeout", "float"), "--json": ("as_json", "on")}),
    "doctor": (None, {"--json": ("as_json", "on")}),
    "init": (None, {"--json": ("as_json", "on")}),
    "version": (None, {"--json": ("as_json", "on")}),
    "model pull": (("name", "maybe"), {"--json": ("as_json", "on")}),
    "model list": (None, {"--json": ("as_json", "on")}),
    "model use": (("name", "one"), {"--engine": ("engine", "text"), "--json": ("as_json", "on")}),
    "daemon start": (None, {"--json": ("as_json", "on")}),
    "daemon stop": (None, {"--force": ("force", "on"), "--json": ("as_json", "on")}),
    "daemon restart": (None, {"--force": ("force", "on"), "--json": ("as_json", "on")}),
    "daemon status": (None, {"--json": ("as_json", "on")}),
    "daemon logs": (None, {"--follow": ("follow", "on"), "-f": ("follow", "on"), "--lines": ("lines", "int"), "-n": ("lines", "int"), "--json": ("as_json", "on")}),
    "daemon run": (None, {"--json": ("as_json", "on")}),
    "daemon install": (None, {"--dry-run": ("dry_run", "on"), "-n": ("dry_run", "on"), "--json": ("as_json", "on")}),
    "daemon uninstall": (None, {"--dry-run": ("dry_run", "on"), "-n": ("dry_run", "on"), "--json": ("as_json", "on")}),
    "completions install": (("shell", "maybe"), {"--dry-run": ("dry_run", "on"), "-n": ("dry_run", "on"), "--json": ("as_json", "on")}),
    "completions show": (("shell", "maybe"), {"--json": ("as_json", "on")}),
}

DEFAULTS: dict[str, dict[str, object]] = {
    "add": {"title": None, "type": None, "tag": None, "importance": None, "layer": None, "project": None, "session": None, "category": None, "summary": None, "decay_rate": None, "private": False, "at": None, "created_at": None, "source_id": None, "edit": False, "file": None, "jsonl": None, "as_json": False, "words": None},
    "search": {"type": None, "tag": None, "project": None, "layer": None, "category": None, "session": None, "since": None, "until": None, "min_importance": None, "all_projects": False, "archived": False, "private": False, "limit": None, "explain": False, "only": None, "as_json": False, "words": None},
    "show": {"as_json": False, "ids": None},
    "list": {"type": None, "tag": None, "project": None, "layer": None, "category": None, "session": None, "since": None, "until": None, "min_importance": None, "all_projects": False, "archived": False, "private": False, "limit": None, "offset": None, "newest": False, "as_json": False},
    "edit": {"title": None, "content": None, "type": None, "tag": None, "add_tag": None, "remove_tag": None, "importance": None, "layer": None, "category": None, "summary": None, "decay_rate": None, "private": None, "reason": None, "as_json": False, "id": None},
    "done": {"failed": False, "by": None, "reason": None, "as_json": False, "id": None},
    "forget": {"purge": False, "dry_run": False, "yes": False, "reason": None, "as_json": False, "ids": None},
    "restore": {"as_json": False, "ids": None},
    "history": {"as_json": False, "id": None},
    "undo": {"as_json": False, "change_set": None},
    "tags": {"as_json": False},
    "export": {"type": None, "tag": None, "project": None, "layer": None, "category": None, "session": None, "since": None, "until": None, "min_importance": None, "all_projects": False, "archived": False, "private": False, "to": None, "as_json": False},
    "status": {"wait": False, "timeout": None, "as_json": False},
    "doctor": {"as_json": False},
    "init": {"as_json": False},
    "version": {"as_json": False},
    "model pull": {"as_json": False, "name": None},
    "model list": {"as_json": False},
    "model use": {"engine": None, "as_json": False, "name": None},
    "daemon start": {"as_json": False},
    "daemon stop": {"force": False, "as_json": False},
    "daemon restart": {"force": False, "as_json": False},
    "daemon status": {"as_json": False},
    "daemon logs": {"follow": False, "lines": 50, "as_json": False},
    "daemon run": {"as_json": False},
    "daemon install": {"dry_run": False, "as_json": False},
    "daemon uninstall": {"dry_run": False, "as_json": False},
    "completions install": {"dry_run": False, "as_json": False, "shell": None},
    "completions show": {"as_json": False, "shell": None},
}
