"""layer list, show and move.

Not the rules of the layers; the daemon tells them.
"""

from __future__ import annotations

from lmem.cli import output
from lmem.cli.link import ask, given

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmem.cli.link import Answer


def listed(*, as_json: bool, **fields: object) -> int:
    """lmem layer list."""
    found = ask("layer/list", given(fields), idempotent=True)
    if as_json:
        output.answer_json(found)
        return 0
    for layer in found["layers"]:
        _print_layer(layer)
    output.line(output.paint(_router(found["router"]), "dim"))
    output.note_scope(found["scope"])
    return 0


def show(*, name: str, as_json: bool) -> int:
    """lmem layer show."""
    found = ask("layer/show", {"name": name}, idempotent=True)
    if as_json:
        output.answer_json(found)
    elif "types" in found:
        _print_layer(found)
        for what in ("type", "project"):
            rows = [f"{output.stored(row[what] or 'none')} {row['memories']:,}" for row in found[f"{what}s"]]
            if rows:
                output.line(f"  by {what}: {', '.join(rows)}")
        output.note_scope(found["scope"])
    else:
        _print_memory(found)
    return 0


def move(*, id: str, layers: list[str], as_json: bool, **fields: object) -> int:
    """lmem layer move."""
    moved = ask("layer/move", {"id": id, "layers": layers, **given(fields)})
    if as_json:
        output.answer_json(moved)
    elif moved["changed"]:
        joined = f" of {output.stored(moved['project'])}" if "project_id" in moved["changed"] else ""
        names = " and ".join(moved["layers"])
        id = output.paint(output.short(moved), "cyan")
        output.line(f"{id} is in {names}{joined}  (change {moved['change_set']})")
    else:
        output.line(f"{output.short(moved)} is in {' and '.join(moved['layers'])} already; nothing was changed.")
    return 0


def _print_layer(layer: Answer) -> None:
    counts = [output.count(layer["memories"], "memory", "memories"), f"{layer['here']:,} seen from here"]
    counts += [f"{layer['alone']:,} in no other layer"] if layer["memories"] else []
    output.line(f"{output.paint(str(layer['layer']), 'bold')}  {', '.join(counts)}")
    for name in ("writes", "reads", "leaves"):
        output.line(f"  {name:<6}  {layer[name]}")


def _print_memory(found: Answer) -> None:
    project = f" of {output.stored(found['project'])}" if found["project"] else ""
    names = " and ".join(found["layers"]) or "no layer"
    output.line(f"{output.paint(output.short(found), 'cyan')}  {output.stored(found['title'])}")
    output.line(f"  in {names}{project}")
    for layer, rule in found["rules"].items():
        output.line(f"  {layer:<8}  {rule}")
    for row in reversed(found["moves"]):
        before, after = " and ".join(row["before"]) or "none", " and ".join(row["after"])
        reason = output.stored(row["reason"] or "")
        output.line(output.paint(f"  {row['recorded_at']}  {before} -> {after}  {reason}".rstrip(), "dim"))


def _router(measured: Answer) -> str:
    asked = measured["hits"] + measured["misses"]
    joins = ", ".join(f"{why.replace('_', ' ')} {count:,}" for why, count in sorted(measured["temporal"].items()))
    return (
        f"Router: {output.count(asked, 'decision', 'decisions')}, {measured['hits']:,} known before; "
        f"{measured['mean_us']:.0f} us each, at most {measured['max_us']:.0f}; temporal joined: {joins or 'never'}."
    )
