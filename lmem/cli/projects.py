"""project list, show, init, set, rename, merge and archive.

Not the rules of a project; the daemon has them.
"""

from __future__ import annotations

from lmem.cli import output
from lmem.cli.link import ask, given
from lmem.cli.output import count, paint, stored
from lmem.cli.tables import print_rows
from lmem.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmem.cli.link import Answer


def listed(*, archived: bool, type: str | None, as_json: bool) -> int:
    """lmem project list."""
    found = ask("project/list", given({"archived": archived, "type": type}), idempotent=True)
    rows = found["projects"]
    if as_json:
        for project in rows:
            output.answer_json(project)
        return 0
    output.note_passed_over(found)
    if not rows:
        kind = f"{'archived ' if archived else ''}project{f' of type {type}' if type else ''}"
        output.note(f"There is no {kind}. Make one with 'lmem project init'.")
        return 0
    cells = [
        (
            "*" if project["current"] else "", stored(project["name"]), f"{project['memories']:,}",
            output.age(project["last_accessed_at"]), _kind(project), stored(project.get("path") or "-"),
        )
        for project in rows
    ]  # fmt: skip
    print_rows(("", "Project", "Memories", "Used", "Kind", "Place"), cells, numbers=(2,))
    if found.get("current"):
        current, because = output.visible(found["current"]), output.visible(found["because"])
        output.note(paint(f"Current: {current}, by {because}.", "dim"))
    return 0


def show(*, project: str | None, as_json: bool) -> int:
    """lmem project show."""
    found = ask("project/show", given({"name": project}), idempotent=True)
    if as_json:
        output.answer_json(found)
        return 0
    _print(found)
    for identity in found["identities"]:
        output.line(f"{_label('known by')} {stored(identity['value'])} {paint(identity['kind'], 'dim')}")
    if found["because"] != "it was named":
        output.note(paint(f"Found by {output.visible(found['because'])}.", "dim"))
    return 0


def init(*, name: str | None, as_json: bool) -> int:
    """lmem project init."""
    made = ask("project/init", given({"name": name}), idempotent=True)
    if as_json:
        output.answer_json(made)
        return 0
    output.note_passed_over(made)
    output.line("New project:" if made["created"] else "Known already:")
    _print(made)
    return 0


def set_(
    *, project: str | None, config: list[str] | None, add_alias: list[str] | None, remove_alias: list[str] | None,
    as_json: bool, **fields: object,
) -> int:  # fmt: skip
    """lmem project set."""
    request = given({"name": project, "add_alias": add_alias, "remove_alias": remove_alias})
    changed = ask("project/set", {**request, "changes": given(fields), "config": _pairs(config or [])})
    if as_json:
        output.answer_json(changed)
    elif changed["changed"]:
        output.line(f"Changed {_title(changed)}: {', '.join(changed['changed'])}")
    else:
        output.line(f"{_title(changed)} was so already.")
    return 0


def rename(*, project: str, new_name: str, as_json: bool) -> int:
    """lmem project rename."""
    renamed = ask("project/rename", {"name": project, "new_name": new_name})
    if as_json:
        output.answer_json(renamed)
    else:
        output.line(f"Renamed to {_title(renamed)}")
    return 0


def merge(*, source: str, into: str, dry_run: bool, reason: str | None, as_json: bool) -> int:
    """lmem project merge."""
    merged = ask("project/merge", {"source": source, "into": into, **given({"dry_run": dry_run, "reason": reason})})
    if as_json:
        output.answer_json(merged)
        return 0
    what = f"{count(merged['moved'], 'memory', 'memories')} and {count(merged['sessions'], 'session')}"
    verb = "Would move" if dry_run else "Moved"
    output.line(f"{verb} {what} of {stored(merged['source'])} to {stored(merged['into'])}")
    if merged["left"]:
        left = count(merged["left"], "memory", "memories")
        output.note(f"{left} that it has from the same source already {'would be' if dry_run else 'were'} archived.")
    if merged["change_set"]:
        output.note(paint(f"'lmem undo {merged['change_set']}' parts them again.", "dim"))
    return 0


def archive(*, project: str, restore: bool, as_json: bool) -> int:
    """lmem project archive."""
    changed = ask("project/archive", {"name": project, **given({"restore": restore})}, idempotent=True)
    if as_json:
        output.answer_json(changed)
        return 0
    output.line(f"{'Back' if restore else 'Archived'}: {_title(changed)}")
    if not restore:
        output.note(paint(f"'lmem project archive --restore {output.visible(changed['name'])}' brings it back.", "dim"))
    return 0


def _pairs(words: list[str]) -> dict[str, object]:
    pairs: dict[str, object] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise InvalidInput(f"'{word[:60]}' is no setting with a value.", hint="Write it as KEY=VALUE.")
        pairs[key.strip()] = value.strip() or None
    return pairs


def _title(project: Answer) -> str:
    return paint(stored(project["name"]), "cyan")


def _kind(project: Answer) -> str:
    known = [str(project[name]) for name in ("language", "framework", "type") if project.get(name)]
    return stored(" ".join(known) or "-")


def _label(name: str) -> str:
    return paint(f"{name:<11}", "dim")


def _print(project: Answer) -> None:
    facts = (
        ("name", project["name"]), ("about", project["description"]), ("kind", _kind(project).strip("-")),
        ("memories", f"{project['memories']:,}"), ("place", project["path"]), ("remote", project["remote"]),
        ("branch", project["branch"]), ("aliases", ", ".join(project["aliases"])),
        ("settings", ", ".join(f"{key} = {value}" for key, value in project["config"].items())),
        ("archived", "yes" if project["archived"] else ""),
    )  # fmt: skip
    for name, value in facts:
        if value:
            output.line(f"{_label(name)} {stored(value)}")
