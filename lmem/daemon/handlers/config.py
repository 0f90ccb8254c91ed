"""config/get, set, unset, list: parameters to the settings and back.

Not a level's rule in sight: those are in lmem.service.settings and lmem.service.settingchanges.
"""

from __future__ import annotations

from lmem.config import PROJECT_FILE, Config, layered
from lmem.daemon.addresses import shown
from lmem.daemon.call import Call
from lmem.daemon.handlers.records import Json
from lmem.daemon.leaving import left_behind
from lmem.daemon.params import Params
from lmem.daemon.services import Services
from lmem.domain.scope import Scope
from lmem.service.settingchanges import KINDS, LEVELS
from lmem.service.settings import Explained, Here, known
from lmem.settings import Value


async def get(services: Services, call: Call, params: Params) -> Json:
    item = known(params.text("key"))
    scope = await services.scope(call, params)
    here = await services.here(call, scope.project_id, fresh=True)
    return _json(services, await _explained(services, item.key, here), here, scope)


async def listed(services: Services, call: Call, params: Params) -> Json:
    scope = await services.scope(call, params)
    here = await services.here(call, scope.project_id, fresh=True)
    found = await services.settings.explained(here)
    return {
        "settings": [_json(services, item, here, scope) for item in found],
        "ignored": [
            {"key": key, "file": here.file and here.file.path, "why": why}
            for key, why in services.settings.ignored(here)
        ],
    }


async def set_(services: Services, call: Call, params: Params) -> Json:
    """The value may be a text as typed, or JSON's own number or boolean.

    Of a setting that is read at the start, 'value' is what this daemon goes by, 'stored' what was written now and
    'at_start' what the next start goes by.
    """
    return await _change(services, call, params, unset=False)


async def unset(services: Services, call: Call, params: Params) -> Json:
    return await _change(services, call, params, unset=True)


async def _change(services: Services, call: Call, params: Params, unset: bool) -> Json:
    actor, key, level = services.actor(call), params.text("key"), params.maybe_text("level") or "user"
    scope = await services.scope(call, params)
    here = await services.here(call, scope.project_id, fresh=True)
    stored: Value | None = None
    if unset:
        await services.setting_changes.unset(actor, key, level, here)
    else:
        stored = await services.setting_changes.set(actor, key, params.raw("value"), level, here)
    after = await services.here(call, scope.project_id, fresh=True)
    everything = await services.settings.explained(after)
    found = next(item for item in everything if item.setting.key == key)
    stronger = [origin for origin, _ in found.levels if origin != LEVELS[level]]
    hidden = found.origin in stronger and found.origin != "default" and not unset
    files = {"user": str(services.host.paths.config_file), "project-file": after.file and after.file.path}
    return {
        **_json(services, found, after, scope),
        "stored": stored,
        "at_start": None if found.setting.live else _at_start_json(services, found),
        "level": level,
        "file": files.get(level),
        "restart": not found.setting.live,
        "hidden_by": found.origin if hidden and found.setting.live else None,
        "left_behind": left_behind(services.host.config, lambda: _at_next_start(everything), key),
    }


def _at_next_start(everything: list[Explained]) -> Config:
    """What a daemon starts with, of settings that were read already: its environment over the user's file."""
    given = {
        name: {item.setting.key: value for item in everything for origin, value in item.levels if origin == name}
        for name in ("environment", "user file")
    }
    return layered(list(given.items()))


def _at_start_json(services: Services, found: Explained) -> Json:
    """The value of a setting that the next start goes by, and where that comes from."""
    item, config = found.setting, _at_next_start([found])
    origin = config.origins[item.key]
    places = {"environment": item.variable, "user file": str(services.host.paths.config_file)}
    return {"value": shown(item.key, config.values[item.key]), "origin": origin, "place": places.get(origin)}


async def _explained(services: Services, key: str, here: Here) -> Explained:
    return next(found for found in await services.settings.explained(here) if found.setting.key == key)


def _json(services: Services, found: Explained, here: Here, scope: Scope) -> Json:
    item = found.setting
    places = {
        "environment": item.variable,
        "project file": here.file.path if here.file else PROJECT_FILE,
        "project": scope.project,
        "preferences": services.username,
        "user file": str(services.host.paths.config_file),
    }
    return {
        "key": item.key,
        "value": shown(item.key, found.value),
        "origin": found.origin,
        "place": places.get(found.origin),
        "default": item.default,
        "type": KINDS[type(item.default)],
        "meaning": item.meaning,
        "live": item.live,
        "variable": item.variable,
        "levels": [
            {"origin": origin, "value": shown(item.key, value), "place": places.get(origin)}
            for origin, value in found.levels
        ],
    }
