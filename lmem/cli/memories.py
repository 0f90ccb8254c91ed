"""add, show and edit: one memory at a time.

Not bulk (see `lmem.cli.transfer`), and no rules about what a memory may hold: the daemon has them.
"""

from __future__ import annotations

from collections.abc import Mapping

from lmem.cli import output
from lmem.cli.link import ask, given, reach
from lmem.errors import InvalidInput
from lmem.ids import new_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmem.cli.link import Answer


def add(
    *, words: list[str] | None, tag: list[str] | None, at: str | None, edit: bool, file: str | None,
    jsonl: str | None, atomic: bool, as_json: bool, **fields: object,
) -> int:  # fmt: skip
    """lmem add."""
    from lmem.cli import texts

    common = given({**fields, "tags": tag, "context": texts.number_after(at) if at else None})
    sources = [name for name, used in (("TEXT", words), ("--file", file), ("--jsonl", jsonl)) if used]
    if len(sources) > 1 or (edit and jsonl):
        raise InvalidInput(f"{' and '.join(sources) or '--edit'} do not go together.", hint="Give the text in one way.")
    if atomic and not jsonl:
        raise InvalidInput("--atomic is for --jsonl.", hint="One memory is stored whole or not at all anyway.")
    if jsonl and atomic:
        from lmem.cli.atomic import add_all

        return add_all(jsonl, common, as_json)
    if jsonl:
        from lmem.cli.transfer import add_lines

        return add_lines(jsonl, common, as_json)
    content = _text(words, file, edit)
    request = {"content": content, "id": new_id(), "source_tool": "cli.add", "check_duplicates": True}
    with texts.Kept(content if edit else None):
        added = ask("memory/add", {**request, **common}, idempotent=True)
    output.answer_json(added) if as_json else _say_added(added)
    return 0


def _text(words: list[str] | None, file: str | None, edit: bool) -> str:
    from lmem.cli import texts

    if edit:
        start = texts.from_words(words) if words else texts.from_file(file) if file else ""
        return texts.from_editor(start, "the new memory")
    if file:
        return texts.from_file(file)
    if not words:
        raise InvalidInput(
            "There is nothing to remember.", hint='Give the text: lmem add "we chose X because Y", or - or --edit.'
        )
    return texts.from_words(words)


def _say_added(added: Answer) -> None:
    output.note_redacted(added)
    verb = "Remembered" if added.get("created", True) else "Known already:"
    if added.get("changed"):
        verb = f"Known already, brought up to date ({', '.join(added['changed'])}):"
    layer, project = str(added.get("layer") or ""), added.get("project")
    place = f"({layer} {output.stored(project)})" if layer == "project" and project else f"({layer})"
    id_ = output.paint(output.short(added), "cyan")
    output.line(f"{verb} {id_}  {output.stored(added['title'])}  {output.paint(place, 'dim')}")
    if added.get("project_created"):
        made, because = output.visible(project), output.visible(added["project_because"])
        output.note(output.paint(f"New project {made}, for {because}.", "dim"))
    near = added.get("near_duplicate")
    if near:
        alike = round(float(near["similarity"]) * 100)
        output.note(f"Much like {output.short(near)} ({alike} %): {output.visible(near['title'])}")
        output.note(output.paint(f"See 'lmem show {output.short(near)}'; 'lmem undo' takes this one back.", "dim"))


def show(*, ids: list[str], as_json: bool, **fields: object) -> int:
    """lmem show."""
    with reach() as daemon:
        for number, id_ in enumerate(ids):
            memory = daemon.call("memory/get", {"id": id_, **given(fields)})
            if as_json:
                output.answer_json(memory)
                continue
            if number:
                output.line()
            _print_whole(memory)
    return 0


def _print_whole(memory: Answer) -> None:
    output.line(output.paint(output.stored(memory["title"]), "bold"))
    for name, value in _facts(memory):
        if value:
            output.line(f"{output.paint(f'{name:<11}', 'dim')} {output.stored(value)}")
    output.line()
    output.line(output.stored(memory["content"]))
    if memory.get("links"):
        output.line()
    for link in memory.get("links") or []:
        arrow = "->" if link["direction"] == "out" else "<-"
        output.line(f"{arrow} {link['type']:<12} {output.short(link)}  {output.stored(link['title'])}")


