"""verify, repair, rebuild and sync, as declared to Typer.

Not what they do; see `lmem.cli.consistency`.
"""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Option

from lmem.cli.run import run
from lmem.cli.tree import parameters as p

Stores = Annotated[
    list[str] | None, Argument(metavar="[STORE...]", help="sqlite, vectors, graph or cache; otherwise all there are.")
]


def verify(stores: Stores = None, as_json: p.Json = False) -> int:
    """Compare what every store holds with the database, and check the database itself.

    Nothing is changed. Of each store: objects that are missing, stale or orphaned there, and those that wait for it,
    which are late and not wrong. The exit status is 0 when all agree, 1 when not, 6 when a store could not be asked.
    """
    return run("verify", locals())


def repair(
    stores: Stores = None,
    dry_run: p.DryRun = False,
    emptied: Annotated[
        str | None,
        Option("--emptied", metavar="URL", help="Only say that a server that was left holds nothing of lmem now."),
    ] = None,
    as_json: p.Json = False,
) -> int:
    """Make the stores agree with the database again.

    What differs and what is parked is written once more, what a store should not hold is removed from it. The memories
    in the database are never changed by this.

    A server whose address was changed or unset is one that lmem cannot reach: 'lmem doctor' and each purge's receipt
    name it, and how to empty it, until --emptied says that it was done, which the database keeps and 'lmem audit list'
    shows. Where several copies were left at one address, the URL has its prefix behind it, as http://HOST:6333#lmem_.
    """
    return run("repair", locals())


def rebuild(
    store: Annotated[str, Argument(metavar="STORE", help="vectors, graph or cache.")],
    wait: Annotated[bool, Option("--wait/--no-wait", help="Return when the new one serves.")] = True,
    as_json: p.Json = False,
) -> int:
    """Build a store anew from the database, beside the one that serves.

    The new one is filled, compared with the database, and then takes over; full text answers all the while. After its
    URL was set or unset, this moves the store there.
    """
    return run("rebuild", locals())


def sync(id: p.Id, as_json: p.Json = False) -> int:
    """Write one memory to every store now, and say what each of them holds then."""
    return run("sync", locals())
