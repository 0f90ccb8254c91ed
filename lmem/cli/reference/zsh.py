"""The completion script for zsh.

Not the other shells' (see `lmem.cli.reference.shells`); zsh describes arguments in a language of its own.
"""

from __future__ import annotations

from lmem.cli.reference.tree import Argument, Command, Option
from lmem.cli.words import ASKED, FILES, FIXED

HEAD = """\
_lmem_ask() {
    local -a found
    local word about
    lmem _complete "$1" "$PREFIX" 2>/dev/null | while IFS=$'\\t' read -r word about; do
        found+=("${word//:/\\\\:}:$about")
    done
    _describe "$1" found
}
"""


def script(root: Command, made: str) -> str:
    """_lmem, with `made` as its second line."""
    functions = [_group(node) for node in (root, *(child for child in root.children if child.children))]
    functions += [_leaf(leaf) for leaf in root.leaves()]
    return "#compdef lmem\n" + made + HEAD + "".join(functions) + '\n_lmem "$@"\n'


def _function(node: Command) -> str:
    return "_lmem" + "".join(f"_{word}" for word in node.name.split())


def _group(node: Command) -> str:
    commands = "\n".join(f"        {_quoted(child.name.split()[-1] + ':' + child.summary)}" for child in node.children)
    cases = "\n".join(f"                {child.name.split()[-1]}) {_function(child)} ;;" for child in node.children)
    return f"""
{_function(node)}() {{
    local curcontext=$curcontext state line
    local -a commands=(
{commands}
    )
    _arguments -C {_options(node)} ': :->command' '*:: :->rest'
    case $state in
        command) _describe command commands ;;
        rest)
            case $line[1] in
{cases}
            esac ;;
    esac
}}
"""


def _leaf(node: Command) -> str:
    arguments = "".join(f" \\\n        {_quoted(_argument(argument))}" for argument in node.arguments)
    return f"\n{_function(node)}() {{\n    _arguments -S {_options(node)}{arguments}\n}}\n"


def _argument(argument: Argument) -> str:
    star = "*" if argument.kind in ("some", "any") else ""
    return f"{star}:{_plain(argument.name)}:{_action(argument.name)}"


def _options(node: Command) -> str:
    specs = [spec for option in node.options for spec in _option(option)]
    return " \\\n        ".join([*specs, "'(- *)'{-h,--help}'[Show the help.]'"])


def _option(option: Option) -> list[str]:
    """One spec for each flag; flags of one option exclude each other unless it may be given again."""
    both = (*option.flags, *option.off)
    apart = "*" if option.kind == "many" else f"({' '.join(both)})"
    value = "" if option.kind == "flag" else f":{_plain(option.metavar.lower())}:{_action(option.name)}"
    return [_quoted(f"{apart}{flag}[{_plain(option.help)}]{value}") for flag in both]


def _action(name: str) -> str:
    if name in FIXED:
        return f"({' '.join(FIXED[name])})"
    if name in ASKED:
        return f"_lmem_ask {ASKED[name]}"
    return "_files" if name in FILES else " "


def _plain(text: str) -> str:
    """Text inside a spec, where brackets and colons mean something."""
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