def _facts(memory: Answer) -> list[tuple[str, str]]:
    """The lines above the text, in order; those with no value are left out."""
    context, git = memory.get("context") or {}, memory.get("git") or {}
    place = f"{context['file']}:{context['line']}" if context.get("line") else str(context.get("file") or "")
    commit = f"{git.get('branch') or ''} {str(git.get('commit') or '')[:10]}".strip()
    rates = (float(memory.get("importance") or 0), float(memory.get("decay_rate") or 0))
    flags = [name for name in ("private", "archived") if memory.get(name)]
    created, updated = str(memory.get("created_at") or ""), str(memory.get("updated_at") or "")
    then = str(memory.get("as_of") or memory.get("recorded_as_of") or "")
    return [
        ("id", str(memory["id"])),
        ("type", " ".join([str(memory["type"]), *flags])),
        ("category", _with_mark(memory, "category")),
        ("tags", " ".join(memory.get("tags") or [])),
        ("layers", " ".join(memory.get("layers") or [str(memory.get("layer") or "")])),
        ("project", str(memory.get("project") or "")),
        ("session", str(memory.get("session") or "")),
        ("importance", f"{rates[0]:g}, decay {rates[1]:g} a week"),
        ("at", place),
        ("git", commit + (" (changed)" if git.get("dirty") else "")),
        ("created", f"{created} ({output.age(created)})" if created else ""),
        ("updated", f"{updated} (revision {memory.get('rev')})" if updated and updated != created else ""),
        ("superseded", str(memory.get("valid_until") or "")),
        ("as of", f"{then}, version {memory['version']}" if then else ""),
        ("source", str(memory.get("source_tool") or "")),
        ("summary", _with_mark(memory, "summary")),
    ]


def _with_mark(memory: Answer, field: str) -> str:
    """A field, and whether lmem wrote it by itself."""
    value, how = str(memory.get(field) or ""), (memory.get("context") or {}).get("automatic")
    facts = how.get(field) if isinstance(how, dict) else None
    if not value or not isinstance(facts, dict):
        return value
    sure = f", confidence {facts['confidence']}" if "confidence" in facts else ""
    return f"{value} (automatic, by {facts.get('by')}{sure})"


def edit(
    *, id: str, content: str | None, tag: list[str] | None, add_tag: list[str] | None,
    remove_tag: list[str] | None, private: bool | None, allow_secret: bool, reason: str | None, as_json: bool,
    **fields: object,
) -> int:  # fmt: skip
    """lmem edit."""
    from lmem.cli import texts

    changes = given({**fields, "tags": tag, "add_tags": add_tag, "remove_tags": remove_tag})
    if private is not None:
        changes["private"] = private
    if content is not None:
        changes["content"] = texts.from_words([content])
    expected: Mapping[str, object] = {}
    if not changes:
        memory = ask("memory/get", {"id": id})
        changes["content"] = texts.from_editor(
            str(memory["content"]) + "\n", "the memory", "Give the new text: --content TEXT, or --content - for a pipe."
        )
        if changes["content"] == memory["content"]:
            output.note("Nothing was changed.")
            return 0
        expected = {"rev": memory["rev"]}
    extra = given({"reason": reason, "allow_secret": allow_secret})
    with texts.Kept(str(changes["content"]) if expected else None):
        edited = ask("memory/edit", {"id": id, "changes": changes, **extra, **expected})
    if as_json:
        output.answer_json(edited)
        return 0
    output.note_redacted(edited)
    if edited.get("changed"):
        names = ", ".join(edited["changed"])
        output.line(f"Changed {output.paint(output.short(edited), 'cyan')}: {names}  (revision {edited['rev']})")
    else:
        output.line(f"{output.short(edited)} is so already; nothing was changed.")
    return 0
