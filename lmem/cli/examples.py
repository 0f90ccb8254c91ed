"""EXAMPLES: what every command's help and man page end with.

Not run from here; tests/integration/test_product_examples.py does that.
"""

from __future__ import annotations

EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "": (
        ('lmem add "we chose WAL because two writers lost rows" --type decision', "Remember something."),
        ("lmem search how do we keep rows safe", "Find it by meaning."),
        ("lmem show 3f2a9c1d", "Read it in full, by the first characters of its id."),
    ),
    "add": (
        ('lmem add "we chose WAL because two writers lost rows" --type decision --tag sqlite', "Remember a decision."),
        ("git log -1 --format=%B | lmem add - --type note", "Remember what a pipe says."),
        ('lmem add "parse() is slow on long lines" --at lmem/cli/fast.py:12', "Remember it with its place."),
        ("lmem add --jsonl notes.jsonl --project api", "Add many at once."),
        ("lmem add --jsonl notes.jsonl --atomic", "Add all of them, or none."),
    ),
    "search": (
        ("lmem search how do we keep rows safe", "Find by meaning."),
        ("lmem search '\"write-ahead log\"' --type decision --since 'last month'", "Find a phrase."),
        ("lmem search WAL --explain", "See why each result is there."),
        ("lmem search cache --as-of v1.2.0", "Ask what was known at a commit, or on a day: 2026-10-01."),
        ("lmem search --history", "List the last searches."),
    ),
    "show": (("lmem show 3f2a9c1d", "Print one memory."), ("lmem show 3f2a 77b0 --json", "Print two for a script.")),
    "list": (
        ("lmem list --type task --tag release", "List tasks of a release."),
        ("lmem list --newest --limit 5 --json", "Print the last five as JSON lines."),
    ),
    "edit": (
        ("lmem edit 3f2a9c1d", "Change the text in your editor."),
        ("lmem edit 3f2a9c1d --add-tag sqlite --importance 0.9 --reason 'it came up again'", "Change fields."),
    ),
    "forget": (
        ("lmem forget 3f2a9c1d", "Archive a memory."),
        ("lmem forget 3f2a9c1d --purge", "Remove it for ever; its id is asked for."),
    ),
    "restore": (
        ("lmem restore 3f2a9c1d", "Bring it back."),
        ("lmem restore 3f2a9c1d --version 2", "Make it what it was at its second version."),
    ),
    "merge": (("lmem merge 3f2a9c1d 77b0c4de", "Keep the first, with what the second says beyond it."),),
    "diff": (
        ("lmem diff 3f2a9c1d", "See the last change."),
        ("lmem diff 3f2a9c1d 1 4", "Compare two versions."),
    ),
    "timeline": (
        ("lmem timeline --since 'last week'", "Read what happened, day by day."),
        ("lmem timeline --around 3f2a9c1d", "See what came before and after it."),
    ),
    "changes": (("lmem changes", "See what was changed, and the numbers that undo takes."),),
    "history": (("lmem history 3f2a9c1d", "See what each version changed."),),
    "undo": (("lmem undo", "Reverse the last change."), ("lmem undo 42", "Reverse a certain change.")),
    "done": (
        ("lmem done 3f2a9c1d", "Close a task."),
        ("lmem done 3f2a9c1d --by 77b0c4de", "Close it, and say what resolved it."),
    ),
    "context": (
        ("lmem context", "Read what matters at the start of work."),
        ("lmem context --budget 800 --json", "Hand it to a script."),
    ),
    "pin": (("lmem pin 3f2a9c1d", "Keep a memory from fading."),),
    "unpin": (("lmem unpin 3f2a9c1d", "Let it fade again."),),
    "decay": (
        ("lmem decay", "See what has faded."),
        ("lmem decay --apply --json", "Move it now, from a script."),
    ),
    "jobs": (("lmem jobs list", "See what the daemon does by itself."),),
    "jobs list": (("lmem jobs list", "See when each job is due."),),
    "jobs run": (
        ("lmem jobs run decay --dry-run", "See what a job would do."),
        ("lmem jobs run sessions", "Run a job now."),
    ),
    "jobs history": (("lmem jobs history decay --limit 5", "See what the last nights moved."),),
    "backup": (
        ("lmem backup create", "Copy the database, and check the copy."),
        ("lmem backup restore 20261122T101500 --dry-run", "See what going back would change."),
    ),
    "backup create": (
        ("lmem backup create", "Copy the database to its backups."),
        ("lmem backup create --output /mnt/usb/lmem-$(date +%F).db", "Copy it to another disk."),
    ),
    "backup list": (("lmem backup list", "See what there is to go back to."),),
    "backup verify": (
        ("lmem backup verify", "Check every backup."),
        ("lmem backup verify /mnt/usb/lmem-2026-11-22.db", "Check a copy on another disk."),
    ),
    "backup restore": (
        ("lmem backup restore 20261122T101500 --dry-run", "See what would change."),
        ("lmem backup restore /mnt/usb/lmem-2026-11-22.db", "Bring a copy to this machine."),
    ),
    "verify": (
        ("lmem verify", "Compare every store with the database."),
        ("lmem verify vectors --json", "Compare one store, from a script."),
    ),
    "repair": (
        ("lmem repair --dry-run", "See what would be written again."),
        ("lmem repair vectors", "Make one store agree with the database."),
    ),
    "rebuild": (
        ("lmem rebuild vectors", "Build the vector index anew."),
        ("lmem config set qdrant.url http://127.0.0.1:6333 && lmem rebuild vectors", "Move it to a Qdrant server."),
    ),
    "sync": (("lmem sync 3f2a9c1d", "Write a memory to every store now."),),
    "tags": (("lmem tags", "List the tags of what is seen from here."), ("lmem tags -a", "List all tags.")),
    "export": (
        ("lmem export --output memories.jsonl", "Save everything."),
        ("lmem export --no-private --project api -o api.jsonl", "Write what others may read."),
        ("lmem export --type decision | jq -r .title", "List the titles of all decisions."),
    ),
    "session": (
        ('lmem session start "retry uploads" --goal "no lost upload on a bad network"', "Begin a session here."),
        ("lmem session end", "End it: what mattered joins the project."),
    ),
    "session start": (
        ('lmem session start "retry uploads" --goal "no lost upload on a bad network"', "Begin a session here."),
        ("lmem session start flaky --parent .", "Begin one inside of the current one."),
        ("export LMEM_SESSION=$(lmem session start --json | jq -r .id)", "Keep this terminal in a session of its own."),
    ),
    "session end": (
        ("lmem session end --dry-run", "See what would join the project."),
        ('lmem session end --reason "merged"', "End the current session."),
    ),
    "session switch": (('lmem session switch "retry uploads"', "Go to another open session."),),
    "session list": (
        ("lmem session list", "List the open sessions of this project."),
        ("lmem session list --ended --branch main --json", "List all of a branch for a script."),
    ),
    "session show": (("lmem session show", "Show the current session."),),
    "session resume": (("lmem session resume", "Go on where you were."),),
    "session focus": (("lmem session focus 3f2a9c1d", "Keep a memory in focus."),),
    "session unfocus": (("lmem session unfocus 3f2a9c1d", "Take it out of the focus."),),
    "project": (("lmem project list", "See what there is."), ("lmem project show", "See where you are, and why.")),
    "project list": (("lmem project list", "List projects, the one used last first."),),
    "project show": (("lmem project show", "Show the project of this directory."),),
    "project init": (("lmem project init --name notes", "Make a directory without git a project."),),
    "project set": (
        ("lmem project set --description 'the public API' --type api", "Say what it is."),
        ("lmem project set api --config default_decay_rate=0.05 --add-alias backend", "Change a setting."),
    ),
    "project rename": (("lmem project rename api backend", "Give it another name."),),
    "project merge": (
        ("lmem project merge api-fork api --dry-run", "See what would move."),
        ("lmem project merge api-fork api", "Make one of two."),
    ),
    "project archive": (("lmem project archive api", "Take it out of the lists."),),
    "link": (
        ("lmem link 3f2a9c1d 77b0c4de --type builds_on", "Say that one memory builds on another."),
        ("lmem link 3f2a9c1d 77b0c4de --strength 0.8 --context 'both about locking'", "Say how they are related."),
        ("lmem link 3f2a9c1d --project web --relevance 0.9", "Say that it matters to another project."),
    ),
    "unlink": (
        ("lmem unlink 3f2a9c1d 77b0c4de --type builds_on", "Take one link away."),
        ("lmem unlink 3f2a9c1d --project web", "It does not matter there any more."),
    ),
    "related": (
        ("lmem related 3f2a9c1d", "See what it is linked to."),
        ("lmem related 3f2a9c1d --type contradicts --type supersedes", "See what speaks against it."),
        ("lmem related 3f2a9c1d --similar", "See what is near to it in meaning."),
        ("lmem related --detected", "See the links that lmem detected."),
    ),
    "graph": (
        ("lmem graph neighbours 3f2a9c1d --depth 2", "See what lies around a memory."),
        ("lmem graph communities", "See what belongs together."),
    ),
    "graph neighbours": (
        ("lmem graph neighbours 3f2a9c1d --depth 2", "See what lies around a memory."),
        ("lmem graph neighbours project:api --type applies_to --json", "Ask what applies to a project, in a script."),
    ),
    "graph path": (("lmem graph path 3f2a9c1d 77b0c4de", "See how two memories hang together."),),
    "graph communities": (("lmem graph communities --min-strength 0.5", "See what belongs together."),),
    "graph patterns": (("lmem graph patterns --project api", "See what works there, and what failed."),),
    "graph projects": (("lmem graph projects outbox", "See where a pattern works."),),
    "graph export": (
        ("lmem graph export | dot -Tsvg -o graph.svg", "Draw it with Graphviz."),
        ("lmem graph export --format graphml -o graph.graphml", "Look at it in Gephi."),
    ),
    "graph cypher": (
        (
            "lmem graph cypher 'MATCH (m:Memory {prefix: $prefix})-[:CONTRADICTS]->(n) RETURN m.title, n.title'",
            "See what contradicts what.",
        ),
        (
            "lmem graph cypher 'MATCH (m:Memory {prefix: $prefix}) RETURN m.id, m.title' --limit 1000 --json",
            "Read rows in a script.",
        ),
    ),
    "patterns": (
        ('lmem patterns add architecture outbox "a change and what is told of it are one transaction"', "Record one."),
        ("lmem patterns list", "See what repeats here, and how well it goes."),
    ),
    "patterns add": (
        ('lmem patterns add architecture outbox "a change and what is told of it are one transaction"', "Record one."),
        ("lmem patterns add architecture outbox --validates 3f2a9c1d --outcome 'lost nothing'", "Add what proves it."),
    ),
    "patterns list": (
        ("lmem patterns list --order success", "See what goes best here."),
        ('lmem patterns list -a --like "how events are not lost" --json', "Find by meaning, in all projects."),
    ),
    "patterns show": (("lmem patterns show outbox", "See where it was seen, and how it went."),),
    "patterns outcome": (
        ("lmem patterns outcome outbox --success", "It worked once more."),
        ("lmem patterns outcome outbox --failed --reason 'two writers' --memory 3f2a9c1d", "It did not, and why."),
    ),
    "patterns forget": (("lmem patterns forget outbox --dry-run", "See what would be removed."),),
    "hook": (
        ("lmem hook install", "Remember the commits of this repository."),
        ("lmem hook status", "See whether they are remembered."),
    ),
    "hook install": (
        ("lmem hook install", "Remember the commits of this repository."),
        ("lmem hook install ~/src/api --dry-run", "See which file would be written."),
    ),
    "hook uninstall": (("lmem hook uninstall", "Take the hook away."),),
    "hook backfill": (
        ("lmem hook backfill", "Store the commits that there are."),
        ('lmem hook backfill --since "3 months ago"', "Store those of a quarter."),
    ),
    "hook status": (("lmem hook status --json | jq .installed", "Ask from a script."),),
    "user": (("lmem user show", "See who you are."),),
    "user show": (("lmem user show", "See who you are."),),
    "user set": (("lmem user set --name 'Ada Lovelace' --email ada@example.org", "Say who you are."),),
    "status": (("lmem status", "See what runs."), ("lmem status --wait", "Wait until every index has caught up.")),
    "doctor": (("lmem doctor", "Find out what is wrong."),),
    "stats": (
        ("lmem stats", "See what is large, and what the cache saves."),
        ("lmem stats --json | jq .sizes.sqlite.bytes", "Read a size from a script."),
    ),
    "init": (
        ("lmem init", "Get the model."),
        ("docker compose up --detach --wait && lmem init --servers", "Use the three servers of this repository."),
    ),
    "mcp": (
        ("claude mcp add --scope user lmem -- lmem mcp", "Give Claude Code the memory."),
        ("lmem mcp --json", "See what another editor's configuration takes."),
    ),
    "version": (("lmem version --json", "Print the versions for a script."),),
    "config": (
        ("lmem config list --show-origin", "See every setting and where it comes from."),
        ("lmem config set default_decay_rate 0.05", "Let new memories fade more slowly."),
    ),
    "config get": (("lmem config get default_decay_rate --show-origin", "See which level says what."),),
    "config set": (
        ("lmem config set default_decay_rate 0.05", "Let new memories fade more slowly."),
        ("lmem config set default_decay_rate 0.02 --level project", "The same for this project alone."),
    ),
    "config unset": (("lmem config unset default_decay_rate", "Go back to the default."),),
    "config list": (("lmem config list --show-origin", "See every setting and where it comes from."),),
    "config edit": (("lmem config edit", "Change several at once."),),
    "config path": (("cat $(lmem config path)", "Print the file."),),
    "audit": (("lmem audit list --since today", "See what was done today."),),
    "audit list": (
        ("lmem audit list --since today", "See what was done today."),
        ("lmem audit list --kind memory --id 3f2a9c1d", "See who read or changed a memory."),
    ),
    "audit verify": (("lmem audit verify && echo whole", "Use it in a script."),),
    "layer": (
        ("lmem layer list", "See the rules of the layers, and how many memories each holds."),
        ("lmem layer move 3f2a9c1d global --reason 'it holds in every project'", "Make a memory hold everywhere."),
    ),
    "layer list": (("lmem layer list", "See the rules of the layers, and how many memories each holds."),),
    "layer show": (
        ("lmem layer show temporal", "See what has faded, by type and project."),
        ("lmem layer show 3f2a9c1d", "See the layers of a memory and how it came by them."),
    ),
    "layer move": (
        ("lmem layer move 3f2a9c1d global --reason 'it holds in every project'", "Make a memory hold everywhere."),
    ),
    "model": (("lmem model list", "See which models there are."),),
    "model pull": (("lmem model pull", "Get the configured model."),),
    "model list": (("lmem model list", "See which models there are."),),
    "model use": (("lmem model use all-MiniLM-L6-v2 --engine light", "Select a model and its engine."),),
    "daemon": (("lmem daemon status", "Ask whether it runs."), ("lmem daemon logs -f", "Watch its log.")),
    "daemon start": (("lmem daemon start", "Start it now."),),
    "daemon stop": (("lmem daemon stop", "Stop it."),),
    "daemon restart": (("lmem daemon restart --force", "Replace a daemon that does not answer."),),
    "daemon status": (("lmem daemon status", "Ask whether it runs."),),
    "daemon logs": (("lmem daemon logs -n 20", "Print the last 20 lines."), ("lmem daemon logs -f", "Watch the log.")),
    "daemon run": (("lmem daemon run", "Run it in this terminal."),),
    "daemon install": (("lmem daemon install --dry-run", "See the unit that would be written."),),
    "daemon uninstall": (("lmem daemon uninstall", "Remove the unit."),),
    "completions": (("lmem completions install", "Complete in your shell."),),
    "completions install": (("lmem completions install zsh", "Write the completions of zsh."),),
    "completions show": (("lmem completions show fish", "Print the script of fish."),),
}
"""For each command: lines to type, each with what it does. '' is lmem itself."""
