"""The commands about lmem itself: status, model, daemon, completions; as declared to Typer.

Not what they do; see the modules of the same nouns in `lmem.cli`.
"""

from __future__ import annotations

from typing import Annotated

import typer
from typer import Argument, Option

from lmem.cli.run import run
from lmem.cli.tree import parameters as p

Shell = Annotated[str | None, Argument(metavar="[SHELL]", help="bash, zsh or fish; otherwise the one of $SHELL.")]
ModelName = Annotated[str | None, Argument(metavar="[NAME]", help="The model; otherwise the configured one.")]


def status(
    wait: Annotated[bool, Option("--wait", "-w", help="Return when every index has caught up.")] = False,
    timeout: Annotated[float | None, Option("--timeout", metavar="SECONDS", help="Wait at most so long.")] = None,
    as_json: p.Json = False,
) -> int:
    """Show what runs, where everything lies and how far each store is.

    --wait says on stderr what it waits for when that may not come by itself (space on the disk, a server, a key), and
    ends with status 6 when that has lasted for a minute. With --timeout it goes on until then. Without a model it ends
    at once. With --json only the error at the end says so.
    """
    return run("status", locals())


def doctor(as_json: p.Json = False) -> int:
    """Check files, permissions, disk, socket, model and stores; each finding has its next step.

    It works with the daemon down, and starts none. The exit status is 1 when a check fails.
    """
    return run("doctor", locals())


def stats(as_json: p.Json = False) -> int:
    """Show how large each store is, how often the cache had what was asked for, and what is asked often."""
    return run("stats", locals())


def init(
    servers: Annotated[
        bool, Option("--servers", help="Keep vectors, graph and cache on the servers of docker-compose.yml.")
    ] = False,
    as_json: p.Json = False,
) -> int:
    """Get the embedding model and make lmem ready; safe to run again.

    With --servers also set the addresses of a Qdrant, a Neo4j and a Redis server on this machine, and start the daemon
    again with them. Secrets are never arguments: name their files in the settings.
    """
    return run("init", locals())


def version(as_json: p.Json = False) -> int:
    """Show the version of lmem, of its protocol and of Python."""
    return run("version", locals())


model = typer.Typer(help="Get, list and select the embedding model.")


@model.command("pull")
def model_pull(name: ModelName = None, as_json: p.Json = False) -> int:
    """Fetch a model and verify its checksum."""
    return run("model pull", locals())


@model.command("list")
def model_list(as_json: p.Json = False) -> int:
    """List known models; the one in use is marked."""
    return run("model list", locals())


@model.command("use")
def model_use(
    name: Annotated[str, Argument(metavar="NAME", help="The model to use.")],
    engine: Annotated[str | None, Option("--engine", metavar="ENGINE", help="light or sentence-transformers.")] = None,
    as_json: p.Json = False,
) -> int:
    """Select the model that embeds your memories."""
    return run("model use", locals())


daemon = typer.Typer(help="Start, stop and watch the daemon; it also starts by itself when needed.")


@daemon.command("start")
def daemon_start(as_json: p.Json = False) -> int:
    """Start the daemon, unless it runs."""
    return run("daemon start", locals())


@daemon.command("stop")
def daemon_stop(
    force: Annotated[bool, Option("--force", help="Kill it when it does not answer.")] = False, as_json: p.Json = False
) -> int:
    """Let the daemon finish what runs, then stop it."""
    return run("daemon stop", locals())


@daemon.command("restart")
def daemon_restart(
    force: Annotated[bool, Option("--force", help="Kill it when it does not answer.")] = False, as_json: p.Json = False
) -> int:
    """Stop the daemon and start it again; it is not stopped where none could start, as with settings not right."""
    return run("daemon restart", locals())


@daemon.command("status")
def daemon_status(as_json: p.Json = False) -> int:
    """Say whether the daemon runs; starts none. The exit status is 3 when it does not."""
    return run("daemon status", locals())


@daemon.command("logs")
def daemon_logs(
    follow: Annotated[bool, Option("--follow", "-f", help="Go on printing new lines until Ctrl-C.")] = False,
    lines: Annotated[int, Option("--lines", "-n", metavar="COUNT", help="How many of the last lines.")] = 50,
    as_json: p.Json = False,
) -> int:
    """Print the daemon's log; with --json its lines as they are."""
    return run("daemon logs", locals())


@daemon.command("run")
def daemon_run(as_json: p.Json = False) -> int:
    """Run the daemon in this terminal until Ctrl-C."""
    return run("daemon run", locals())


@daemon.command("install")
def daemon_install(dry_run: p.DryRun = False, as_json: p.Json = False) -> int:
    """Start the daemon at login, by a systemd user unit or a launchd agent."""
    return run("daemon install", locals())


@daemon.command("uninstall")
def daemon_uninstall(dry_run: p.DryRun = False, as_json: p.Json = False) -> int:
    """Remove what 'lmem daemon install' wrote."""
    return run("daemon uninstall", locals())


completions = typer.Typer(help="Complete lmem's commands, options, ids, tags and projects in your shell.")


@completions.command("install")
def completions_install(shell: Shell = None, dry_run: p.DryRun = False, as_json: p.Json = False) -> int:
    """Write the completions where your shell looks for them."""
    return run("completions install", locals())


@completions.command("show")
def completions_show(shell: Shell = None, as_json: p.Json = False) -> int:
    """Print the completion script of a shell."""
    return run("completions show", locals())
