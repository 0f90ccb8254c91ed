"""Man pages of section 1, from the command tree: lmem(1), one for each command, one for each group.

Not the pages about settings and the protocol; see `lmem.cli.reference.topics`.
"""

from __future__ import annotations

from lmem.cli.examples import EXAMPLES
from lmem.cli.reference import facts, roff
from lmem.cli.reference.tree import Command, Option

TOPICS = (("lmem-config", 5), ("lmem-layers", 7), ("lmem-protocol", 7), ("lmem-design", 7))


def pages(root: Command) -> dict[str, str]:
    """File name to text, for every page of section 1."""
    made = {"lmem.1": _page(root)}
    for child in root.children:
        made[f"{page_name(child)}.1"] = _page(child)
    return made


def page_name(command: Command) -> str:
    """The page that describes a command: a group's page describes its commands too."""
    return "-".join(["lmem", *command.name.split()[:1]])


def _page(node: Command) -> str:
    name = page_name(node)
    parts = [
        roff.header(name, 1),
        roff.section("NAME", f"{roff.escape(name)} \\- {roff.escape(_lower(node.summary))}\n"),
        roff.section("SYNOPSIS", ".br\n".join(_synopsis(leaf) for leaf in _shown(node))),
        roff.section("DESCRIPTION", roff.paragraphs(node.text)),
        roff.section("COMMANDS", _commands(node)),
        roff.section("OPTIONS", "" if node.children and node.name else _options(node)),
        roff.section("EXIT STATUS", roff.items((roff.bold(str(code)), about) for code, about in facts.exit_statuses())),
        roff.section("ENVIRONMENT", roff.items((roff.bold(name), text) for name, text in facts.ENVIRONMENT)),
        roff.section("FILES", roff.items((roff.italic(path), text) for path, text in facts.FILES)),
        roff.section("EXAMPLES", roff.examples(_examples(node))),
        roff.section("SEE ALSO", roff.see(_related(node))),
    ]
    return "".join(parts)


def _lower(summary: str) -> str:
    """A summary as NAME wants it: in lower case, but for names and abbreviations."""
    return summary if summary[1:2].isupper() else summary[:1].lower() + summary[1:]


def _shown(node: Command) -> tuple[Command, ...]:
    return node.children if node.children and node.name else (node,)


def _synopsis(node: Command) -> str:
    words = [roff.bold(f"lmem {node.name}".strip())]
    if node.options:
        words.append(f"[{roff.italic('options')}]")
    if node.children:
        words.append(f"[{roff.italic('command')}]")
    words += [roff.italic(argument.metavar) for argument in node.arguments]
    return " ".join(words) + "\n"


def _commands(node: Command) -> str:
    if not node.name:
        return roff.items((f"{roff.bold(page_name(child))}(1)", f"{child.summary}.") for child in node.children)
    return "".join(
        roff.subsection(f"lmem {child.name}", roff.paragraphs(child.text) + _options(child)) for child in node.children
    )


def _options(node: Command) -> str:
    rows = [(roff.italic(argument.metavar), argument.help) for argument in node.arguments]
    rows += [(_flags(option), _help(option)) for option in node.options]
    return roff.items([*rows, (f"{roff.bold('-h')}, {roff.bold('--help')}", "Show the help.")])


def _flags(option: Option) -> str:
    shown = ", ".join(roff.bold(flag) for flag in (*option.flags[::-1], *option.off))
    return shown if option.kind == "flag" else f"{shown} {roff.italic(option.metavar)}"


def _help(option: Option) -> str:
    default = option.default
    return option.help if default is None or isinstance(default, bool) else f"{option.help} Default: {default}."


def _examples(node: Command) -> list[tuple[str, str]]:
    """The node's own examples, then its commands' that are not among them."""
    rows = list(EXAMPLES[node.name])
    if node.name:
        rows += [row for child in node.children for row in EXAMPLES[child.name]]
    return list(dict.fromkeys(rows))


def _related(node: Command) -> list[tuple[str, int]]:
    return [*([("lmem", 1)] if node.name else []), *TOPICS]
