"""Completion scripts for bash, zsh and fish, from the command tree.

Not typer's own: those start Python at each Tab. Here only ids, tags and projects are asked for, by `lmem _complete`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from lmem.cli.reference.tree import Argument, Command, Option
from lmem.cli.words import ASKED, FILES, FIXED

MADE = "# Made by 'python -m lmem.cli.reference' from the command tree; not to be edited.\n"

BASH = """\
_lmem_ask() {
    local word rest
    while IFS=$'\\t' read -r word rest; do
        COMPREPLY+=("$(printf %q "$word")")
    done < <(lmem _complete "$1" "$2" 2>/dev/null)
}

_lmem() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= second= word
    local IFS=$' \\t\\n'
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        [[ $word == -* ]] && continue
        if [[ -z $command ]]; then command=$word; else second=$word; break; fi
    done
    case $command in
        {groups}) command="$command $second" ;;
    esac
    COMPREPLY=()
    case "$command:$prev" in
{values}    esac
    if [[ $cur == -* ]]; then
        case $command in
{options}        esac
        return
    fi
    case $command in
{arguments}    esac
}
complete -F _lmem lmem
"""

FISH = """\
function __fish_lmem_ask
    lmem _complete $argv[1] (commandline -ct) 2>/dev/null
end
function __fish_lmem_is
    set -l typed (string match -v -- '-*' (commandline -opc))
    set -e typed[1]
    set -l depth (count $argv)
    if test $depth -eq 0
        test (count $typed) -eq 0
    else
        test "$typed[1..$depth]" = "$argv"
    end
end
complete -c lmem -f
"""


def bash(root: Command) -> str:
    """lmem.bash."""
    groups = "|".join(child.name for child in root.children if child.children)
    values = "".join(_bash_value(command, option) for command in root.leaves() for option in command.options)
    nodes = [root, *root.children, *(leaf for child in root.children for leaf in child.children)]
    options = "".join(f"            {_bash_names(node)}) {_bash_words(_flags(node))} ;;\n" for node in nodes)
    arguments = "".join(_bash_argument(node) for node in nodes)
    filled = BASH.replace("{groups}", groups).replace("{values}", values)
    return MADE + filled.replace("{options}", options).replace("{arguments}", arguments)


def _bash_names(node: Command) -> str:
    """The pattern for a command; a group's own has the space that stands before the missing second word."""
    return f"'{node.name} '" if node.children and node.name else f"'{node.name}'"


def _bash_value(command: Command, option: Option) -> str:
    action = _bash_action(option.name)
    if option.kind == "flag":
        return ""
    cases = "|".join(f"'{command.name}:{flag}'" for flag in option.flags)
    return f"        {cases}) {action} return ;;\n"


def _bash_action(name: str) -> str:
    if name in FIXED:
        return f"{_bash_words(FIXED[name])};"
    if name in ASKED:
        return f'_lmem_ask {ASKED[name]} "$cur";'
    return 'COMPREPLY=($(compgen -f -- "$cur"));' if name in FILES else ""


def _bash_argument(node: Command) -> str:
    if node.children:
        return f"        {_bash_names(node)}) {_bash_words([child.name.split()[-1] for child in node.children])} ;;\n"
    actions = [_bash_action(argument.name) for argument in node.arguments]
    action = next(filter(None, actions), "")  # which argument it is, bash does not tell
    return f"        '{node.name}') {action} ;;\n" if action else ""


def _bash_words(words: Sequence[str]) -> str:
    return f"COMPREPLY=($(compgen -W '{' '.join(words)}' -- \"$cur\"))"


def _flags(node: Command) -> list[str]:
    own = [flag for option in node.options for flag in (*option.flags, *option.off)]
    return [*own, "-h", "--help"]


def fish(root: Command) -> str:
    """lmem.fish."""
    lines = [*_fish_options("__fish_lmem_is", root)]
    for child in root.children:
        lines.append(f"complete -c lmem -n __fish_lmem_is -a {child.name} -d {_quoted(child.summary)}")
    for child in root.children:
        known = " ".join(grandchild.name.split()[-1] for grandchild in child.children)
        for grandchild in child.children:
            only = f"'__fish_lmem_is {child.name}; and not __fish_seen_subcommand_from {known}'"
            word = grandchild.name.split()[-1]
            lines.append(f"complete -c lmem -n {only} -a {word} -d {_quoted(grandchild.summary)}")
    for leaf in root.leaves():
        condition = f"'__fish_lmem_is {leaf.name}'"
        lines += _fish_options(condition, leaf)
        source = next(filter(None, map(_fish_source, leaf.arguments)), "")
        if source:
            lines.append(f"complete -c lmem -n {condition}{source}")
    return MADE + FISH + "\n".join(lines) + "\n"


def _fish_options(condition: str, node: Command) -> Iterator[str]:
    for option in node.options:
        both = (*option.flags, *option.off)
        flags = "".join(f" -l {flag[2:]}" if flag[:2] == "--" else f" -s {flag[1:]}" for flag in both)
        source = "" if option.kind == "flag" else " -r" + _fish_source(option)
        yield f"complete -c lmem -n {condition}{flags}{source} -d {_quoted(option.help)}"
    yield f"complete -c lmem -n {condition} -s h -l help -d 'Show the help.'"


def _fish_source(value: Option | Argument) -> str:
    if value.name in FIXED:
        return f" -a '{' '.join(FIXED[value.name])}'"
    if value.name in ASKED:
        return f" -a '(__fish_lmem_ask {ASKED[value.name]})'"
    return " -F" if value.name in FILES else ""


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def zsh(root: Command) -> str:
    """_lmem."""
    from lmem.cli.reference import zsh as made

    return made.script(root, MADE)


SCRIPTS: dict[str, Callable[[Command], str]] = {"bash": bash, "zsh": zsh, "fish": fish}
"""By shell: what makes its script."""
FILE_NAMES = {"bash": "lmem.bash", "zsh": "_lmem", "fish": "lmem.fish"}
