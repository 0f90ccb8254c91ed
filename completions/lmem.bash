# Made by 'python -m lmem.cli.reference' from the command tree; not to be edited.
_lmem_ask() {
    local word rest
    while IFS=$'\t' read -r word rest; do
        COMPREPLY+=("$(printf %q "$word")")
    done < <(lmem _complete "$1" "$2" 2>/dev/null)
}

_lmem() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= second= word
    local IFS=$' \t\n'
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        [[ $word == -* ]] && continue
        if [[ -z $command ]]; then command=$word; else second=$word; break; fi
    done
    case $command in
        session|layer|project|hook|jobs|config|audit|user|model|daemon|completions) command="$command $second" ;;
    esac
    COMPREPLY=()
    case "$command:$prev" in
        'add:--title')  return ;;
        'add:--type'|'add:-t') COMPREPLY=($(compgen -W 'decision task progress insight pattern error solution preference note commit' -- "$cur")); return ;;
        'add:--tag') _lmem_ask tags "$cur"; return ;;
        'add:--importance'|'add:-i')  return ;;
        'add:--layer'|'add:-l') COMPREPLY=($(compgen -W 'session project global temporal' -- "$cur")); return ;;
        'add:--project'|'add:-p') _lmem_ask projects "$cur"; return ;;
        'add:--session') _lmem_ask sessions "$cur"; return ;;
        'add:--category')  return ;;
        'add:--summary')  return ;;
        'add:--decay-rate')  return ;;
        'add:--at')  return ;;
        'add:--created-at')  return ;;
        'add:--source-id')  return ;;
        'add:--file'|'add:-f') COMPREPLY=($(compgen -f -- "$cur")); return ;;
        'add:--jsonl') COMPREPLY=($(compgen -f -- "$cur")); return ;;
        'search:--type'|'search:-t') COMPREPLY=($(compgen -W 'decision task progress insight pattern error solution preference note commit' -- "$cur")); return ;;
        'search:--tag') _lmem_ask tags "$cur"; return ;;
        'search:--project'|'search:-p') _lmem_ask projects "$cur"; return ;;
        'search:--layer'|'search:-l') COMPREPLY=($(compgen -W 'session project global temporal' -- "$cur")); return ;;
        'search:--category')  return ;;
        'search:--session') _lmem_ask sessions "$cur"; return ;;
        'search:--since')  return ;;
        'search:--until')  return ;;
        'search:--as-of')  return ;;
        'search:--recorded-as-of')  return ;;
        'search:--min-importance')  return ;;
        'search:--limit'|'search:-n')  return ;;
        'search:--only') COMPREPLY=($(compgen -W 'fts sparse dense' -- "$cur")); return ;;
        'show:--as-of')  return ;;
        'show:--recorded-as-of')  return ;;
        'list:--type'|'list:-t') COMPREPLY=($(compgen -W 'decision task progress insight pattern error solution preference note commit' -- "$cur")); return ;;
        'list:--tag') _lmem_ask tags "$cur"; return ;;
        'list:--project'|'list:-p') _lmem_ask projects "$cur"; return ;;
        'list:--layer'|'list:-l') COMPREPLY=($(compgen -W 'session project global temporal' -- "$cur")); return ;;
        'list:--category')  return ;;
        'list:--session') _lmem_ask sessions "$cur"; return ;;
        'list:--since')  return ;;
        'list:--until')  return ;;
        'list:--as-of')  return ;;
        'list:--recorded-as-of')  return ;;
        'list:--min-importance')  return ;;
        'list:--limit'|'list:-n')  return ;;
        'list:--offset')  return ;;
        'edit:--title')  return ;;
        'edit:--content')  return ;;
        'edit:--type'|'edit:-t') COMPREPLY=($(compgen -W 'decision task progress insight pattern error solution preference note commit' -- "$cur")); return ;;
        'edit:--tag') _lmem_ask tags "$cur"; return ;;
        'edit:--add-tag') _lmem_ask tags "$cur"; return ;;
        'edit:--remove-tag') _lmem_ask tags "$cur"; return ;;
        'edit:--importance'|'edit:-i')  return ;;
        'edit:--layer'|'edit:-l') COMPREPLY=($(compgen -W 'session project global temporal' -- "$cur")); return ;;
        'edit:--category')  return ;;
        'edit:--summary')  return ;;
        'edit:--decay-rate')  return ;;
        'edit:--reason')  return ;;
        'done:--by') _lmem_ask ids "$cur"; return ;;
        'done:--reason')  return ;;
        'forget:--reason')  return ;;
        'restore:--version')  return ;;
        'restore:--reason')  return ;;
        'merge:--reason')  return ;;
        'changes:--limit'|'changes:-n')  return ;;
        'changes:--offset')  return ;;
        'timeline:--around')  return ;;
        'timeline:--type'|'timeline:-t') COMPREPLY=($(compgen -W 'decision task progress insight pattern error solution preference note commit' -- "$cur")); return ;;
        'timeline:--tag') _lmem_ask tags "$cur"; return ;;
        'timeline:--project'|'timeline:-p') _lmem_ask projects "$cur"; return ;;
        'timeline:--session') _lmem_ask sessions "$cur"; return ;;
        'timeline:--since')  return ;;
        'timeline:--until')  return ;;
        'timeline:--limit'|'timeline:-n')  return ;;
        'context:--budget'|'context:-b')  return ;;
        'context:--project'|'context:-p') _lmem_ask projects "$cur"; return ;;
        'context:--session') _lmem_ask sessions "$cur"; return ;;
        'tags:--project'|'tags:-p') _lmem_ask projects "$cur"; return ;;
        'export:--type'|'export:-t') COMPREPLY=($(compgen -W 'decision task progress insight pattern error solution preference note commit' -- "$cur")); return ;;
        'export:--tag') _lmem_ask tags "$cur"; return ;;
        'export:--project'|'export:-p') _lmem_ask projects "$cur"; return ;;
        'export:--layer'|'export:-l') COMPREPLY=($(compgen -W 'session project global temporal' -- "$cur")); return ;;
        'export:--category')  return ;;
        'export:--session') _lmem_ask sessions "$cur"; return ;;
        'export:--since')  return ;;
        'export:--until')  return ;;
        'export:--min-importance')  return ;;
        'export:--output'|'export:-o') COMPREPLY=($(compgen -f -- "$cur")); return ;;
        'status:--timeout')  return ;;
        'session start:--goal'|'session start:-g')  return ;;
        'session start:--description')  return ;;
        'session start:--file'|'session start:-f') COMPREPLY=($(compgen -f -- "$cur")); return ;;
        'session start:--parent') _lmem_ask sessions "$cur"; return ;;
        'session start:--project'|'session start:-p') _lmem_ask projects "$cur"; return ;;
        'session end:--reason')  return ;;
        'session list:--branch'|'session list:-b')  return ;;
        'session list:--project'|'session list:-p') _lmem_ask projects "$cur"; return ;;
        'session list:--limit'|'session list:-n')  return ;;
        'session focus:--session') _lmem_ask sessions "$cur"; return ;;
        'session unfocus:--session') _lmem_ask sessions "$cur"; return ;;
        'layer list:--project'|'layer list:-p') _lmem_ask projects "$cur"; return ;;
        'layer move:--project'|'layer move:-p') _lmem_ask projects "$cur"; return ;;
        'layer move:--reason')  return ;;
        'project list:--type'|'project list:-t') COMPREPLY=($(compgen -W 'decision task progress insight pattern error solution preference note commit' -- "$cur")); return ;;
        'project init:--name')  return ;;
        'project set:--description')  return ;;
        'project set:--type'|'project set:-t') COMPREPLY=($(compgen -W 'decision task progress insight pattern error solution preference note commit' -- "$cur")); return ;;
        'project set:--language')  return ;;
        'project set:--framework')  return ;;
        'project set:--config')  return ;;
        'project set:--add-alias')  return ;;
        'project set:--remove-alias')  return ;;
        'project merge:--reason')  return ;;
        'hook backfill:--since')  return ;;
        'jobs history:--limit'|'jobs history:-n')  return ;;
        'config get:--project'|'config get:-p') _lmem_ask projects "$cur"; return ;;
        'config set:--level') COMPREPLY=($(compgen -W 'user project project-file preferences system' -- "$cur")); return ;;
        'config set:--project'|'config set:-p') _lmem_ask projects "$cur"; return ;;
        'config unset:--level') COMPREPLY=($(compgen -W 'user project project-file preferences system' -- "$cur")); return ;;
        'config unset:--project'|'config unset:-p') _lmem_ask projects "$cur"; return ;;
        'config list:--project'|'config list:-p') _lmem_ask projects "$cur"; return ;;
        'audit list:--action')  return ;;
        'audit list:--kind')  return ;;
        'audit list:--id') _lmem_ask ids "$cur"; return ;;
        'audit list:--session') _lmem_ask sessions "$cur"; return ;;
        'audit list:--since')  return ;;
        'audit list:--until')  return ;;
        'audit list:--limit'|'audit list:-n')  return ;;
        'audit list:--offset')  return ;;
        'user set:--name')  return ;;
        'user set:--email')  return ;;
        'model use:--engine') COMPREPLY=($(compgen -W 'light sentence-transformers' -- "$cur")); return ;;
        'daemon logs:--lines'|'daemon logs:-n')  return ;;
    esac
    if [[ $cur == -* ]]; then
        case $command in
            '') COMPREPLY=($(compgen -W '--version -V --json -h --help' -- "$cur")) ;;
            'add') COMPREPLY=($(compgen -W '--title --type -t --tag --importance -i --layer -l --project -p --session --category --summary --decay-rate --private --allow-secret --at --created-at --source-id --edit -e --file -f --jsonl --json -h --help' -- "$cur")) ;;
            'search') COMPREPLY=($(compgen -W '--type -t --tag --project -p --layer -l --category --session --since --until --as-of --recorded-as-of --min-importance --all-projects -a --archived --private --limit -n --explain -x --semantic --only --history --json -h --help' -- "$cur")) ;;
            'show') COMPREPLY=($(compgen -W '--as-of --recorded-as-of --json -h --help' -- "$cur")) ;;
            'list') COMPREPLY=($(compgen -W '--type -t --tag --project -p --layer -l --category --session --since --until --as-of --recorded-as-of --min-importance --all-projects -a --archived --private --limit -n --offset --newest --json -h --help' -- "$cur")) ;;
            'edit') COMPREPLY=($(compgen -W '--title --content --type -t --tag --add-tag --remove-tag --importance -i --layer -l --category --summary --decay-rate --private --no-private --allow-secret --reason --json -h --help' -- "$cur")) ;;
            'done') COMPREPLY=($(compgen -W '--failed --by --reason --json -h --help' -- "$cur")) ;;
            'forget') COMPREPLY=($(compgen -W '--purge --dry-run -n --yes -y --reason --json -h --help' -- "$cur")) ;;
            'restore') COMPREPLY=($(compgen -W '--version --reason --json -h --help' -- "$cur")) ;;
            'merge') COMPREPLY=($(compgen -W '--reason --dry-run -n --json -h --help' -- "$cur")) ;;
            'history') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
            'diff') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
            'changes') COMPREPLY=($(compgen -W '--limit -n --offset --json -h --help' -- "$cur")) ;;
            'undo') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
            'timeline') COMPREPLY=($(compgen -W '--around --type -t --tag --project -p --session --since --until --all-projects -a --limit -n --json -h --help' -- "$cur")) ;;
            'context') COMPREPLY=($(compgen -W '--budget -b --project -p --session --json -h --help' -- "$cur")) ;;
            'pin') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
            'unpin') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
            'decay') COMPREPLY=($(compgen -W '--apply --dry-run -n --json -h --help' -- "$cur")) ;;
            'tags') COMPREPLY=($(compgen -W '--project -p --all-projects -a --json -h --help' -- "$cur")) ;;
            'export') COMPREPLY=($(compgen -W '--type -t --tag --project -p --layer -l --category --session --since --until --min-importance --archived --private --output -o --json -h --help' -- "$cur")) ;;
            'mcp') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
            'status') COMPREPLY=($(compgen -W '--wait -w --timeout --json -h --help' -- "$cur")) ;;
            'doctor') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
            'stats') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
            'init') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
            'version') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
            'session ') COMPREPLY=($(compgen -W '-h --help' -- "$cur")) ;;
            'layer ') COMPREPLY=($(compgen -W '-h --help' -- "$cur")) ;;
            'project ') COMPREPLY=($(compgen -W '-h --help' -- "$cur")) ;;
            'hook ') COMPREPLY=($(compgen -W '-h --help' -- "$cur")) ;;
            'jobs ') COMPREPLY=($(compgen -W '-h --help' -- "$cur")) ;;
            'config ') COMPREPLY=($(compgen -W '-h --help' -- "$cur")) ;;
            'audit ') COMPREPLY=($(compgen -W '-h --help' -- "$cur")) ;;
            'user ') COMPREPLY=($(compgen -W '-h --help' -- "$cur")) ;;
            'model ') COMPREPLY=($(compgen -W '-h --help' -- "$cur")) ;;
            'daemon ') COMPREPLY=($(compgen -W '-h --help' -- "$cur")) ;;
            'completions ') COMPREPLY=($(compgen -W '-h --help' -- "$cur")) ;;
            'session start') COMPREPLY=($(compgen -W '--goal -g --description --file -f --parent --project -p --json -h --help' -- "$cur")) ;;
            'session end') COMPREPLY=($(compgen -W '--reason --dry-run -n --json -h --help' -- "$cur")) ;;
            'session switch') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
            'session list') COMPREPLY=($(compgen -W '--ended -e --branch -b --project -p --all-projects -a --limit -n --json -h --help' -- "$cur")) ;;
            'session show') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
            'session resume') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
            'session focus') COMPREPLY=($(compgen -W '--session --json -h --help' -- "$cur")) ;;
            'session unfocus') COMPREPLY=($(compgen -W '--session --json -h --help' -- "$cur")) ;;
            'layer list') COMPREPLY=($(compgen -W '--project -p --json -h --help' -- "$cur")) ;;
            'layer show') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
            'layer move') COMPREPLY=($(compgen -W '--project -p --reason --json -h --help' -- "$cur")) ;;
            'project list') COMPREPLY=($(compgen -W '--archived --type -t --json -h --help' -- "$cur")) ;;
            'project show') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
            'project init') COMPREPLY=($(compgen -W '--name --json -h --help' -- "$cur")) ;;
            'project set') COMPREPLY=($(compgen -W '--description --type -t --language --framework --config --add-alias --remove-alias --json -h --help' -- "$cur")) ;;
            'project rename') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
            'project merge') COMPREPLY=($(compgen -W '--dry-run -n --reason --json -h --help' -- "$cur")) ;;
            'project archive') COMPREPLY=($(compgen -W '--restore --json -h --help' -- "$cur")) ;;
            'hook install') COMPREPLY=($(compgen -W '--dry-run -n --json -h --help' -- "$cur")) ;;
            'hook uninstall') COMPREPLY=($(compgen -W '--dry-run -n --json -h --help' -- "$cur")) ;;
            'hook backfill') COMPREPLY=($(compgen -W '--since --json -h --help' -- "$cur")) ;;
            'hook status') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
            'jobs list') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
            'jobs run') COMPREPLY=($(compgen -W '--dry-run -n --json -h --help' -- "$cur")) ;;
            'jobs history') COMPREPLY=($(compgen -W '--limit -n --json -h --help' -- "$cur")) ;;
            'config get') COMPREPLY=($(compgen -W '--project -p --show-origin --json -h --help' -- "$cur")) ;;
            'config set') COMPREPLY=($(compgen -W '--level --project -p --json -h --help' -- "$cur")) ;;
            'config unset') COMPREPLY=($(compgen -W '--level --project -p --json -h --help' -- "$cur")) ;;
            'config list') COMPREPLY=($(compgen -W '--project -p --show-origin --json -h --help' -- "$cur")) ;;
            'config edit') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
            'config path') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
            'audit list') COMPREPLY=($(compgen -W '--action --kind --id --session --since --until --limit -n --offset --json -h --help' -- "$cur")) ;;
            'audit verify') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
            'user show') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
            'user set') COMPREPLY=($(compgen -W '--name --email --active --no-active --json -h --help' -- "$cur")) ;;
            'model pull') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
            'model list') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
            'model use') COMPREPLY=($(compgen -W '--engine --json -h --help' -- "$cur")) ;;
            'daemon start') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
            'daemon stop') COMPREPLY=($(compgen -W '--force --json -h --help' -- "$cur")) ;;
            'daemon restart') COMPREPLY=($(compgen -W '--force --json -h --help' -- "$cur")) ;;
            'daemon status') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
            'daemon logs') COMPREPLY=($(compgen -W '--follow -f --lines -n --json -h --help' -- "$cur")) ;;
            'daemon run') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
            'daemon install') COMPREPLY=($(compgen -W '--dry-run -n --json -h --help' -- "$cur")) ;;
            'daemon uninstall') COMPREPLY=($(compgen -W '--dry-run -n --json -h --help' -- "$cur")) ;;
            'completions install') COMPREPLY=($(compgen -W '--dry-run -n --json -h --help' -- "$cur")) ;;
            'completions show') COMPREPLY=($(compgen -W '--json -h --help' -- "$cur")) ;;
        esac
        return
    fi
    case $command in
        '') COMPREPLY=($(compgen -W 'add search show list edit done forget restore merge history diff changes undo timeline context pin unpin decay tags export mcp status doctor stats init version session layer project hook jobs config audit user model daemon completions' -- "$cur")) ;;
        'show') _lmem_ask ids "$cur"; ;;
        'edit') _lmem_ask ids "$cur"; ;;
        'done') _lmem_ask ids "$cur"; ;;
        'forget') _lmem_ask ids "$cur"; ;;
        'restore') _lmem_ask ids "$cur"; ;;
        'merge') _lmem_ask ids "$cur"; ;;
        'history') _lmem_ask ids "$cur"; ;;
        'diff') _lmem_ask ids "$cur"; ;;
        'pin') _lmem_ask ids "$cur"; ;;
        'unpin') _lmem_ask ids "$cur"; ;;
        'session ') COMPREPLY=($(compgen -W 'start end switch list show resume focus unfocus' -- "$cur")) ;;
        'layer ') COMPREPLY=($(compgen -W 'list show move' -- "$cur")) ;;
        'project ') COMPREPLY=($(compgen -W 'list show init set rename merge archive' -- "$cur")) ;;
        'hook ') COMPREPLY=($(compgen -W 'install uninstall backfill status' -- "$cur")) ;;
        'jobs ') COMPREPLY=($(compgen -W 'list run history' -- "$cur")) ;;
        'config ') COMPREPLY=($(compgen -W 'get set unset list edit path' -- "$cur")) ;;
        'audit ') COMPREPLY=($(compgen -W 'list verify' -- "$cur")) ;;
        'user ') COMPREPLY=($(compgen -W 'show set' -- "$cur")) ;;
        'model ') COMPREPLY=($(compgen -W 'pull list use' -- "$cur")) ;;
        'daemon ') COMPREPLY=($(compgen -W 'start stop restart status logs run install uninstall' -- "$cur")) ;;
        'completions ') COMPREPLY=($(compgen -W 'install show' -- "$cur")) ;;
        'session end') _lmem_ask sessions "$cur"; ;;
        'session switch') _lmem_ask sessions "$cur"; ;;
        'session show') _lmem_ask sessions "$cur"; ;;
        'session resume') _lmem_ask sessions "$cur"; ;;
        'session focus') _lmem_ask ids "$cur"; ;;
        'session unfocus') _lmem_ask ids "$cur"; ;;
        'layer move') _lmem_ask ids "$cur"; ;;
        'project show') _lmem_ask projects "$cur"; ;;
        'project set') _lmem_ask projects "$cur"; ;;
        'project rename') _lmem_ask projects "$cur"; ;;
        'project merge') _lmem_ask projects "$cur"; ;;
        'project archive') _lmem_ask projects "$cur"; ;;
        'hook install') COMPREPLY=($(compgen -f -- "$cur")); ;;
        'hook uninstall') COMPREPLY=($(compgen -f -- "$cur")); ;;
        'hook backfill') COMPREPLY=($(compgen -f -- "$cur")); ;;
        'hook status') COMPREPLY=($(compgen -f -- "$cur")); ;;
        'config get') _lmem_ask settings "$cur"; ;;
        'config set') _lmem_ask settings "$cur"; ;;
        'config unset') _lmem_ask settings "$cur"; ;;
        'completions install') COMPREPLY=($(compgen -W 'bash zsh fish' -- "$cur")); ;;
        'completions show') COMPREPLY=($(compgen -W 'bash zsh fish' -- "$cur")); ;;
    esac
}
complete -F _lmem lmem
