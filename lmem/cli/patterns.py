"""patterns add, list, show, outcome and forget.

Not the rules of a pattern; the daemon has them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from lmem.cli import output
from lmem.cli.link import ask, given
from lmem.cli.output import count, paint, stored
from lmem.cli.tables import print_rows
from lmem.errors import InvalidInput, LmemError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmem.cli.link import Answer


def add(
    *, kind: str, name: str, description: str | None, project: str | None, demonstrates: Sequence[str] | None,
    validates: Sequence[str] | None, contradicts: Sequence[str] | None, outcome: str | None, reason: str | None,
    data: str | None, as_json: bool,
) -> int:  # fmt: skip
    """lmem patterns add."""
    if outcome and not validates:
        raise InvalidInput("--outcome goes with --validates.", hint="Name the memory that proves the pattern's worth.")
    if reason and not contradicts:
        raise InvalidInput("--reason goes with --contradicts.", hint="Name the memory that speaks against the pattern.")
    evidence: list[dict[str, object]] = [{"memory": id, "kind": "demonstrates"} for id in demonstrates or ()]
    evidence += [{"memory": id, "kind": "validates", **given({"outcome": outcome})} for id in validates or ()]
    evidence += [{"memory": id, "kind": "contradicts", **given({"reason": reason})} for id in contradicts or ()]
    request = {"description": _text(description), "project": project, "evidence": evidence, "data": _object(data)}
    done = ask("pattern/add", {"type": kind, "name": name, **given(request)}, idempotent=True)
    if as_json:
        output.answer_json(done)
        return 0
    output.note_redacted(done)
    project_name = stored(done["here"]["project"])
    if done["created"]:
        output.line(f"Recorded {_title(done)}  {paint(f'({project_name})', 'dim')}")
    elif done["new_here"]:
        output.line(f"Known already, now seen in {project_name} too: {_title(done)}")
    elif done["changed"]:
        output.line(f"Known already, brought up to date ({', '.join(done['changed'])}): {_title(done)}")
    else:
        output.line(f"Known already: {_title(done)}; nothing was changed.")
    near = done.get("near")
    if near:
        output.note(f"Much like {near['type']}/{output.visible(near['name'])} ({near['cosine'] * 100:.0f} %).")
    return 0


def listed(*, kind: str | None, as_json: bool, **fields: object) -> int:
    """lmem patterns list."""
    found = ask("pattern/list", given({"type": kind, **fields}), idempotent=True)
    rows = found["patterns"]
    if as_json:
        for row in rows:
            output.answer_json(row)
        return 0
    output.note_degraded(found)
    output.note_scope(found.get("scope"))
    if not rows:
        output.note('No pattern matches. Record one: lmem patterns add TYPE NAME "what it is, and when it helps".')
        return 0
    print_rows(("Id", "Type", "Name", "Uses", "Success", "Projects"), [_row(row) for row in rows], numbers=(3, 4))
    return 0


def show(*, pattern: str, as_json: bool) -> int:
    """lmem patterns show."""
    found = ask("pattern/show", {"pattern": pattern}, idempotent=True)
    if as_json:
        output.answer_json(found)
        return 0
    output.line(paint(stored(found["name"]), "bold"))
    for label, value in (
        ("id", found["id"]), ("type", found["type"]), ("uses", _uses(found)), ("found by", found["discovered_by"]),
    ):  # fmt: skip
        if value:
            output.line(f"{paint(f'{label:<9}', 'dim')} {stored(value)}")
    output.line()
    output.line(stored(found["description"]))
    for seen in found["seen_in"]:
        facts = [_uses(seen), f"last {output.age(seen['last_used_at'])}", count(seen["memories"], "memory", "memories")]
        output.line(f"\nin {stored(seen['project'])}: {', '.join(facts)}")
        if seen["description"] != found["description"]:
            output.line(f"  {stored(seen['description'])}")
        if seen["data"]:
            output.line(f"  {stored(json.dumps(seen['data'], ensure_ascii=False))}")
    _print_evidence(found)
    return 0


def outcome(*, pattern: str, success: bool | None, as_json: bool, **fields: object) -> int:
    """lmem patterns outcome."""
    if success is None:
        raise InvalidInput("Say how it went: --success or --failed.", hint="lmem patterns outcome PATTERN --success")
    done = ask("pattern/outcome", {"pattern": pattern, "success": success, **given(fields)})
    if as_json:
        output.answer_json(done)
        return 0
    output.note_redacted(done)
    went = "It worked" if success else "It failed"
    here = done["here"]
    output.line(f"{went} in {stored(here['project'])}: {_title(done)}, {_uses(here)} there, {_uses(done)} in all")
    return 0


def forget(*, pattern: str, dry_run: bool, yes: bool, as_json: bool) -> int:
    """lmem patterns forget."""
    request: dict[str, object] = {"pattern": pattern}
    if not (dry_run or yes):
        found = ask("pattern/forget", {**request, "dry_run": True}, idempotent=True)
        _confirm(found)
        request["pattern"] = found["id"]
    gone = ask("pattern/forget", {**request, "dry_run": dry_run})
    if as_json:
        output.answer_json(gone)
    else:
        output.line(f"{'Would forget' if dry_run else 'Forgot'} {_title(gone)} with {_uses(gone)}")
    return 0


def _confirm(found: Answer) -> None:
    """Ask for the name to be typed. Raises InvalidInput when there is nobody to ask, LmemError for another answer."""
    if not sys.stdin.isatty():
        raise InvalidInput(
            "Forgetting a pattern cannot be undone, and there is no terminal to ask on.",
            hint="Add --yes if you are sure.",
        )
    output.note(f"{output.short(found)}  {found['type']}/{output.visible(found['name'])}, {_uses(found)}")
    output.note("It is removed for ever. Type its name to go on:")
    if " ".join(sys.stdin.readline().split()) != found["name"]:
        raise LmemError("That is not its name, so nothing was forgotten.", hint="See 'lmem patterns show'.")


def _print_evidence(found: Answer) -> None:
    if found["evidence"]:
        output.line()
    for item in found["evidence"]:
        said = item["outcome"] or item["reason"]
        aside = f"  {paint(stored(said), 'dim')}" if said else ""
        id_ = paint(str(item["memory_id"])[: output.SHORT], "cyan")
        output.line(f"{id_}  {item['kind']:<12}  {stored(item['title'])}{aside}")
    if found["uses"]:
        output.line()
    for use in found["uses"]:
        reason = f"  {stored(use['reason'])}" if use["reason"] else ""
        went = "worked" if use["success"] else "failed"
        output.line(f"{str(use['used_at'])[:10]}  {went}  {stored(use['project'])}{reason}")


def _row(row: Answer) -> tuple[str, ...]:
    counts = row["here"] or row
    return (
        output.short(row), stored(row["type"]), stored(row["name"]), f"{counts['usage_count']:,}",
        _percent(counts["success_rate"]), stored(", ".join(row["projects"]) or "-"),
    )  # fmt: skip


def _title(found: Answer) -> str:
    return f"{paint(output.short(found), 'cyan')}  {stored(found['type'])}/{stored(found['name'])}"


def _uses(found: Answer) -> str:
    return f"{count(found['usage_count'], 'use')}, {_percent(found['success_rate'])} with success"


def _percent(share: object) -> str:
    return f"{float(str(share)) * 100:.0f} %"


def _text(description: str | None) -> str | None:
    if description != "-":
        return description
    from lmem.cli import texts

    return texts.from_stdin()


def _object(data: str | None) -> object:
    """The JSON object that --data holds. Raises InvalidInput."""
    if data is None:
        return None
    hint = """Write it as --data '{"files": ["relay.py"]}'."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as err:
        raise InvalidInput(f"--data is not JSON: {err}.", hint=hint) from err
    if not isinstance(found, dict):
        raise InvalidInput("--data is no JSON object.", hint=hint)
    return found
