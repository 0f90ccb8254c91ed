"""The commands of layers, as declared to Typer.

Not what they do; see `lmem.cli.layers`.
"""

from __future__ import annotations

from typing import Annotated

import typer
from typer import Argument

from lmem.cli.run import run
from lmem.cli.tree import parameters as p

layers = typer.Typer(help="See the four layers: their rules, what they hold; move a memory between them.")


@layers.command("list")
def layer_list(project: p.Project = None, as_json: p.Json = False) -> int:
    """Explain the layers: what joins each, who reads it, how many memories it holds here and in all.

    The last line is what the router measured: how often a question's way was known, and when the temporal layer joined.
    """
    return run("layer list", locals())


@layers.command("show")
def layer_show(
    name: Annotated[
        str, Argument(metavar="LAYER|ID", help="session, project, global or temporal; or the id of a memory.")
    ],
    as_json: p.Json = False,
) -> int:
    """Show what a layer holds, by type and project; or which layers a memory has, and how it came by them."""
    return run("layer show", locals())


@layers.command("move")
def layer_move(
    id: p.Id,
    layers: Annotated[
        list[str], Argument(metavar="LAYER...", help="Its layers from now on: session, project, global, temporal.")
    ],
    project: p.Project = None,
    reason: p.Reason = None,
    as_json: p.Json = False,
) -> int:
    """Give a memory other layers; 'lmem undo' takes it back.

    It stays the same memory, with its history. One that belongs to no project joins the one it is moved into.
    """
    return run("layer move", locals())
