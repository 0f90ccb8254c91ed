"""user/show, set: parameters to service calls and back.

Not a rule in sight: those are in lmem.service.users.
"""

from __future__ import annotations

from lmem.daemon.call import Call
from lmem.daemon.handlers.records import Json
from lmem.daemon.params import Params
from lmem.daemon.services import Services
from lmem.domain.users import User, clean_display_name, clean_email
from lmem.errors import InvalidInput


async def show(services: Services, call: Call, params: Params) -> Json:
    actor = services.actor(call)
    user = await services.users.show(actor)
    counts = await services.storage.read(lambda tx: tx.directory.counts(actor.user_id))
    services.activity.noted(actor, "read", "user", user.id)
    return {**_json(user), "counts": counts, "others": await services.users.others(actor)}


async def set_(services: Services, call: Call, params: Params) -> Json:
    """An empty text takes a value away."""
    changes: dict[str, object] = {}
    email, name = params.maybe_text("email"), params.maybe_text("display_name")
    if email is not None:
        changes["email"] = clean_email(email) if email.strip() else None
    if name is not None:
        changes["display_name"] = clean_display_name(name) if name.strip() else None
    if "active" in params:
        changes["is_active"] = params.flag("active")
    if not changes:
        raise InvalidInput("There is nothing to change.", hint="Give --name, --email, --active or --no-active.")
    user, changed = await services.users.set(services.actor(call), changes)
    return {**_json(user), "changed": list(changed)}


def _json(user: User) -> Json:
    return {
        "id": user.id,
        "username": user.username,
        "display_name": user.display_name,
        "email": user.email,
        "preferences": dict(user.preferences),
        "active": user.is_active,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
        "last_active_at": user.last_active_at,
    }
