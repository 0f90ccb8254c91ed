"""The scope of a call, and what of its environment names a project or a session that there is not.

Not the search for a scope (lmem.service.scopes). A name that the environment gives stands in no command line: an error
about it has to say where it is from, and what the error's next step needs must not fail by it.
"""

from __future__ import annotations

from lmem.daemon.call import Call
from lmem.daemon.params import Params
from lmem.domain.actors import Actor
from lmem.domain.scope import Scope
from lmem.errors import NotFound
from lmem.service.scopes import Scopes

SESSION = "LMEM_SESSION"
PROJECT = "LMEM_PROJECT"


async def named(scopes: Scopes, actor: Actor, call: Call, params: Params, create: bool = False) -> Scope:
    """The scope of what the parameters name, else the environment, else the place.

    Raises NotFound for a name that there is not; for one of the environment it says so, and how to go on without.
    """
    try:
        return await _find(scopes, actor, call, params, create)
    except NotFound as err:
        wrong = await _wrong(scopes, actor, call, params)
        if not wrong:
            raise
        variable = wrong[-1]  # the project is looked up first
        raise type(err)(
            f"{err.message} {variable} names it.", hint=f"{err.hint} To go on without it: unset {variable}"
        ) from err


async def known(
    scopes: Scopes, actor: Actor, call: Call, params: Params, create: bool = False
) -> tuple[Scope, tuple[str, ...]]:
    """As `named`, for what needs no name of the environment: those that there are not are passed over.

    Answers the variables that were. Raises NotFound for a name in the parameters.
    """
    try:
        return await _find(scopes, actor, call, params, create), ()
    except NotFound:
        wrong = await _wrong(scopes, actor, call, params)
        if not wrong:
            raise
        return await _find(scopes, actor, call, params, create, wrong), wrong


async def _find(
    scopes: Scopes, actor: Actor, call: Call, params: Params, create: bool, without: tuple[str, ...] = ()
) -> Scope:
    caller, project, session = call.caller, params.maybe_text("project"), params.maybe_text("session")
    because = "it was named" if project else f"{PROJECT} names it"
    project = project or (None if PROJECT in without else caller.project)
    session = session or (None if SESSION in without else caller.session)
    return await scopes.of(actor, caller.cwd, project, session, create, because)


async def _wrong(scopes: Scopes, actor: Actor, call: Call, params: Params) -> tuple[str, ...]:
    """The variables without which there is a scope, as few as do; none when they are not to blame."""
    for without in ((SESSION,), (PROJECT,), (SESSION, PROJECT)):
        try:
            await _find(scopes, actor, call, params, False, without)
        except NotFound:
            continue
        return without
    return ()
