"""link, unlink and related: what memories have to do with each other.

Not the way to the daemon (`lmem.cli.link`), and no rules of relations: the daemon has them.
"""

from __future__ import annotations

from lmem.cli import output
from lmem.cli.link import ask, given
from lmem.cli.output import paint, short, stored
from lmem.cli.tables import print_rows
from lmem.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmem.cli.link import Answer

TO_MEMORY = ("strength", "context")
"""Options of a link to another memory."""


def link(
    *, id: str, other: str | None, relation: str | None, properties: list[str] | None, project: str | None,
    as_json: bool, **fields: object,
) -> int:  # fmt: skip
    """lmem link."""
    _check_ends(id, other, project, "link")
    beside = {"--type": relation, "--property": properties, **{f"--{name}": fields[name] for name in TO_MEMORY}}
    _check_options(project, beside, {"--relevance": fields["relevance"]}, "link")
    request = given({"to": other, "type": relation, "project": project, **fields})
    done = ask("relation/link", {"from": id, **request, **given({"properties": _properties(properties)})})
    if as_json:
        output.answer_json(done)
        return 0
    output.note_redacted(done)
    verb = "Linked" if done["created"] else "Changed" if done["change_set"] else "Linked already:"
    if done["type"] == "applies_to":
        output.line(f"{verb} {_end(done['from'])} applies to {stored(done['project']['name'])} ({done['relevance']:g})")
    else:
        aside = paint(f"({_about(done)})", "dim")
        output.line(f"{verb} {_end(done['from'])} {done['type']} {_end(done['to'])}  {aside}")
    _note_undo(done["change_set"])
    return 0


def unlink(
    *, id: str, other: str | None, relation: str | None, project: str | None, as_json: bool, **fields: object
) -> int:
    """lmem unlink."""
    _check_ends(id, other, project, "unlink")
    _check_options(project, {"--type": relation}, {}, "unlink")
    request = given({"to": other, "type": relation, "project": project, **fields})
    done = ask("relation/unlink", {"from": id, **request})
    if as_json:
        output.answer_json(done)
        return 0
    for item in done["removed"]:
        output.line(f"Unlinked {_end(item['from'])} {item['type']} {_end(item['to'])}")
    if done["applied"]:
        output.line(f"Unlinked {_end(done['applied']['from'])} from {stored(done['applied']['project']['name'])}")
    _note_undo(done["change_set"])
    return 0


def related(*, id: str | None, relation: list[str] | None, similar: bool, as_json: bool, **fields: object) -> int:
    """lmem related."""
    if similar and not id:
        raise InvalidInput("--similar needs a memory to compare with.", hint="lmem related ID --similar")
    request = given({"id": id, "type": relation, "similar": similar, **fields})
    found = ask("relation/related", request, idempotent=True)
    if as_json:
        output.answer_json(found)
        return 0
    if similar:
        _print_similar(found)
    elif id is None:
        _print_all(found["relations"])
    else:
        _print_related(found)
    return 0


def _print_similar(found: Answer) -> None:
    if not found["similar"]:
        output.note(f"No memory is as near in meaning as {found['threshold']:g} (semantic_search_threshold).")
        return
    rows = [
        (f"{item['cosine']:.2f}", short(item), stored(item["type"]), stored(item["project"] or "-"),
         stored(item["title"]))
        for item in found["similar"]
    ]  # fmt: skip
    print_rows(("Near", "Id", "Type", "Project", "Title"), rows, numbers=(0,))


def _print_all(relations: list[Answer]) -> None:
    if not relations:
        output.note("No memory is linked yet. Link two: lmem link ID ID --type relates_to.")
        return
    rows = [
        (f"{item['strength']:g}", short(item["from"]), stored(item["from"]["title"]), item["type"], short(item["to"]),
         stored(item["to"]["title"]))
        for item in relations
    ]  # fmt: skip
    print_rows(("Strength", "From", "", "Relation", "To", ""), rows, numbers=(0,))


def _print_related(found: Answer) -> None:
    rows = [
        (item["type"], short(item), f"{item['strength']:g}", stored(item["title"]), stored(_about(item, False)))
        for item in found["relations"]
    ]
    rows += [
        ("applies_to", "project", f"{item['relevance']:g}", stored(item["name"]), "") for item in found["projects"]
    ]
    if not rows:
        name = found["memory"]["id"][: output.SHORT]
        output.note(f"Nothing is linked to {name}; 'lmem related {name} --similar' looks for what is near in meaning.")
        return
    print_rows(("Relation", "Id", "Strength", "Title", "About"), rows, numbers=(2,))


def _about(item: Answer, strength: bool = True) -> str:
    """What a relation holds, in words: strength, properties, context."""
    parts = [f"{item['strength']:g}"] if strength else []
    parts += [f"{name} {value}" for name, value in item["properties"].items()]
    parts += [item["context"]] if item.get("context") else []
    parts += ["detected"] if item["detected"] and not item["derived"] else []
    return stored(", ".join(str(part) for part in parts))


def _end(memory: Answer) -> str:
    return f"{paint(short(memory), 'cyan')} {stored(memory['title'])}"


def _note_undo(change_set: object) -> None:
    if change_set:
        output.note(paint(f"'lmem undo {change_set}' takes it back.", "dim"))


def _check_ends(id: str, other: str | None, project: str | None, verb: str) -> None:
    if (other is None) == (project is None):
        raise InvalidInput(
            "Give a second memory, or a project." if other is None else "Give a second memory or a project, not both.",
            hint=f"lmem {verb} {id} ID, or: lmem {verb} {id} --project NAME",
        )


def _check_options(project: str | None, to_memory: Answer, to_project: Answer, verb: str) -> None:
    """Raise InvalidInput for an option that says something of the other kind of link."""
    wrong = to_project if project is None else to_memory
    name = next((name for name, value in wrong.items() if value not in (None, [])), None)
    if name is not None:
        needs = "a second memory, not with --project" if project is not None else "--project, not with a second memory"
        raise InvalidInput(f"{name} goes with {needs}.", hint=f"See 'lmem {verb} --help'.")


def _properties(given_: list[str] | None) -> dict[str, str] | None:
    """NAME=VALUE pairs. Raises InvalidInput for one without a name or a sign."""
    found: dict[str, str] = {}
    for pair in given_ or ():
        name, sign, value = pair.partition("=")
        if not sign or not name.strip():
            raise InvalidInput(f"'{pair[:60]}' is not NAME=VALUE.", hint="As in: --property sequence=2")
        found[name.strip()] = value
    return found or None
